"""What the Containerfile promises: each of its steps is carried out, and what comes of it is run as an engine would."""

import asyncio
import fcntl
import os
import pickle
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePath
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import psutil
import pytest
from sqlalchemy import make_url

from app.infrastructure.security.keys import ensure_key_file
from tests.container import Image, Mount, build, in_context, obstacle, parse, patterns_of
from tests.servers import Servers

PROJECT = Path(__file__).parents[2]
CONTAINERFILE = PROJECT / "Containerfile"
HOST = "api.example.com"
READY_SECONDS = 60
STOP_SECONDS = 10
REFUSAL_SECONDS = 5


@dataclass
class Running:
    """A container that runs: its first process as this machine sees it, and a client that speaks to it."""

    process: subprocess.Popen[str]
    first: psutil.Process
    client: httpx.Client

    def stop(self) -> tuple[int, str]:
        """What an engine's stop does; gives the exit code and all that was printed."""
        self.first.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate(timeout=STOP_SECONDS)
        return self.process.returncode, output


@dataclass
class Deployment:
    """The image with complete settings for production, and everything that these lead to."""

    image: Image
    env: dict[str, str]
    mounts: Sequence[Mount]

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = self.image.command(argv, env=self.env, mounts=self.mounts)
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)  # noqa: S603 -- ours

    def healthy(self) -> bool:
        """What an engine makes of the image's HEALTHCHECK."""
        return self.run(*self.image.healthcheck).returncode == 0

    @contextmanager
    def serving(self) -> Generator[Running]:
        """Run the image's own command until it is ready, and kill it at the end if it still runs."""
        command = self.image.command(self.image.cmd, env=self.env, mounts=self.mounts)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603 -- ours
        address = f"http://127.0.0.1:{self.env['LITESTAR_PORT']}"
        try:
            with httpx.Client(base_url=address, headers={"Host": HOST}, timeout=10) as client:
                _wait_until(lambda: process.poll() is not None or _ready(client))
                assert process.poll() is None, process.communicate()[0]
                yield Running(process, psutil.Process(process.pid).children()[0], client)
        finally:
            process.kill()
            process.communicate()


def _ready(client: httpx.Client) -> bool:
    try:
        return client.get("/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)


@contextmanager
def _port_to(path: str) -> Generator[int]:
    """A TCP port on loopback, as production has it, in front of a server that listens on a Unix socket."""
    loop = asyncio.new_event_loop()
    links: set[asyncio.Task[None]] = set()

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.close()

    async def link(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(path)
        for ends in ((reader, back), (there, writer)):
            task = loop.create_task(pump(*ends))
            links.add(task)
            task.add_done_callback(links.discard)

    async def finish(server: asyncio.Server) -> None:
        server.close()
        for task in links:
            task.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    server = loop.run_until_complete(asyncio.start_server(link, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield int(server.sockets[0].getsockname()[1])
    asyncio.run_coroutine_threadsafe(finish(server), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture(scope="module")
def image(servers: Servers) -> Image:
    """Built once, whichever worker comes first."""
    if reason := obstacle():
        pytest.skip(reason)
    directory = servers.directory / "container"
    kept = directory / "image"
    with (servers.directory / "container.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            directory.mkdir()
            kept.write_bytes(pickle.dumps(build(PROJECT, directory)))
    built: Image = pickle.loads(kept.read_bytes())  # noqa: S301 -- written above
    return built


@pytest.fixture(scope="module")
def deployment(image: Image, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A database of a role without privileges, migrated by the image itself; secrets in files of the image's user."""
    role, password = "evenstar_container", secrets.token_hex(16)
    directory = tmp_path_factory.mktemp("secrets")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with servers.blank() as blank:
        url = make_url(blank)
        asyncio.run(_give_away(blank, role, password))
        postgres = f"{url.query['host']}/.s.PGSQL.5432"
        valkey = urlsplit(servers.redis_url)
        with _port_to(postgres) as database_port, _port_to(valkey.path) as redis_port:
            files = {
                "database-url": f"postgresql://{role}:{password}@127.0.0.1:{database_port}/{url.database}",
                "secret-key": secrets.token_urlsafe(48),
            }
            ensure_key_file(directory / "signing-keys.json")
            for name, text in files.items():
                (directory / name).write_text(text)
            for path in directory.iterdir():
                path.chmod(0o600)
                if os.geteuid() == 0:
                    os.chown(path, *map(int, image.user.split(":")))
            directory.chmod(0o755)
            deployment = Deployment(
                image,
                {
                    "BASE_URL": f"https://{HOST}",
                    "ALLOWED_HOSTS": HOST,
                    "DATABASE_URL_FILE": "/run/secrets/database-url",
                    "REDIS_URL": f"redis://127.0.0.1:{redis_port}/{parse_qs(valkey.query)['db'][0]}",
                    "SECRET_KEY_FILE": "/run/secrets/secret-key",
                    "SIGNING_KEYS_FILE": "/run/secrets/signing-keys.json",
                    "AUTH_EMAIL_VERIFICATION": "optional",
                    "LITESTAR_PORT": str(port),
                },
                [Mount(directory, "/run/secrets")],
            )
            migrated = deployment.run("litestar", "database", "upgrade", "--no-prompt")
            assert migrated.returncode == 0, migrated.stdout
            yield deployment
    asyncio.run(_drop_role(servers.running.database_url, role))


async def _give_away(url: str, role: str, password: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
    database = await connection.fetchval("SELECT quote_ident(current_database())")
    await connection.execute(f"ALTER DATABASE {database} OWNER TO {role}")
    await connection.close()


async def _drop_role(url: str, role: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(f"DROP ROLE {role}")
    await connection.close()


def test_hadolint_finds_nothing_and_is_told_to_overlook_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    found = subprocess.run([hadolint, "--no-color", CONTAINERFILE], capture_output=True, text=True, check=False)  # noqa: S603 -- ours
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
    assert "hadolint" not in CONTAINERFILE.read_text()
    assert not list(PROJECT.glob(".hadolint*"))


def test_everything_that_is_fetched_has_an_exact_version() -> None:
    steps = parse(CONTAINERFILE.read_text())
    bases = [step.rest for step in steps if step.name == "FROM"]
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-[a-z]+ AS base", bases[0])
    assert bases[1:] == ["base AS build", "base"]
    fetching = [step.rest for step in steps if step.name == "RUN" and re.search("pip install|apt|curl|wget", step.rest)]
    assert len(fetching) == 1
    assert re.fullmatch(r"pip install --no-cache-dir uv==\d+\.\d+\.\d+", fetching[0])
    assert not {"ADD", "ARG", "ONBUILD"} & {step.name for step in steps}
    assert "://" not in CONTAINERFILE.read_text()


def test_the_context_holds_sources_and_nothing_else() -> None:
    patterns = patterns_of(PROJECT)

    def sent(path: str) -> bool:
        return in_context(PurePath(path), patterns)

    assert all(map(sent, ("pyproject.toml", "README.md", "app/asgi.py", "db/migrations/script.py.mako")))
    kept = (".env", ".data/signing-keys.json", ".git/config", ".venv/pyvenv.cfg", "tests/conftest.py", "uv.lock")
    hidden = ("app/.env", "db/fixtures/.env.local", "app/__pycache__/asgi.cpython-311.pyc", "db/x.pyc", "Containerfile")
    assert not any(map(sent, (*kept, *hidden)))
