"""One request and its answer on a connection, as ASGI has them."""

import asyncio
import logging
import sys
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol

from litestar.types import ASGIApp, HTTPScope, Message, ReceiveMessage

BUFFERED_MAX: Final = 64 * 1024
"""So much of a body is held before the client has to wait until somebody reads it; in bytes."""

COPIED_MAX: Final = 4096
"""A body of so many bytes is not copied to stand in one piece behind its head."""

EXTENSION: Final = "evenstar.exchange"
"""The ASGI extension of this server: the exchange itself, for whoever has no need to wait for messages."""

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_FAULT: Final = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_CLOSE: Final = b"connection: close"
_STATUS_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus}
_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})

_logger = logging.getLogger("app.serve")


class Connection(Protocol):
    """What an exchange asks of the connection that it is on."""

    loop: asyncio.AbstractEventLoop

    @property
    def date(self) -> list[tuple[bytes, bytes]]:
        """The headers that every answer has."""
        ...

    def write(self, *data: bytes) -> None:
        """Send."""
        ...

    async def drained(self) -> None:
        """Wait until what was written has mostly been sent."""
        ...

    def regulate(self) -> None:
        """Read on, or no more for now."""
        ...

    def finish(self, exchange: "Exchange") -> None:
        """Go on to what comes after it."""
        ...


