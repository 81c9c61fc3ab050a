"""The mails that were kept instead of sent, to be looked at; production has no such route."""

from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Controller, Request, Response, get
from litestar.enums import MediaType
from litestar.params import FromPath

from app.domain.errors import NotFound
from app.infrastructure.mail.mailbox import KeptMail, MailboxMailer
from app.presentation.http.guards import PUBLIC

_BASE: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
CONTENT_SECURITY_POLICY: Final = f"{_BASE}style-src 'self'; img-src data:"
# mails bring their styles along
MAIL_POLICY: Final = f"{_BASE}style-src 'unsafe-inline'"

_TEMPLATES: Final = Environment(
    loader=PackageLoader("app.presentation.http", "assets/mailbox"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)


class MailboxController(Controller):
    """The last mails, newest first."""

    path = "/dev"
    include_in_schema = False

    @get("/mailbox", opt=PUBLIC)
    async def list_mails(self, request: Request[Any, Any, Any]) -> Response[str]:
        """Show which mails there are."""
        return _page(_TEMPLATES.get_template("list.html").render(mails=await _mailbox(request).read()))

    @get("/mailbox.json", opt=PUBLIC)
    async def list_mails_as_json(self, request: Request[Any, Any, Any]) -> Response[list[KeptMail]]:
        """Give all mails, for programs."""
        return Response(await _mailbox(request).read(), headers={"Cache-Control": "no-store"})

    @get("/mailbox/{name:str}", opt=PUBLIC)
    async def get_mail(self, request: Request[Any, Any, Any], name: FromPath[str]) -> Response[str]:
        """Show the text of a mail."""
        return _page(_TEMPLATES.get_template("mail.html").render(mail=await _find(request, name)))

    @get("/mailbox/{name:str}/html", opt=PUBLIC)
    async def get_mail_html(self, request: Request[Any, Any, Any], name: FromPath[str]) -> Response[str]:
        """Show the HTML part of a mail as it is."""
        return _page((await _find(request, name)).html, MAIL_POLICY)


def _mailbox(request: Request[Any, Any, Any]) -> MailboxMailer:
    mailbox: MailboxMailer = request.app.state.mailbox
    return mailbox


async def _find(request: Request[Any, Any, Any], name: str) -> KeptMail:
    for mail in await _mailbox(request).read():
        if mail.id == name:
            return mail
    raise NotFound


def _page(text: str, policy: str = CONTENT_SECURITY_POLICY) -> Response[str]:
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return Response(text, media_type=MediaType.HTML, headers=headers)
