"""The API reference: Swagger UI at `/docs` from packaged files, the OpenAPI document at `/docs/openapi.json`.

The page loads from its own origin alone: no other host serves it a script, a style or a font, or hears of it.
"""

import gzip
import hashlib
import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from string import Template
from typing import Any, Final, TypeAlias

from litestar import Litestar, Request, Response, Router, get
from litestar.datastructures import CacheControlHeader, ResponseHeader
from litestar.enums import MediaType
from litestar.exceptions import NotFoundException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.status_codes import HTTP_304_NOT_MODIFIED, HTTP_404_NOT_FOUND

from app.presentation.http.guards import PUBLIC

Document: TypeAlias = Callable[[Litestar], bytes]

PATH: Final = "/docs"

# Swagger UI's own pictures are data: addresses in its style sheet; it needs no inline script or style.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_DOCUMENT_PATH: Final = "/openapi.json"
_FOLDER: Final = files("app.presentation.http") / "assets"
_MEDIA_TYPES: Final = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}


@dataclass(frozen=True)
class _Asset:
    """A file of the page, under an address that changes whenever its content does."""

    name: str
    stored: bytes
    gzipped: bool

    @cached_property
    def url(self) -> str:
        version = hashlib.sha256(self.stored).hexdigest()[:16]
        return f"{PATH}/assets/{version}/{self.name}"

    @cached_property
    def plain(self) -> bytes:
        return gzip.decompress(self.stored) if self.gzipped else self.stored

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self.name.rpartition(".")[2]]


def _read_asset(path: str) -> _Asset:
    name = path.rpartition("/")[2]
    return _Asset(name.removesuffix(".gz"), (_FOLDER / path).read_bytes(), gzipped=name.endswith(".gz"))


_PAGE: Final = Template((_FOLDER / "reference.html").read_text(encoding="utf-8"))
_PAGE_ASSETS: Final[Mapping[str, _Asset]] = {
    "icon": _read_asset("reference.svg"),
    "script": _read_asset("reference.js"),
    "style": _read_asset("reference.css"),
    "swagger_script": _read_asset("swagger-ui-5.35.0/swagger-ui-bundle.js.gz"),
    "swagger_style": _read_asset("swagger-ui-5.35.0/swagger-ui.css.gz"),
}
_PAGE_URLS: Final = {part: asset.url for part, asset in _PAGE_ASSETS.items()}
_ASSETS_BY_URL: Final = {asset.url: asset for asset in _PAGE_ASSETS.values()}


class _Revalidated(Response[bytes]):
    """Has a strong ETag, and answers 304 to a reader who holds these very bytes (RFC 9110, 13.1.2)."""

    def to_asgi_response(
        self,
        app: Litestar | None,
        request: Request[Any, Any, Any],
        **options: Any,
    ) -> ASGIResponse:
        etag = f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'
        self.set_etag(etag)
        held = ",".join(request.headers.getall("if-none-match", []))
        if {tag.strip().removeprefix("W/") for tag in held.split(",")} & {etag, "*"}:
            self.content = b""
            self.status_code = HTTP_304_NOT_MODIFIED
        return super().to_asgi_response(  # pyright: ignore[reportUnknownMemberType] -- Litestar's bare `Request`
            app, request, **options
        )


class _ReferencePage(OpenAPIRenderPlugin):
    """The page itself; what it shows it reads from the document."""

    def __init__(self) -> None:
        super().__init__(path="/", media_type=MediaType.HTML)

    def render(
        self,
        request: Request[Any, Any, Any],  # noqa: ARG002 -- Litestar hands it to every plugin
        openapi_schema: dict[str, Any],
    ) -> bytes:
        title = html.escape(openapi_schema["info"]["title"])
        return _PAGE.substitute(_PAGE_URLS, title=title, document=PATH + _DOCUMENT_PATH).encode()


class _ServedDocument(OpenAPIRenderPlugin):
    """The document's bytes, made at the first request for them."""

    def __init__(self, document: Document) -> None:
        super().__init__(path=_DOCUMENT_PATH, media_type=MediaType.JSON)
        self._document = document
        self._body: bytes | None = None

    def render(
        self,
        request: Request[Any, Any, Any],
        openapi_schema: dict[str, Any],  # noqa: ARG002 -- Litestar's own; ours comes from `document`
    ) -> bytes:
        if self._body is None:
            self._body = self._document(request.app)
        return self._body


@get(
    "/assets/{version:str}/{name:str}",
    cache_control=CacheControlHeader(max_age=31_536_000, public=True, immutable=True),
)
async def get_docs_asset(
    request: Request[Any, Any, Any], version: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """Answer a file of the page by the exact address that the page gives it.

    Raises:
        NotFoundException: any other address, also that of another version of the file.

    """
    asset = _ASSETS_BY_URL.get(f"{PATH}/assets/{version}/{name}")
    if asset is None:
        raise NotFoundException
    # CORS headers depend on the origin, here as everywhere
    headers = {"Vary": "Accept-Encoding, Origin"}
    if asset.gzipped and _takes_gzip(request.headers.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
        return _Revalidated(asset.stored, media_type=asset.media_type, headers=headers)
    return _Revalidated(asset.plain, media_type=asset.media_type, headers=headers)


def openapi_config(*, title: str, version: str, document: Document) -> OpenAPIConfig:
    """Build what `Litestar(openapi_config=...)` takes, with the public routes under `/docs`.

    `document` alone decides what `/docs/openapi.json` answers: it is called once, with the application,
    and returns JSON. Further fields of the result may be set until an application is made with it.
    """
    return OpenAPIConfig(
        title=title,
        version=version,
        openapi_router=Router(
            PATH,
            route_handlers=[get_docs_asset],
            after_request=_refuse_unknown_path,
            cache_control=CacheControlHeader(no_cache=True),
            dto=None,
            include_in_schema=False,
            opt={**PUBLIC, "exclude_from_auth": True},
            response_class=_Revalidated,
            response_headers=[
                ResponseHeader(name="Content-Security-Policy", value=CONTENT_SECURITY_POLICY),
                ResponseHeader(name="Cross-Origin-Opener-Policy", value="same-origin"),
            ],
            return_dto=None,
        ),
        render_plugins=[_ReferencePage(), _ServedDocument(document)],
    )


async def _refuse_unknown_path(response: Response[Any]) -> Response[Any]:
    # Litestar answers every other name under the docs' path with an HTML page of its own; here such a path is
    # refused like any other that does not exist.
    if response.status_code == HTTP_404_NOT_FOUND:
        raise NotFoundException
    return response


def _takes_gzip(accept_encoding: str) -> bool:
    for offer in accept_encoding.lower().replace(" ", "").split(","):
        coding, _, weight = offer.partition(";q=")
        if coding == "gzip":
            return weight == "" or weight.strip("0.") != ""
    return False