class Exchange:
    """Hands a request to the application, and the application's answer to the connection."""

    __slots__ = (
        "_chunked",
        "_chunks",
        "_connection",
        "_delivered",
        "_is_head",
        "_knows_chunks",
        "_left",
        "_scope",
        "_start",
        "_waiter",
        "awaits_continue",
        "buffered",
        "is_cut",
        "is_finished",
        "is_lost",
        "keeps_alive",
        "more",
    )

    def __init__(self, connection: Connection, scope: HTTPScope, *, keeps_alive: bool) -> None:
        self._connection = connection
        self._chunks: list[bytes] = []
        self._delivered = False
        self._waiter: asyncio.Future[None] | None = None
        self._start: Any = None
        self._chunked = False
        self._left = 0
        # the application may change its scope, and does where it answers HEAD as GET
        self._is_head = scope["method"] == "HEAD"
        self._knows_chunks = scope["http_version"] == "1.1"
        extensions: Any = {EXTENSION: self}
        scope["extensions"] = extensions
        self._scope: HTTPScope | None = scope
        self.keeps_alive = keeps_alive
        self.awaits_continue = False
        """Whether the client waits to be told to go on before it sends the body."""
        self.more = True
        """Whether there is more of the body to come."""
        self.buffered = 0
        """Bytes of the body that nobody has read yet."""
        self.is_cut = False
        """Whether the client will say no more, be its body whole or not."""
        self.is_lost = False
        """Whether the connection is."""
        self.is_finished = False

    async def run(self, app: ASGIApp) -> None:
        """Have the application answer; once."""
        # which has this exchange in it: of two that hold each other only the garbage collector is rid
        scope, self._scope = self._scope, None
        if scope is None:
            raise RuntimeError("The application is answering already")
        try:
            await app(scope, self.receive, self.send)
        except Exception:
            _logger.exception("the application failed")
        if not (self.is_finished or self.is_lost):
            # nothing can be said any more once an answer has begun, but that it is not whole
            self.keeps_alive = False
            if self._left == 0 and not self._chunked:
                self._connection.write(_FAULT)
            self._finish()

    def feed(self, chunk: bytes) -> None:
        """Take some of the body."""
        if not self.is_finished:
            self._chunks.append(chunk)
            self.buffered += len(chunk)
            self.wake()

    def cut(self) -> None:
        """Know that the client will say no more."""
        self.is_cut = True
        if self.more:
            self.keeps_alive = False
        self.wake()

    def wake(self) -> None:
        """Have whoever waits for the body look again."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def receive(self) -> ReceiveMessage:
        """The next of the body, or that the client has gone."""
        if self.awaits_continue:
            self.awaits_continue = False
            self._connection.write(_CONTINUE)
        while not (self.is_lost or self.is_finished):
            if self._chunks or not (self.more or self._delivered):
                return {"type": "http.request", "body": self._take(), "more_body": self.more}
            if self.is_cut:
                break
            self._waiter = self._connection.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return {"type": "http.disconnect"}

    def whole_body(self) -> bytes | None:
        """What is left of the body, if all of it has come; None where it has to be waited for."""
        if self.more or self._delivered or self.is_lost or self.is_finished:
            return None
        return self._take()

    def _take(self) -> bytes:
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._delivered = not self.more
        held, self.buffered = self.buffered, 0
        if held > BUFFERED_MAX:
            self._connection.regulate()
        return body

    async def send(self, message: Message) -> None:
        """Send some of the answer; its head waits for its body, so that both are one write."""
        if self.is_lost:
            return
        if message["type"] == "http.response.start":
            self._start = message
            self.awaits_continue = False
            return
        if message["type"] != "http.response.body" or self.is_finished:
            raise RuntimeError(f"{message['type']} has no place here")
        body, more = message["body"], message.get("more_body", False)
        if self._start is not None:
            start, self._start = self._start, None
            self._connection.write(*self._begin(start["status"], start["headers"], body, more=more))
        else:
            self._connection.write(self._frame(body, more=more))
        if not more:
            self._finish()
        else:
            await self._connection.drained()

    def answer(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
        """Send a whole answer, as two messages would."""
        if self.is_lost:
            return
        if self._start is not None or self._chunked or self._left or self.is_finished:
            raise RuntimeError("An answer has begun already")
        self.awaits_continue = False
        self._connection.write(*self._begin(status, headers, body, more=False))
        self._finish()

    def _begin(
        self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes, *, more: bool
    ) -> tuple[bytes, ...]:
        """The head, and the beginning of the body or all of it."""
        lines = [_STATUS_LINES[status], *map(b": ".join, (*self._connection.date, *headers))]
        head = b"\r\n".join((*lines, b""))
        if not head.count(b"\n") == head.count(b"\r") == len(lines):
            raise RuntimeError("A header of the answer has a line break in it")
        closes = _CLOSE in lines
        if closes:
            self.keeps_alive = False
        if self._is_head or status in _BODILESS:
            body = b""
        elif more or b"content-length: %d" % len(body) not in lines:
            head += self._announce(headers, len(body), more=more)
            body = self._frame(body, more=more)
        head += b"\r\n" if self.keeps_alive or closes else _CLOSE + b"\r\n\r\n"
        return (head + body,) if len(body) < COPIED_MAX else (head, body)

    def _announce(self, headers: Sequence[tuple[bytes, bytes]], length: int, *, more: bool) -> bytes:
        """The field that tells where the body ends, if it is not among the headers."""
        announced = next((int(value) for name, value in headers if name == b"content-length"), None)
        if announced is not None:
            self._left = announced
            return b""
        if not more:
            self._left = length
            return b"content-length: %d\r\n" % length
        if self._knows_chunks:
            self._chunked = True
            return b"transfer-encoding: chunked\r\n"
        # HTTP/1.0 has no chunks: the end of the connection is that of the body
        self._left, self.keeps_alive = sys.maxsize, False
        return b""

    def _frame(self, body: bytes, *, more: bool) -> bytes:
        if self._chunked:
            chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            return chunk if more else chunk + b"0\r\n\r\n"
        self._left -= len(body)
        if self._left < 0 or (self._left > 0 and not more):
            # of a body of another length than was announced, the rest would be taken for the next answer
            self.keeps_alive = False
        return body

    def _finish(self) -> None:
        self.is_finished = True
        self._chunks.clear()
        self.buffered = 0
        if self._waiter is not None:
            self.wake()
        self._connection.finish(self)
