"""The suite's own PostgreSQL and Valkey, and what became of the processes that it started.

One pair of servers stands in a directory that the run makes and removes. All xdist workers share it: the first test
that needs a database starts the servers and migrates a template, of which each worker, and each test that asks for
it, gets a copy. What tests write they commit, and every test makes accounts of its own.
"""

import asyncio
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import asyncpg
import psutil
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.infrastructure.database.engine import connection_target
from app.infrastructure.embedded import EmbeddedServers, acquire, release
from app.presentation.cli.database import upgrade

T = TypeVar("T")

TEMPLATE: Final = "evenstar_template"
MARK: Final = "EVENSTAR_TEST_RUN"
"""The environment variable by which the processes that a run started are known, whoever their parent is by now."""

DIRECTORY_PREFIX: Final = "evenstar-tests-"
IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 -- what is made there has a name of its own
ENOUGH_BYTES: Final = 1024**3
END_SECONDS: Final = 5.0
"""How long after the last test everything that the run started may take to end."""


@dataclass
class Servers:
    """The servers as one worker sees them; `worker` counts from 0."""

    directory: Path
    worker: int
    _numbers: Iterator[int] = field(default_factory=count)

    @cached_property
    def running(self) -> EmbeddedServers:
        """The servers, started by whichever worker asks first, with the migrated template in place."""
        running = acquire(self.directory / "data")
        (self.directory / "servers").write_text(str(running.data_dir))
        with (self.directory / "template.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _away_from_the_loop(lambda: _make_template(running.database_url))
        return running

    @property
    def redis_url(self) -> str:
        """This worker's own numbered database in Valkey, which has sixteen."""
        if self.worker > 15:
            raise RuntimeError("Valkey has sixteen numbered databases: use at most -n 16")
        parts = urlsplit(self.running.redis_url)
        query = dict(parse_qsl(parts.query)) | {"db": str(self.worker)}
        # urlunsplit would drop the empty authority of unix:///path
        return f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode(query)}"

    @contextmanager
    def clone(self) -> Generator[str]:
        """A database of its own for as long as it is needed, by its libpq URL: migrated, and empty."""
        with self._database(f'TEMPLATE "{TEMPLATE}" STRATEGY FILE_COPY') as url:
            yield url

    @contextmanager
    def blank(self) -> Generator[str]:
        """A database in which nothing was made yet, by its libpq URL."""
        with self._database("TEMPLATE template0") as url:
            yield url

    @contextmanager
    def _database(self, options: str) -> Generator[str]:
        server, name = self.running.database_url, f"test_{self.worker}_{next(self._numbers)}"
        _execute(server, f'CREATE DATABASE "{name}" {options}')
        yield _database_url(server, name)
        _execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _database_url(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _make_template(url: str) -> None:
    """Migrate a template, once; one that was begun and never finished has another name."""
    if asyncio.run(_query(url, "SELECT 1 FROM pg_database WHERE datname = $1", TEMPLATE)):
        return
    unfinished = f"{TEMPLATE}_unfinished"
    for statement in (
        # a crash of the machine would lose what tests wrote: that is no loss, and each commit is faster for it
        "ALTER ROLE CURRENT_USER SET synchronous_commit = off",
        f'DROP DATABASE IF EXISTS "{unfinished}"',
        f'CREATE DATABASE "{unfinished}" TEMPLATE template0',
    ):
        asyncio.run(_query(url, statement))
    target, arguments = connection_target(_database_url(url, unfinished))
    upgrade(create_async_engine(target, connect_args=arguments, poolclass=NullPool))
    asyncio.run(_query(url, f'ALTER DATABASE "{unfinished}" RENAME TO "{TEMPLATE}"'))


def _execute(url: str, statement: str) -> None:
    _away_from_the_loop(lambda: asyncio.run(_query(url, statement)))


async def _query(url: str, statement: str, *values: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(statement, *values)
    finally:
        await connection.close()


def _away_from_the_loop(work: Callable[[], T]) -> T:
    """Run what starts an event loop where none runs, so that asynchronous tests may ask for it as well."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


@dataclass
class Run:
    """One run of the suite, as its first process keeps it."""

    directory: Path
    lock: int

    @classmethod
    def begin(cls) -> "Run":
        """Make the run's directory, and remove those of runs that were killed."""
        _remove_abandoned()
        directory = Path(tempfile.mkdtemp(prefix=DIRECTORY_PREFIX, dir=_place())).resolve()
        directory.chmod(0o711)  # run by root, PostgreSQL is another user
        lock = os.open(directory / "run.new", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        (directory / "run.new").rename(directory / "run.lock")
        os.environ[MARK] = str(directory)
        return cls(directory, lock)

    def end(self, *places: Path) -> list[str]:
        """Let go of the servers, remove the directory, and end and tell the processes that live on.

        Processes are the run's if they descend from it, carry its mark, or speak of its directory or of one of the
        `places` in their command line.
        """
        data = self.directory / "data"
        release(data)
        with suppress(FileNotFoundError):
            data = Path((self.directory / "servers").read_text())
        needles = [str(place) for place in (self.directory, data, *places)]
        deadline = time.monotonic() + END_SECONDS
        while (left := _processes_of(str(self.directory), needles)) and time.monotonic() < deadline:
            time.sleep(0.05)
        told = [_describe(process) for process in left]
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=END_SECONDS)
        for directory in (data, self.directory):
            shutil.rmtree(directory, ignore_errors=True)
        os.close(self.lock)
        del os.environ[MARK]
        return told


def _place() -> Path:
    """Memory where there is enough of it, for a busy disk makes each new database wait for a second."""
    if os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ENOUGH_BYTES:
        return IN_MEMORY
    return Path(tempfile.gettempdir())


def _remove_abandoned() -> None:
    """Remove the directories of runs that were killed: one that lives holds its lock, a new one has none yet."""
    places = {_place(), Path(tempfile.gettempdir())}
    for directory in (found for place in places for found in place.glob(f"{DIRECTORY_PREFIX}*")):
        with suppress(OSError), (directory / "run.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory)


def _processes_of(mark: str, needles: list[str]) -> list[psutil.Process]:
    mine = psutil.Process()
    descendants = set(mine.children(recursive=True))
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        if process == mine:
            continue
        with suppress(psutil.Error):
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            words = "\0".join(process.cmdline())
            known = process in descendants or any(needle in words for needle in needles)
            if known or process.environ().get(MARK) == mark:
                found.append(process)
    return found


def _describe(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return f"{process.pid}: {' '.join(process.cmdline())[:300]}"
    return str(process.pid)
