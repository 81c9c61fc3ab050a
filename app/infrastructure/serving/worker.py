"""A worker: the program that answers requests. Its supervisor starts it, and tells it on standard input what to do."""

import socket
import ssl
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from signal import signal
from types import FrameType
from typing import Any, cast

import msgspec
from uvicorn import Config, Server

from app.infrastructure.processes import STOP_SIGNALS, end_with_launcher
from app.infrastructure.serving.acceptor import Acceptor
from app.infrastructure.serving.protocol import Http1
from app.infrastructure.serving.supervisor import Serving


def main() -> None:
    """Serve until a signal; exits with another code than 0 if the application does not load or start."""
    serving = msgspec.json.decode(sys.stdin.buffer.read(), type=Serving)
    end_with_launcher(serving.launcher)
    listener = socket.socket(fileno=serving.descriptor)
    config = Config(
        serving.app,
        factory=serving.factory,
        interface="asgi3",
        loop="uvloop",
        http=Http1,
        ws="none",
        lifespan="on",
        workers=1,
        log_config=None,
        access_log=False,
        server_header=False,
        # whom to believe is the application's to say
        proxy_headers=False,
        backlog=serving.backlog,
        timeout_keep_alive=serving.keep_alive_seconds,
        timeout_graceful_shutdown=serving.stop_seconds,
        ssl_certfile=serving.certificate,
        ssl_keyfile=serving.key,
        ssl_keyfile_password=serving.key_password,
        ssl_context_factory=_modern if serving.certificate else None,
    )
    # here a signal ends it at once; later there may be something to finish
    config.load()
    _Server(config, listener).run([])


class _Server(Server):
    def __init__(self, config: Config, listener: socket.socket) -> None:
        super().__init__(config)
        self._listener = listener

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, and listen when it is ready."""
        await super().startup(sockets)
        # a server that starts later may have the port although it was used a moment ago; from here on listening keeps
        # others from the address, and until here nothing would
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.listen(self.config.backlog)
        protocol = partial(Http1, self.config, self.server_state, self.lifespan.state)
        cast("list[Any]", self.servers).append(Acceptor(self._listener, protocol, self.config.ssl))

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Unlike uvicorn's, it does not raise the signals again: to have heeded one is no failure."""
        for number in STOP_SIGNALS:
            signal(number, self.handle_exit)
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 -- uvicorn's hook
        """A second signal changes nothing: what is under way is still answered, and the time for it is limited."""
        self.should_exit = True


def _modern(_config: Config, make: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    context = make()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


if __name__ == "__main__":
    main()
