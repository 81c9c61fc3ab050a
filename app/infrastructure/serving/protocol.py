"""HTTP/1.1 on a connection: requests are answered in their turn, each with one write.

It takes the place of uvicorn's own protocol in uvicorn's server, which keeps sockets, signals and the application's
life, and costs a third less: no timer, no event and no second write for each request. And it ends what takes forever:
heads that do not come, answers that nobody reads, connections that nobody uses.
"""

import asyncio
from collections import deque
from typing import Any, Final, cast

from litestar.types import ASGIApp
from uvicorn.config import Config
from uvicorn.server import ServerState

from app.infrastructure.serving.exchange import BUFFERED_MAX, Exchange
from app.infrastructure.serving.reader import Reader, Unreadable

HEAD_SECONDS: Final = 5.0
"""Until a head that has begun must be whole."""

STALLED_SECONDS: Final = 10.0
"""Within which a client must take at least `PACE_BYTES` of what is sent to it."""

PACE_BYTES: Final = 10 * 1024
LINGER_SECONDS: Final = 2.0
"""A client that is still sending is listened to for so long after the last answer, or it would never read that."""

TICK_SECONDS: Final = 1.0
WAITING_MAX: Final = 256
"""Requests that may be sent before the first of them is answered; what comes after them is not read."""

_REFUSALS: Final = {
    400: b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    408: b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    431: b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
}


