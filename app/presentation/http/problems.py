"""The one place where a refusal becomes an RFC 9457 problem, and the one place that knows statuses."""

import logging
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import quote

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from app.domain.access import STEP_UP_WINDOW, ReauthenticationRequired
from app.domain.errors import (
    InternalError,
    Kind,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    Refusal,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
    ValidationFailed,
)
from app.presentation.http.context import request_id
from app.presentation.http.methods import with_head

MEDIA_TYPE: Final = "application/problem+json"
TYPE_BASE: Final = "/problems/"

STATUS: Final[Mapping[Kind, HTTPStatus]] = {
    Kind.MALFORMED: HTTPStatus.BAD_REQUEST,
    Kind.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    Kind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Kind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Kind.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    Kind.NOT_ACCEPTABLE: HTTPStatus.NOT_ACCEPTABLE,
    Kind.TIMEOUT: HTTPStatus.REQUEST_TIMEOUT,
    Kind.CONFLICT: HTTPStatus.CONFLICT,
    Kind.GONE: HTTPStatus.GONE,
    Kind.STALE: HTTPStatus.PRECONDITION_FAILED,
    Kind.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Kind.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Kind.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
    Kind.TOO_MANY: HTTPStatus.TOO_MANY_REQUESTS,
    Kind.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
    Kind.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}

# what Litestar itself raises before a handler is reached
_BY_STATUS: Final[Mapping[int, type[Refusal]]] = {
    HTTPStatus.BAD_REQUEST: MalformedRequest,
    HTTPStatus.UNAUTHORIZED: Unauthenticated,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.METHOD_NOT_ALLOWED: MethodNotAllowed,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: PayloadTooLarge,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: UnsupportedMediaType,
    HTTPStatus.SERVICE_UNAVAILABLE: Unavailable,
}

# what RFC 3986 3.3 lets stand in a path as it is
_PATH_CHARACTERS: Final = "/:@!$&'()*+,;=~"

_logger = logging.getLogger("app.errors")


def problem(request: Request[Any, Any, Any], refusal: Refusal) -> Response[Any]:
    """The refusal as a problem document, with the headers its status calls for."""
    status = STATUS[refusal.kind]
    body: dict[str, Any] = {
        "type": f"{TYPE_BASE}{refusal.code}",
        "title": refusal.title,
        "status": status.value,
        "code": refusal.code,
        "detail": refusal.detail,
        "instance": quote(request.scope["path"], safe=_PATH_CHARACTERS, errors="replace"),
        "requestId": request_id(request.scope),
    }
    headers: dict[str, str] = {}
    if isinstance(refusal, ValidationFailed):
        body["issues"] = [issue.shown() for issue in refusal.issues]
    if refusal.current is not None:
        body["current"] = refusal.current
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    if refusal.kind is Kind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = _challenge(refusal)
    return Response(msgspec.json.encode(body), status_code=status.value, media_type=MEDIA_TYPE, headers=headers)


def _challenge(refusal: Refusal) -> str:
    """What is wrong with the token or grant (RFC 6750 3.1, RFC 6749 5.2, RFC 9470 3)."""
    if isinstance(refusal, ReauthenticationRequired):
        return f'Bearer error="insufficient_user_authentication", max_age={int(STEP_UP_WINDOW.total_seconds())}'
    return f'Bearer error="{"invalid_token" if refusal.code == Unauthenticated.code else "invalid_grant"}"'


def on_refusal(request: Request[Any, Any, Any], refusal: Refusal) -> Response[Any]:
    """Answer a refusal of ours."""
    return problem(request, refusal)


def on_http_exception(request: Request[Any, Any, Any], exception: HTTPException) -> Response[Any]:
    """Answer what Litestar refuses by itself, in our words: its own would repeat input."""
    kind = _BY_STATUS.get(exception.status_code)
    if kind is None:
        return on_exception(request, exception)
    response = problem(request, kind())
    allow = (exception.headers or {}).get("allow")
    if allow is not None:
        response.headers["Allow"] = with_head(allow)
    return response


def on_exception(request: Request[Any, Any, Any], exception: Exception) -> Response[Any]:
    """Answer a fault of ours with nothing but the request's id, under which the log has the rest."""
    refusal = _refusal_within(exception)
    if refusal is not None:
        return problem(request, refusal)
    _logger.error(
        "unhandled exception",
        # where it came from, without its text: a database's complaint repeats the values it is about
        extra={
            "request_id": request_id(request.scope),
            "exception": _types(exception),
            "stack": "".join(traceback.format_tb(exception.__traceback__)),
        },
    )
    return problem(request, InternalError())


def _refusal_within(exception: BaseException) -> Refusal | None:
    """The refusal that a dependency made of an exception when it was closed; Litestar hands it on in a group."""
    if isinstance(exception, Refusal):
        return exception
    if isinstance(exception, BaseExceptionGroup):
        inner = cast("BaseExceptionGroup[BaseException]", exception).exceptions
        return next(filter(None, map(_refusal_within, inner)), None)
    return None


def _types(exception: BaseException | None) -> str:
    """The types of an exception and of its causes."""
    names: list[str] = []
    while exception is not None:
        names.append(type(exception).__qualname__)
        exception = exception.__cause__
    return " from ".join(names)
