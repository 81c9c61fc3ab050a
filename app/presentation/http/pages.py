"""Plain pages for the links of mails, so that these work with no front end; what they do, they do through the API.

A token stands in the page's fragment, which no server and no log sees, and is used only when a button is pressed.
"""

from importlib.resources import files
from typing import Any, Final

from litestar import Controller, Response, get
from litestar.datastructures import CacheControlHeader, ResponseHeader
from litestar.enums import MediaType
from litestar.params import FromPath

from app.domain.errors import NotFound
from app.presentation.http.guards import PUBLIC

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_FOLDER: Final = files("app.presentation.http") / "assets" / "account"
_MEDIA_TYPES: Final = {"account.js": "text/javascript", "plain.css": "text/css"}
_ASSETS: Final = {name: (_FOLDER / name).read_bytes() for name in _MEDIA_TYPES}
_VERIFY: Final = (_FOLDER / "verify-email.html").read_bytes()
_RESET: Final = (_FOLDER / "reset-password.html").read_bytes()


class AccountPages(Controller):
    """The pages that links of mails lead to."""

    path = "/auth"
    include_in_schema = False
    cache_control = CacheControlHeader(no_cache=True)
    response_headers = [ResponseHeader(name="Content-Security-Policy", value=CONTENT_SECURITY_POLICY)]

    @get("/verify-email", media_type=MediaType.HTML, opt=PUBLIC)
    async def get_verification_page(self) -> bytes:
        """Show a button that verifies the address."""
        return _VERIFY

    @get("/reset-password", media_type=MediaType.HTML, opt=PUBLIC)
    async def get_reset_page(self) -> bytes:
        """Show a form for a new password."""
        return _RESET

    @get("/assets/{name:str}", opt=PUBLIC)
    async def get_account_asset(self, name: FromPath[str]) -> Response[Any]:
        """Answer the script or the style sheet of the pages."""
        if name not in _ASSETS:
            raise NotFound
        return Response(_ASSETS[name], media_type=_MEDIA_TYPES[name])