class Http1(asyncio.Protocol):
    """One connection; requests that come before the last one is answered wait their turn."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.loop = _loop or asyncio.get_running_loop()
        self._app = cast("ASGIApp", config.loaded_app)
        self._idle_seconds = config.timeout_keep_alive
        self._server = server_state
        self._app_state = app_state
        self._active: Exchange | None = None
        self._waiting: deque[Exchange] = deque()
        self._idle_since = 0.0
        self._refusal: int | None = None
        self._reads = True
        self._is_deaf = False
        self._is_closing = False
        self._lingers_until: float | None = None
        self._writable: asyncio.Future[None] | None = None
        self._written = self._taken = 0
        self._taken_at = 0.0

    # what the event loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        cast("set[Any]", self._server.connections).add(self)
        base = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "scheme": "https" if transport.get_extra_info("sslcontext") else "http",
            "root_path": "",
            "server": _address(transport.get_extra_info("sockname")),
            "client": _address(transport.get_extra_info("peername")),
            "state": self._app_state,
        }
        self._reader = Reader(self, base, self._admit)
        self._idle_since = self._taken_at = self.loop.time()
        self._timer = self.loop.call_later(TICK_SECONDS, self._tick)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's
        """End; what is under way is brought to its end all the same."""
        cast("set[Any]", self._server.connections).discard(self)
        self._timer.cancel()
        self._waiting.clear()
        if self._active is not None:
            self._active.is_lost = True
            self._active.wake()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Read some more."""
        if not self._is_deaf:
            try:
                self._reader.feed(data)
            except Unreadable as reason:
                self._refuse(reason.status)

    def eof_received(self) -> bool:
        """Answer what was asked for, though the client says no more; TLS knows no such thing."""
        for exchange in (self._active, self._reader.last):
            if exchange is not None:
                exchange.cut()
        self._is_closing = True
        return self._active is not None and self._transport.can_write_eof()

    def pause_writing(self) -> None:
        """Write no more for now: the client does not take it as fast as it comes."""
        self._writable = self.loop.create_future()
        self.regulate()

    def resume_writing(self) -> None:
        """Write on."""
        writable, self._writable = self._writable, None
        if writable is not None:
            if not writable.done():
                writable.set_result(None)
            self._go_on()

    def shutdown(self) -> None:
        """Close as soon as what has begun is answered; uvicorn asks for it."""
        self._is_closing = True
        self._waiting.clear()
        if self._active is not None:
            self._active.keeps_alive = False
        self._go_on()

    # what exchanges ask for

    @property
    def date(self) -> list[tuple[bytes, bytes]]:
        """The headers of every answer; uvicorn renews them each second."""
        return self._server.default_headers

    def write(self, *data: bytes) -> None:
        """Send."""
        if len(data) == 1:
            self._written += len(data[0])
            self._transport.write(data[0])
        else:
            self._written += sum(map(len, data))
            self._transport.writelines(data)

    async def drained(self) -> None:
        """Wait until the client has taken most of what was sent."""
        if self._writable is not None:
            await self._writable

    def regulate(self) -> None:
        """Read on, or not: what is read has to be kept until somebody wants it."""
        last = self._reader.last
        is_full = self._waiting or self._writable is not None or (last is not None and last.buffered > BUFFERED_MAX)
        reads = self._is_deaf or not is_full
        if reads != self._reads and not self._transport.is_closing():
            self._reads = reads
            if reads:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def finish(self, exchange: Exchange) -> None:
        """Go on to what comes after it."""
        self._active = None
        self._idle_since = self.loop.time()
        self._server.total_requests += 1
        if not exchange.keeps_alive:
            self._is_closing = True
            self._waiting.clear()
        if self._waiting or self._is_closing or not self._reads:
            self._go_on()

    # by itself

    def _admit(self, exchange: Exchange) -> None:
        if self._active is None and not self._waiting and self._writable is None:
            self._start(exchange)
        elif len(self._waiting) < WAITING_MAX:
            self._waiting.append(exchange)
            self.regulate()
        else:
            raise Unreadable(400)

    def _start(self, exchange: Exchange) -> None:
        self._active = exchange
        task = self.loop.create_task(exchange.run(self._app))
        self._server.tasks.add(task)
        task.add_done_callback(self._server.tasks.discard)

    def _go_on(self) -> None:
        """Turn to the next request that waits; when there is none, to the end if it has come."""
        if self._active is not None or self._writable is not None or self._transport.is_closing():
            return
        if self._waiting:
            self._start(self._waiting.popleft())
        elif self._is_closing:
            if self._refusal is not None:
                self.write(_REFUSALS[self._refusal])
                self._refusal = None
            self._close()
            return
        self.regulate()

    def _refuse(self, status: int) -> None:
        """Say so when it is the turn of what cannot be read, and read no more."""
        last = self._reader.last
        if last is not None and last.more:
            last.cut()
        else:
            self._refusal = status
        self._is_deaf = self._is_closing = True
        self._go_on()

    def _close(self) -> None:
        if self._lingers_until is None and self._reader.is_amid and self._transport.can_write_eof():
            self._is_deaf = True
            self._lingers_until = self.loop.time() + LINGER_SECONDS
            self.regulate()
            self._transport.write_eof()
        else:
            self._transport.close()

    def _tick(self) -> None:
        """End what takes too long."""
        now = self.loop.time()
        if self._is_stalled(now):
            self._transport.abort()
            return
        self._timer = self.loop.call_later(TICK_SECONDS, self._tick)
        if self._lingers_until is not None:
            if now >= self._lingers_until:
                self._transport.close()
        elif self._active is None and self._writable is None and not self._transport.is_closing():
            head_since = self._reader.head_since
            if head_since is not None:
                if now - head_since >= HEAD_SECONDS:
                    self._refuse(408)
            elif now - self._idle_since >= self._idle_seconds:
                self._transport.close()

    def _is_stalled(self, now: float) -> bool:
        left = self._transport.get_write_buffer_size()
        taken = self._written - left
        if not left or taken - self._taken >= PACE_BYTES:
            self._taken, self._taken_at = taken, now
        return now - self._taken_at >= STALLED_SECONDS


def _address(found: object) -> tuple[str, int] | None:
    """Host and port; a socket in the file system has none."""
    return cast("tuple[str, int]", found[:2]) if isinstance(found, tuple) else None
