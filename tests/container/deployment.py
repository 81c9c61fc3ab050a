"""An image with production's settings, and what production has around it: TCP, secrets in files, a role of its own."""

import asyncio
import os
import secrets
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import psutil
from sqlalchemy import make_url

from app.infrastructure.security.keys import generate_key_file
from tests.container.runtime import Image, Mount
from tests.servers import Servers

HOST = "api.example.com"
SECRETS = "/run/secrets"
READY_SECONDS = 60
STOP_SECONDS = 10


@dataclass
class Container:
    """The image's own command, running: its first process as this machine sees it, and a client that speaks to it."""

    process: subprocess.Popen[str]
    first: psutil.Process
    client: httpx.Client

    def stop(self, number: signal.Signals) -> str:
        """Do what an engine does in order to stop it; gives all that was printed."""
        self.first.send_signal(number)
        return self.process.communicate(timeout=STOP_SECONDS)[0]


@dataclass
class Deployment:
    """The image with settings and secrets."""

    image: Image
    env: dict[str, str]
    mounts: Sequence[Mount]

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a container of its own, to its end."""
        with self._start(argv) as process:
            try:
                output, _ = process.communicate(timeout=READY_SECONDS)
            finally:
                process.kill()
        return subprocess.CompletedProcess(argv, process.returncode, output)

    def healthy(self) -> bool:
        """Whether the image's HEALTHCHECK says so; what runs in it shares the network of the container at work."""
        return self.run(*self.image.healthcheck).returncode == 0

    @contextmanager
    def serving(self) -> Generator[Container]:
        """Run the image's own command, from the time when it is ready; what still runs at the end is killed."""
        address = f"http://127.0.0.1:{self.env['LITESTAR_PORT']}"
        with (
            httpx.Client(base_url=address, headers={"Host": HOST}, timeout=10) as client,
            self._start(self.image.cmd) as process,
        ):
            try:
                _wait_until(lambda: process.poll() is not None or _is_ready(client))
                assert process.poll() is None, process.communicate()[0]
                yield Container(process, psutil.Process(process.pid).children()[0], client)
            finally:
                process.kill()

    def _start(self, argv: Sequence[str]) -> subprocess.Popen[str]:
        command = self.image.command(argv, self.env, self.mounts)
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603 -- ours


@contextmanager
def deploy(image: Image, servers: Servers, directory: Path) -> Generator[Deployment]:
    """Settings that production accepts, for an empty database whose role is its owner and no more.

    The directory must be empty; it becomes that of the secrets, which are the image's user's alone.
    """
    with servers.blank() as blank, _role(blank) as password:
        database, valkey = make_url(blank), urlsplit(servers.redis_url)
        with _port_before(f"{database.query['host']}/.s.PGSQL.5432") as postgresql, _port_before(valkey.path) as redis:
            generate_key_file(directory / "signing-keys.json")
            (directory / "secret-key").write_text(secrets.token_urlsafe(48))
            (directory / "database-url").write_text(
                f"postgresql://{database.database}:{password}@127.0.0.1:{postgresql}/{database.database}\n"
            )
            directory.chmod(0o755)
            for path in directory.iterdir():
                path.chmod(0o600)
                if os.geteuid() == 0:
                    os.chown(path, *map(int, image.user.split(":")))
            env = {
                "BASE_URL": f"https://{HOST}",
                "ALLOWED_HOSTS": HOST,
                "DATABASE_URL_FILE": f"{SECRETS}/database-url",
                "REDIS_URL": f"redis://127.0.0.1:{redis}/{parse_qs(valkey.query)['db'][0]}",
                "SECRET_KEY_FILE": f"{SECRETS}/secret-key",
                "SIGNING_KEYS_FILE": f"{SECRETS}/signing-keys.json",
                "AUTH_EMAIL_VERIFICATION": "optional",
                # nothing listens there: what mails are lost is nobody's business here
                "SMTP_URL": "smtp://127.0.0.1:1",
                "MAIL_FROM": f"no-reply@{HOST}",
                "LITESTAR_PORT": str(_free_port()),
            }
            yield Deployment(image, env, [Mount(directory, SECRETS)])


@contextmanager
def _role(url: str) -> Generator[str]:
    """Make a role of the database's name, which owns that and may do nothing else; gives its password."""
    password, name = secrets.token_hex(16), make_url(url).database
    _execute(url, f"CREATE ROLE {name} LOGIN PASSWORD '{password}'", f"ALTER DATABASE {name} OWNER TO {name}")
    try:
        yield password
    finally:
        back = f"ALTER DATABASE {name} OWNER TO CURRENT_USER"
        _execute(url, back, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def _execute(url: str, *statements: str) -> None:
    async def execute() -> None:
        connection = await asyncpg.connect(url)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    asyncio.run(execute())


@contextmanager
def _port_before(path: str) -> Generator[int]:
    """A TCP port on loopback before a server that listens on a Unix socket which is closed to the image's user."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(128) as threads:
        threads.submit(_accept, listener, path, threads)
        try:
            yield int(listener.getsockname()[1])
        finally:
            # to close it would not wake who waits for a connection
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, path: str, threads: ThreadPoolExecutor) -> None:
    with suppress(OSError):
        while True:
            threads.submit(_link, listener.accept()[0], path)


def _link(near: socket.socket, path: str) -> None:
    """Pass on what either says until one of them has ended."""
    with near, socket.socket(socket.AF_UNIX) as far, suppress(OSError):
        far.connect(path)
        other = {near: far, far: near}
        while True:
            for source in select.select(list(other), [], [])[0]:
                data = source.recv(65536)
                if not data:
                    return
                other[source].sendall(data)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/health/ready").is_success
    except httpx.TransportError:
        return False


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not so within {READY_SECONDS} seconds"
        time.sleep(0.1)
