"""The outermost layer: what every request gets and every answer carries, refusals and faults included.

It wraps the whole application, not its routes: Litestar's own middleware does not see unknown paths.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final, cast

import msgspec
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
from app.infrastructure.observability.requests import Observation
from app.infrastructure.serving.exchange import EXTENSION, Exchange
from app.presentation.http.context import FIELDS_KEY, STATE_KEY
from app.presentation.http.deadlines import Deadlines
from app.presentation.http.limits import rate_limit_headers
from app.presentation.http.problems import problem
from app.presentation.http.proxies import Networks, client_address, peer_address
from app.presentation.http.responses import Answer, Headers
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
_NONE: Final[Mapping[Any, Any]] = {}

Observer = Callable[[Observation], None]


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
        started = perf_counter()
        method = scope["method"]
        if method == "HEAD":
            scope["method"] = HttpMethod.GET
        headers: Headers = scope["headers"]
        state = scope["state"]
        fields = dict(headers)
        if len(fields) == len(headers):
            state[FIELDS_KEY] = fields
        else:
            # the first of each name
            fields = dict(reversed(headers))
        given = fields.get(b"x-request-id")
        request_id = state[STATE_KEY] = uuid7().hex if given is None else _request_id(given)
        host, port = scope["client"] or (None, 0)
        if b"x-forwarded-for" in fields:
            address = client_address(host, _all(headers, b"x-forwarded-for"), self.trusted_proxies)
        else:
            address = peer_address(host)
        scope["client"] = (address, port)
        # only the product's own server has it
        extensions: Any = scope.get("extensions") or _NONE
        exchange: Exchange | None = extensions.get(EXTENSION)
        upload = Upload(receive, fields, self.body_seconds, self.deadlines, exchange)
        reply = _Reply(scope, send, exchange, upload, self.strict_transport, request_id.encode(), method == "HEAD")
        try:
            if not self._host_is_fine(headers, fields, scope["path"]):
                await _refuse(scope, receive, reply.send)
                return
            answering = self.shortcut.answer(scope, upload.receive, upload.at_once) if b"origin" not in fields else None
            answer = self.app if answering is None else await answering
            if not (type(answer) is Answer and reply.send_at_once(answer)):
                await answer(scope, upload.receive, reply.send)
        finally:
            route, token = scope.get("path_template", ""), scope.get("auth")
            user_id = None if token is None else token.sub
            self.observe(Observation(method, route, reply.status, perf_counter() - started, request_id, user_id))

    def _host_is_fine(self, headers: Headers, fields: dict[bytes, bytes], path: str) -> bool:
        hosts = 1 if len(headers) == len(fields) and b"host" in fields else len(_all(headers, b"host"))
        allowed = self.allowed_hosts
        if hosts == 1 and (not allowed or _PORT.sub("", fields[b"host"].decode("latin-1").lower()) in allowed):
            return True
        # whoever looks after the process asks it by the address it happens to have, if by any
        return hosts <= 1 and path.startswith(HEALTH_PREFIX)


class _Reply(msgspec.Struct):
    """The answer to one request on its way out."""

    scope: HTTPScope
    out: Send
    exchange: Exchange | None
    upload: Upload
    strict_transport: bool
    request_id: bytes
    without_body: bool
    status: int = 500

    async def send(self, message: Message) -> None:
        """ASGI's, for whoever answers by messages."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            present = list(message["headers"])
            headers = self._headers(present, {name.lower(): value for name, value in present})
            message["headers"] = await self._ended(headers)
        elif self.without_body and message["type"] == "http.response.body":
            message["body"] = b""
        await self.out(message)

    def send_at_once(self, answer: Answer) -> bool:
        """Send an answer that is there as a whole, if that can be done now; tells whether it was."""
        if self.exchange is None or not self.upload.is_over:
            return False
        self.status = answer.status_code
        # it has none of the headers that are looked for in others
        headers = self._headers(answer.headers, _NONE)
        self.exchange.answer(self.status, headers, b"" if self.without_body else answer.body)
        return True

    def _headers(self, present: Headers, own: Mapping[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        """Those that are there, which are `own` by their names in lower case, and those that every answer has."""
        scope = self.scope
        headers = [*present, (b"x-request-id", self.request_id), *_COMMON, *rate_limit_headers(scope)]
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

    async def _ended(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """The headers once what is left of the body is read; where it stays unread, they close the connection."""
        # HTTP/2 has no such header, and no need of it
        if not await self.upload.discard() and self.scope["http_version"].startswith("1"):
            headers.append((b"connection", b"close"))
        return headers


def _request_id(given: bytes) -> str:
    return given.decode() if REQUEST_ID.fullmatch(given) else uuid7().hex


def _all(headers: Headers, wanted: bytes) -> tuple[bytes, ...]:
    return tuple(value for name, value in headers if name == wanted)


async def _refuse(scope: HTTPScope, receive: Receive, send: Send) -> None:
    request: Request[Any, Any, Any] = Request(scope)
    answer = problem(request, MalformedRequest("The request names no host that is served here"))
    await cast("Callable[..., Awaitable[None]]", answer.to_asgi_response(None, request))(scope, receive, send)
