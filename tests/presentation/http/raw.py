"""Requests as a server hands them to the application, headers in their order and repeated ones among them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from litestar import Litestar

Headers = tuple[tuple[bytes, bytes], ...]

_UUID: Final = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_POSITION: Final = re.compile(rb'"position":"[0-9A-Za-z]+"')
_REQUEST_ID: Final = re.compile(rb'"requestId":"[0-9a-f]{32}"')
_LEFT: Final = re.compile(rb"r=\d+;t=\d+")


@dataclass(frozen=True)
class Raw:
    """A request; `chunks` are the body as it comes, after which the client goes away;
    `unfinished` is one of which more was to come, and the path may have been sent `encoded`.
    """

    method: str
    path: str
    headers: Headers
    query: bytes = b""
    chunks: Sequence[bytes] = ()
    root_path: str = ""
    http_version: str = "1.1"
    client: tuple[str, int] | None = ("198.51.100.7", 1234)
    unfinished: bool = False
    encoded: str = ""

    def having(self, *headers: tuple[str, str]) -> "Raw":
        """With these headers, each in the place of those of its name."""
        given = tuple((name.encode(), value.encode("latin-1")) for name, value in headers)
        names = {name for name, _ in given}
        return replace(self, headers=(*(pair for pair in self.headers if pair[0] not in names), *given))

    def also(self, *headers: tuple[str, str]) -> "Raw":
        """With these headers beside all others."""
        given = tuple((name.encode(), value.encode("latin-1")) for name, value in headers)
        return replace(self, headers=(*self.headers, *given))

    def without(self, *names: str) -> "Raw":
        """Without the headers of these names."""
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0].decode() not in names))

    def sending(self, *chunks: bytes) -> "Raw":
        """With this body, whose length is told."""
        length = str(sum(map(len, chunks)))
        return replace(self, chunks=chunks).having(("content-length", length))


@dataclass
class Told:
    """What was answered, as it was sent."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])
    body: bytes = b""

    def alike(self) -> "Told":
        """The same without what no two requests have in common."""
        headers = [(name, _neutral(name, value)) for name, value in self.headers]
        body = _REQUEST_ID.sub(b'"requestId":""', _POSITION.sub(b'"position":""', _UUID.sub(b"<id>", self.body)))
        return Told(self.status, headers, body)


def _neutral(name: bytes, value: bytes) -> bytes:
    if name in {b"x-request-id", b"retry-after"}:
        return re.sub(rb"[0-9a-f]+", b"0", value) if re.fullmatch(rb"[0-9a-f]{32}|\d+", value) else value
    if name == b"ratelimit":
        return _LEFT.sub(b"r=0;t=0", value)
    return _UUID.sub(b"<id>", value)


async def send(app: Litestar, raw: Raw) -> Told:
    """Have the request answered."""
    chunks = list(raw.chunks)
    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": raw.http_version,
        "method": raw.method,
        "scheme": "http",
        "path": raw.path,
        "raw_path": (raw.encoded or raw.path).encode(),
        "query_string": raw.query,
        "root_path": raw.root_path,
        "headers": list(raw.headers),
        "server": ("testserver", 80),
        "client": raw.client,
        "state": {},
    }
    told = Told()
    begun = False

    async def receive() -> Any:
        nonlocal begun
        if chunks:
            begun = True
            body = chunks.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(chunks) or raw.unfinished}
        if not begun:
            begun = True
            return {"type": "http.request", "body": b"", "more_body": raw.unfinished}
        return {"type": "http.disconnect"}

    async def answer(message: Any) -> None:
        if message["type"] == "http.response.start":
            assert told.status == 0
            told.status, told.headers = message["status"], list(message["headers"])
        else:
            told.body += message.get("body", b"")

    await app(scope, receive, answer)
    assert told.status
    return told
