"""What every answer of a row has: its entity tag, and its place when it is new (RFC 9110 8.8.3, 10.2.2)."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

from litestar import Litestar, Request, Response
from litestar.response.base import ASGIResponse

from app.application.schemas import Row
from app.presentation.http.idempotency import remember_answer

ROWS_AT: Final = "rows_at"


def rows_at(path: str) -> dict[str, Any]:
    """Handler options: the rows that are made stand beneath this path, which is not the handler's own."""
    return {ROWS_AT: path}


class RowResponse(Response[Any]):
    """Litestar's response, which for a row adds ETag and Location, and answers 304 to those who have it."""

    def to_asgi_response(self, app: Litestar | None, request: Request[Any, Any, Any], **options: Any) -> ASGIResponse:
        """Build the ASGI response of the content."""
        content = self.content
        if isinstance(content, Row):
            tag = f'"{content.version}"'
            self.headers["ETag"] = tag
            status = self.status_code or options.get("status_code")
            if status == HTTPStatus.CREATED:
                place = request.route_handler.opt.get(ROWS_AT, request.scope["path"])
                self.headers["Location"] = f"{place.rstrip('/')}/{content.id}"
            if request.method == "GET" and _matches(request.headers.getall("if-none-match", []), tag):
                return ASGIResponse(status_code=HTTPStatus.NOT_MODIFIED, headers=self.headers)
        answer = super().to_asgi_response(app, request, **options)
        remember_answer(request, answer)
        return answer


def _matches(fields: Iterable[str], tag: str) -> bool:
    """Weak comparison, as RFC 9110 13.1.2 has it for `If-None-Match`."""
    return any(candidate.strip().removeprefix("W/") in {tag, "*"} for field in fields for candidate in field.split(","))
