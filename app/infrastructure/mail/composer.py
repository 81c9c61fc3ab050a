"""Writes the mails: one text each under `letters`, from which the plain and the HTML part are made."""

from datetime import timedelta
from typing import Final, NamedTuple
from uuid import uuid4

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from app.domain.accounts import RESET_LIFETIME, VERIFICATION_LIFETIME
from app.domain.mail import Mail, MailKind

PRODUCT: Final = "Evenstar"


class _Page(NamedTuple):
    """The page that takes a token, and for how long the token is good."""

    path: str
    lifetime: timedelta


_PAGES: Final = {
    MailKind.VERIFY_EMAIL: _Page("/auth/verify-email", VERIFICATION_LIFETIME),
    MailKind.CHANGE_EMAIL: _Page("/auth/verify-email", VERIFICATION_LIFETIME),
    MailKind.RESET_PASSWORD: _Page("/auth/reset-password", RESET_LIFETIME),
}


class LetterComposer:
    """Fills in the letters, with links to pages under one configured origin and no other.

    A token stands in a link's fragment, which browsers send to no server.
    """

    def __init__(self, pages_origin: str) -> None:
        self._origin = pages_origin
        self._templates = Environment(
            loader=PackageLoader("app.infrastructure.mail", "letters"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def compose(self, kind: MailKind, to: str, token: str | None) -> Mail:
        """As the port `MailComposer` has it."""
        page = _PAGES.get(kind)
        link = None if page is None or token is None else f"{self._origin}{page.path}#token={token}"
        lifetime = None if page is None else _in_words(page.lifetime)
        letter = self._templates.get_template(f"{kind.value}.txt").render(product=PRODUCT, link=link, lifetime=lifetime)
        subject, _, text = letter.partition("\n\n")
        html = self._templates.get_template("letter.html").render(
            product=PRODUCT, subject=subject, paragraphs=text.strip().split("\n\n"), link=link
        )
        return Mail(message_id=uuid4().hex, to=to, subject=subject, text=text.strip() + "\n", html=html)


def _in_words(lifetime: timedelta) -> str:
    minutes = int(lifetime.total_seconds()) // 60
    return f"{minutes} minutes" if minutes % 60 else f"{minutes // 60} hours"
