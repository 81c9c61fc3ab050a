"""Takes connections one at a time, so that workers who share a socket share what comes at once.

The event loop's own server takes all that wait before another worker has woken up: of thirty connections that are made
together, nearly all went to one of two.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from socket import AF_UNIX, IPPROTO_TCP, TCP_NODELAY, socket
from typing import Final

HANDSHAKE_SECONDS: Final = 5.0
EXHAUSTED_SECONDS: Final = 0.5
"""How long no connection is taken when there is no descriptor left for one."""

_logger = logging.getLogger("app.serve")


class Acceptor:
    """Listens until it is closed."""

    def __init__(
        self, listener: socket, protocol: Callable[[], asyncio.Protocol], context: ssl.SSLContext | None
    ) -> None:
        """`listener` listens already; `protocol` makes the protocol of each connection, over TLS with a context."""
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._protocol = protocol
        self._context = context
        self._arriving: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None
        listener.setblocking(False)  # noqa: FBT003 -- it has no name
        self._loop.add_reader(listener, self._take)

    def close(self) -> None:
        """Take no more; those that were taken go on."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._listener)
        self._listener.close()

    async def wait_closed(self) -> None:
        """Return when those are protocols that were still arriving."""
        if self._arriving:
            await asyncio.wait(self._arriving)

    def _take(self) -> None:
        try:
            taken, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            # another worker was faster, or the client has gone
            return
        except OSError as error:
            _logger.warning("no connection can be taken", extra={"reason": error.strerror})
            self._loop.remove_reader(self._listener)
            self._pause = self._loop.call_later(
                EXHAUSTED_SECONDS, lambda: self._loop.add_reader(self._listener, self._take)
            )
            return
        taken.setblocking(False)  # noqa: FBT003 -- it has no name
        if taken.family != AF_UNIX:
            taken.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        task = self._loop.create_task(self._connect(taken))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)

    async def _connect(self, taken: socket) -> None:
        # a handshake that fails or takes forever is the client's affair
        with suppress(OSError, TimeoutError):
            await self._loop.connect_accepted_socket(
                self._protocol,
                taken,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_SECONDS if self._context is not None else None,
            )
