"""The outermost layer: what every request gets and every answer carries, refusals and faults included.

It wraps the whole application, not its routes: Litestar's own middleware does not see unknown paths.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from time import perf_counter
from typing import Any, Final, cast

from litestar import Request
from litestar.datastructures import Headers
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
from app.presentation.http.context import STATE_KEY
from app.presentation.http.limits import rate_limit_headers
from app.presentation.http.problems import problem
from app.presentation.http.proxies import client_address
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


Observer = Callable[[Exchange], None]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Request id, client address, Host check, HEAD by way of GET, headers on every answer, and one observation."""

    app: ASGIApp
    allowed_hosts: frozenset[str]
    trusted_proxies: Sequence[IPv4Network | IPv6Network]
    strict_transport: bool
    observe: Observer
    body_seconds: float = BODY_SECONDS

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
        headers = Headers.from_scope(scope)
        request_id = self._request_id(headers)
        scope["state"][STATE_KEY] = request_id
        peer = scope["client"]
        forwarded = [value.encode("latin-1") for value in headers.getall("x-forwarded-for", ())]
        scope["client"] = (
            client_address(peer[0] if peer else None, forwarded, self.trusted_proxies),
            peer[1] if peer else 0,
        )
        status = 500
        upload = Upload(receive, headers, self.body_seconds)

        async def send_enveloped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._headers(scope, list(message["headers"]), request_id)
                # HTTP/2 has no such header, and no need of it
                if not await upload.discard() and scope["http_version"].startswith("1"):
                    message["headers"].append((b"connection", b"close"))
            elif without_body and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        try:
            if self._host_is_fine(headers, scope["path"]):
                await self.app(scope, upload.receive, send_enveloped)
            else:
                await _refuse(scope, receive, send_enveloped)
        finally:
            self.observe(
                Exchange(
                    method=method,
                    route=str(scope.get("path_template", "")),
                    status=status,
                    seconds=perf_counter() - started,
                    request_id=request_id,
                    user_id=_user_id(scope),
                )
            )

    def _request_id(self, headers: Headers) -> str:
        given = headers.get("x-request-id")
        if given is not None and REQUEST_ID.fullmatch(given.encode("latin-1")):
            return given
        return uuid7().hex

    def _host_is_fine(self, headers: Headers, path: str) -> bool:
        hosts = headers.getall("host", [])
        # whoever looks after the process asks it by the address it happens to have, if by any
        if path.startswith(HEALTH_PREFIX):
            return len(hosts) <= 1
        if len(hosts) != 1:
            return False
        return not self.allowed_hosts or _PORT.sub("", hosts[0].lower()) in self.allowed_hosts

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
            headers.append((b"cache-control", b"no-store"))
        return headers


async def _refuse(scope: HTTPScope, receive: Receive, send: Send) -> None:
    request: Request[Any, Any, Any] = Request(scope)
    answer = problem(request, MalformedRequest("The request names no host that is served here"))
    await cast("Callable[..., Awaitable[None]]", answer.to_asgi_response(None, request))(scope, receive, send)


def _user_id(scope: Scope) -> str | None:
    user = scope.get("user")
    return None if user is None else str(getattr(user, "id", ""))
