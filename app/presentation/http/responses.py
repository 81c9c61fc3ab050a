"""What every answer of a row has: its entity tag, and its place when it is new (RFC 9110 8.8.3, 10.2.2)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import msgspec
from litestar import Litestar, Request, Response
from litestar.enums import MediaType
from litestar.response.base import ASGIResponse
from litestar.status_codes import HTTP_201_CREATED
from litestar.types import Receive, Scope, Send

from app.application.schemas import Encoded, Row, View
from app.presentation.http.context import sent
from app.presentation.http.idempotency import remember_answer

ROWS_AT: Final = "rows_at"

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

NO_HEADERS: Final[Headers] = ()

_encode: Final = msgspec.json.Encoder().encode


def rows_at(path: str) -> dict[str, Any]:
    """Handler options: the rows that are made stand beneath this path, which is not the handler's own."""
    return {ROWS_AT: path}


class Answer(ASGIResponse):
    """A view as JSON, with the headers that Litestar's own would have, put together at a third of its price."""

    __slots__ = ("headers",)

    def __init__(self, body: bytes, status: int, headers: Headers) -> None:
        # instead of Litestar's: it has nothing to look at here
        self.body = body
        self.status_code = status
        self.background = None
        self.is_head_response = False
        self.headers = [
            *headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
        ]

    def encode_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers as they are sent."""
        return self.headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI's
        """Send the answer."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def answer_of(view: View, status: int, request: Request[Any, Any, Any], headers: Headers = NO_HEADERS) -> ASGIResponse:
    """The answer that shows a view: for a row with ETag and Location, and 304 for those who have it."""
    if isinstance(view, Row):
        headers = [*headers, *_row_headers(view, status, request)]
        if request.scope["method"] == "GET" and _is_known(request, headers[-1][1]):
            return ASGIResponse(
                status_code=HTTPStatus.NOT_MODIFIED,
                headers=[(name.decode(), value.decode("latin-1")) for name, value in headers],
            )
    return Answer(view.json if isinstance(view, Encoded) else _encode(view), status, headers)


class RowResponse(Response[Any]):
    """Litestar's response, which answers with a view as `answer_of` does."""

    def to_asgi_response(self, app: Litestar | None, request: Request[Any, Any, Any], **options: Any) -> ASGIResponse:
        """Build the ASGI response of the content."""
        content = self.content
        status = self.status_code or options.get("status_code") or HTTPStatus.OK
        if isinstance(content, View) and self._is_plain(options):
            headers = [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
            answer = answer_of(content, status, request, headers)
            remember_answer(request, answer)
            return answer
        if isinstance(content, Row):
            for name, value in _row_headers(content, status, request):
                self.headers[name.decode()] = value.decode()
        elif isinstance(content, Encoded):
            self.content = msgspec.Raw(content.json)
        answer = super().to_asgi_response(app, request, **options)
        remember_answer(request, answer)
        return answer

    def _is_plain(self, options: Mapping[str, Any]) -> bool:
        """Whether there is nothing to the answer but its content and our headers."""
        return (
            self.media_type == MediaType.JSON
            and not self.cookies
            and self.background is None
            and not (options.get("headers") or options.get("cookies"))
        )


def _row_headers(row: Row, status: int, request: Request[Any, Any, Any]) -> list[tuple[bytes, bytes]]:
    tag = (b"etag", b'"%d"' % row.version)
    if status != HTTP_201_CREATED:
        return [tag]
    place: str = request.scope["route_handler"].opt.get(ROWS_AT, request.scope["path"])
    return [(b"location", f"{place.rstrip('/')}/{row.id}".encode()), tag]


def _is_known(request: Request[Any, Any, Any], tag: bytes) -> bool:
    """Weak comparison, as RFC 9110 13.1.2 has it for `If-None-Match`."""
    given = sent(request, b"if-none-match")
    if not given:
        return False
    known = {tag.decode(), "*"}
    return any(candidate.strip().removeprefix("W/") in known for field in given for candidate in field.split(","))
