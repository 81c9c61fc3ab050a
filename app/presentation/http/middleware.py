"""The outermost layer: what every request gets and every answer carries, refusals and faults included.

It wraps the whole application, not its routes: Litestar's own middleware does not see unknown paths.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final, cast

from litestar import Request
from litestar.enums import HttpMethod
from litestar.types import (
    ASGIApp,
    HTTPScope,
    Message,
    Receive,
    Scope,
    Send,
)
from uuid_utils import uuid7

from app.domain.errors import MalformedRequest
from app.infrastructure.observability.requests import Exchange
from app.presentation.http.context import FIELDS_KEY, STATE_KEY
from app.presentation.http.deadlines import Deadlines
from app.presentation.http.limits import rate_limit_headers
from app.presentation.http.problems import problem
from app.presentation.http.proxies import Networks, client_address
from app.presentation.http.shortcut import Shortcut
from app.presentation.http.uploads import Upload

REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,128}")
BODY_SECONDS: Final = 10.0
HEALTH_PREFIX: Final = "/health/"
UNSTORED: Final = ("/api/auth", "/api/me/password")
"""What the paths begin with whose answers hold tokens (RFC 6749 5.1)."""

_PORT: Final = re.compile(r":\d{1,5}$")
_CSP: Final = b"content-security-policy"
_COMMON: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_VARY: Final = (b"vary", b"Origin")
_STRICT_CSP: Final = (_CSP, b"default-src 'none'; frame-ancestors 'none'")
# two years, as the preload lists want it
_HSTS: Final = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
_NO_STORE: Final = (b"cache-control", b"no-store")

Observer = Callable[[Exchange], None]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Request id, client address, Host check, HEAD by way of GET, headers on every answer, and one observation."""

    app: ASGIApp
    shortcut: Shortcut
    allowed_hosts: frozenset[str]
    trusted_proxies: Networks
    strict_transport: bool
    observe: Observer
    body_seconds: float = BODY_SECONDS
    deadlines: Deadlines = field(default_factory=Deadlines)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        await self._http(cast("HTTPScope", scope), receive, send)

    async def _http(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        method = scope["method"]
        without_body = method == "HEAD"
        if without_body:
            scope["method"] = HttpMethod.GET
        headers, state = cast("list[tuple[bytes, bytes]]", scope["headers"]), scope["state"]
        fields = dict(headers)
        if len(fields) == len(headers):
            state[FIELDS_KEY] = fields
        else:
            # the first of each name
            fields = dict(reversed(headers))
        request_id = state[STATE_KEY] = self._request_id(fields.get(b"x-request-id"))
        peer = scope["client"]
        forwarded = _all(headers, b"x-forwarded-for") if b"x-forwarded-for" in fields else ()
        address = client_address(peer[0] if peer else None, forwarded, self.trusted_proxies)
        scope["client"] = (address, peer[1] if peer else 0)
        status = 500
        upload = Upload(receive, fields, self.body_seconds, self.deadlines)

        async def send_enveloped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._headers(scope, list(message["headers"]), request_id)
                # HTTP/2 has no such header, and no need of it
                if not (upload.is_over or await upload.discard()) and scope["http_version"].startswith("1"):
                    message["headers"].append((b"connection", b"close"))
            elif without_body and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        try:
            if self._host_is_fine(headers, fields, scope["path"]):
                app: ASGIApp | None = self.app
                if b"origin" not in fields:
                    app = await self.shortcut.answer(scope, upload.receive)
                await (app or self.app)(scope, upload.receive, send_enveloped)
            else:
                await _refuse(scope, receive, send_enveloped)
        finally:
            route = scope.get("path_template", "")
            self.observe(Exchange(method, route, status, perf_counter() - started, request_id, _user_id(scope)))

    def _request_id(self, given: bytes | None) -> str:
        if given is not None and REQUEST_ID.fullmatch(given):
            return given.decode()
        return uuid7().hex

    def _host_is_fine(self, headers: list[tuple[bytes, bytes]], fields: dict[bytes, bytes], path: str) -> bool:
        hosts = 1 if len(headers) == len(fields) and b"host" in fields else len(_all(headers, b"host"))
        # whoever looks after the process asks it by the address it happens to have, if by any
        if path.startswith(HEALTH_PREFIX):
            return hosts <= 1
        if hosts != 1:
            return False
        return not self.allowed_hosts or _PORT.sub("", fields[b"host"].decode("latin-1").lower()) in self.allowed_hosts

    def _headers(self, scope: Scope, present: list[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
        own = {name.lower(): value for name, value in present}
        headers = [*present, (b"x-request-id", request_id.encode()), *_COMMON, *rate_limit_headers(scope)]
        if _CSP not in own:
            headers.append(_STRICT_CSP)
        vary = own.get(b"vary")
        if vary is None or b"origin" not in vary.lower():
            headers.append(_VARY)
        if self.strict_transport:
            headers.append(_HSTS)
        if scope["path"].startswith(UNSTORED) and b"cache-control" not in own:
            headers.append(_NO_STORE)
        return headers


def _all(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> tuple[bytes, ...]:
    return tuple(value for name, value in headers if name == wanted)


async def _refuse(scope: HTTPScope, receive: Receive, send: Send) -> None:
    request: Request[Any, Any, Any] = Request(scope)
    answer = problem(request, MalformedRequest("The request names no host that is served here"))
    await cast("Callable[..., Awaitable[None]]", answer.to_asgi_response(None, request))(scope, receive, send)


def _user_id(scope: Scope) -> str | None:
    token: Any = scope.get("auth")
    return None if token is None else str(token.sub)
