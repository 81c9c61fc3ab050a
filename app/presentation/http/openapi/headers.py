"""Headers of answers, and which answer has which."""

from http import HTTPStatus
from typing import Final

from app.presentation.http.context import REFRESH_COOKIE as COOKIE
from app.presentation.http.cookies import PATH as COOKIE_PATH
from app.presentation.http.middleware import UNSTORED
from app.presentation.http.openapi.endpoints import Endpoint
from app.presentation.http.openapi.problems import REQUEST_ID_EXAMPLE, REQUEST_ID_PATTERN
from app.presentation.http.openapi.schemas import Json

_ITEM: Final = r'"[a-z][a-z0-9_-]*"'


def _text(description: str, example: str, **schema: str) -> Json:
    return {
        "description": description,
        "required": True,
        "schema": {"type": "string", **schema},
        "example": example,
    }


HEADERS: Final[dict[str, Json]] = {
    "Cache-Control": _text("Tokens are stored by nobody on the way.", "no-store", const="no-store"),
    "ETag": _text("The row's `version` in quotes, a strong entity tag (RFC 9110).", '"1"', pattern='^"[1-9][0-9]*"$'),
    "Idempotent-Replayed": {
        "description": "There when the answer is that of an earlier request with the same Idempotency-Key.",
        "schema": {"type": "string", "const": "true"},
        "example": "true",
    },
    "Location": _text(
        "The path of the new row.", "/api/todos/01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e8f", format="uri-reference"
    ),
    "RateLimit": _text(
        "For each limit, `r` requests that are left and `t` seconds until the quota is whole again, or on 429 until "
        "the next request may pass (draft-ietf-httpapi-ratelimit-headers).",
        '"login";r=9;t=6',
        pattern=rf"^{_ITEM};r=\d+;t=\d+(, {_ITEM};r=\d+;t=\d+)*$",
    ),
    "RateLimit-Policy": _text(
        "The limits that counted the request: at most `q` requests in `w` seconds.",
        '"login";q=10;w=60',
        pattern=rf"^{_ITEM};q=\d+;w=\d+(, {_ITEM};q=\d+;w=\d+)*$",
    ),
    "Retry-After": {
        "description": "Seconds after which to send the request again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
        "example": 2,
    },
    "Retry-After-If-Running": {
        "description": "For a request that is still running, the seconds after which to send it again.",
        "schema": {"type": "integer", "minimum": 1},
        "example": 1,
    },
    "Set-Cookie": {
        "description": "In browser mode, the refresh token in a cookie that no script can read, or its end.",
        "schema": {"type": "string"},
        "example": f"{COOKIE}=pVQ1oYx2mS0yJpN9bW3cK7rT5uE8hG4fD6aL1zX0vCs; HttpOnly; Path={COOKIE_PATH}; Secure",
    },
    "WWW-Authenticate": _text(
        "What is wrong with the token or the grant (RFC 6750), and with `max_age` how many seconds ago the sign-in may "
        "have been at the most (RFC 9470).",
        'Bearer error="invalid_token"',
        pattern=r'^Bearer error="[a-z_]+"(, max_age=\d+)?$',
    ),
    "X-Request-Id": _text(
        "The id of the request: yours if you sent one of 8 to 128 letters, digits, `.`, `_` and `-`.",
        REQUEST_ID_EXAMPLE,
        pattern=REQUEST_ID_PATTERN,
    ),
}

# these can come before a limit has counted: without a token the limit is asked first, else the token is
_BEFORE_LIMITS: Final = frozenset({HTTPStatus.BAD_REQUEST})
_BEFORE_GUARDS: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)


def response_headers(endpoint: Endpoint, status: int) -> Json:
    """References to the headers that an answer of this status always has."""
    names: list[str] = []
    if endpoint.path.startswith(UNSTORED):
        names.append("Cache-Control")
    if endpoint.answers_row and status < HTTPStatus.BAD_REQUEST:
        names.append("ETag")
    if endpoint.repeatable and status < HTTPStatus.BAD_REQUEST:
        names.append("Idempotent-Replayed")
    if endpoint.answers_row and status == HTTPStatus.CREATED:
        names.append("Location")
    if endpoint.limited and status not in (_BEFORE_LIMITS if endpoint.public else _BEFORE_GUARDS):
        names += ["RateLimit", "RateLimit-Policy"]
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        names.append("Retry-After")
    if endpoint.sets_cookie and status < HTTPStatus.BAD_REQUEST:
        names.append("Set-Cookie")
    if status == HTTPStatus.UNAUTHORIZED:
        names.append("WWW-Authenticate")
    headers: Json = {name: {"$ref": f"#/components/headers/{name}"} for name in [*names, "X-Request-Id"]}
    if endpoint.repeatable and status == HTTPStatus.CONFLICT:
        # there for a request that is still running, and not for what no repetition mends
        headers["Retry-After"] = {"$ref": "#/components/headers/Retry-After-If-Running"}
    return headers
