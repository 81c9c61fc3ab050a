"""Servers of a test's own, and one that the tests share which leave it as it is."""

import fcntl
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest

from tests.live.data import copy_data, temporary_place
from tests.live.processes import wait_until
from tests.live.server import PROJECT, Server
from tests.servers import Servers

QUICK: Mapping[str, str] = {"BCRYPT_COST": "10"}
"""Passwords are hashed a quarter as long: what is tested is not how long that takes."""

UNLIMITED: Mapping[str, str] = {
    "RATE_LIMIT_REGISTER": "1000000/60",
    "RATE_LIMIT_LOGIN": "1000000/60",
    "RATE_LIMIT_LOGIN_HOUR": "1000000/60",
    "RATE_LIMIT_REFRESH": "1000000/60",
    "RATE_LIMIT_API": "1000000/60",
}


Measured = Callable[[str, object], None]


class Launch(Protocol):
    """Start a server on a copy of a data directory after its first start, unless told otherwise."""

    def __call__(
        self,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        data_dir: Path | None = None,
        port: int | None = None,
        terminal: bool = False,
        project: Path = PROJECT,
        directory: Path | None = None,
        ready: bool = True,
    ) -> Server: ...


class FirstStart(msgspec.Struct, frozen=True):
    """What became of a start where nothing was."""

    place: str
    seconds: float
    output: str
    errors: str
    exit_code: int

    @property
    def data_dir(self) -> Path:
        """What it made."""
        return Path(self.place) / "data"


@pytest.fixture(scope="session")
def first_start(servers: Servers) -> FirstStart:
    """The run's one start in an empty directory, stopped again; other starts begin with what it made."""
    place = servers.directory / "first-start"
    told = servers.directory / "first-start.json"
    with (servers.directory / "first-start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            place.mkdir(0o711)
            told.write_bytes(msgspec.json.encode(_start_first(place)))
    return msgspec.json.decode(told.read_bytes(), type=FirstStart)


def _start_first(place: Path) -> FirstStart:
    server = Server(place)
    try:
        seconds = server.await_ready()
        exit_code = server.stop()
        return FirstStart(str(place), seconds, server.output, server.errors, exit_code)
    finally:
        server.close()


@contextmanager
def serving(
    first_start: FirstStart, environment: Mapping[str, str], *, workers: int = 1, parent: Path | None = None
) -> Generator[Server]:
    """A server on a copy of what the first start made, with all its workers ready; it must end well."""
    with temporary_place(parent) as place:
        data_dir = copy_data(first_start.data_dir, place / "data")
        server = Server(place, "--workers", str(workers), environment={**QUICK, **environment}, data_dir=data_dir)
        try:
            server.await_ready()
            wait_until(lambda: len(server.told("ready")) == workers, 30)
            yield server
            assert server.stop() == 0
        finally:
            server.close()


@pytest.fixture(scope="session")
def shared(servers: Servers, first_start: FirstStart) -> Iterator[Server]:
    """A server with one worker and no limits to speak of, for tests that neither end nor disturb it."""
    with serving(first_start, UNLIMITED, parent=servers.directory.parent) as server:
        yield server


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    """Tell a figure at the end of the run."""

    def record(what: str, figure: object) -> None:
        request.node.user_properties.append((what, figure))

    return record


def pytest_terminal_summary(terminalreporter: Any) -> None:
    figures = [
        f"{report.nodeid.rpartition('::')[2]}: {what} {figure}"
        for report in terminalreporter.stats.get("passed", [])
        for what, figure in report.user_properties
    ]
    if figures:
        terminalreporter.write_sep("=", "figures")
        for line in figures:
            terminalreporter.write_line(line)


@pytest.fixture
def place(servers: Servers) -> Iterator[Path]:
    with temporary_place(servers.directory.parent) as place:
        yield place


@pytest.fixture
def data_dir(place: Path, first_start: FirstStart) -> Path:
    return copy_data(first_start.data_dir, place / "data")


@pytest.fixture
def launch(place: Path, data_dir: Path) -> Iterator[Launch]:
    """Start servers, which end with the test."""
    servers: list[Server] = []
    default_data_dir = data_dir

    def start(
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        data_dir: Path | None = None,
        port: int | None = None,
        terminal: bool = False,
        project: Path = PROJECT,
        directory: Path | None = None,
        ready: bool = True,
    ) -> Server:
        variables = {**QUICK, **(environment or {})}
        server = Server(
            place,
            *arguments,
            environment=variables,
            data_dir=data_dir or default_data_dir,
            port=port,
            terminal=terminal,
            project=project,
            directory=directory,
        )
        servers.append(server)
        if ready:
            server.await_ready()
        return server

    yield start
    for server in servers:
        server.close()
