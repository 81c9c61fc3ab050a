"""The suite's own servers and its watch over processes, seen from runs of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from redis.asyncio import Redis

from tests.db.schema import execute, query
from tests.servers import Servers

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 120.0

STORES = """
import asyncio
from sqlalchemy.ext.asyncio import AsyncSession
from db.factories import UserFactory
from tests.db.schema import open_engine

async def store(url):
    async with AsyncSession(open_engine(url)) as session:
        session.add_all(UserFactory.batch(3))
        await session.commit()

def test_stores(database_url, servers):
    asyncio.run(store(database_url))
    with open("directory", "w") as file:
        file.write(str(servers.directory))
"""
LEAVES = """
import subprocess

def test_leaves_a_process():
    process = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    with open("pid", "w") as file:
        file.write(str(process.pid))
    process.returncode = 0  # nobody is told of it
"""
HANGS = """
import time
from test_stores import test_stores

def test_hangs():
    time.sleep(1000)
"""


def start(place: Path, *files: str, workers: int = 0) -> "subprocess.Popen[str]":
    """Start a run of the suite's fixtures over other tests, in a directory of its own."""
    place.mkdir(exist_ok=True)
    for name, text in (("test_stores", STORES), ("test_leaves", LEAVES), ("test_hangs", HANGS)):
        (place / f"{name}.py").write_text(text)
    plugins = ["-p", "tests.conftest", "-p", "no:cacheprovider"]
    return subprocess.Popen(  # noqa: S603 -- this interpreter and the tests above
        [sys.executable, "-m", "pytest", "-n", str(workers), "-c", PROJECT / "pyproject.toml", *plugins, *files],
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def processes_of(directory: str) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if directory in " ".join(process.info["cmdline"] or ())
    ]


def test_a_database_is_copied_for_whoever_asks_and_dropped_afterwards(servers: Servers, database_url: str) -> None:
    # of this worker: others make and drop theirs meanwhile
    count = f"SELECT count(*) FROM pg_database WHERE datname LIKE 'test_{servers.worker}_%'"  # noqa: S608 -- our own
    before = query(database_url, count)
    with servers.clone() as one, servers.clone() as other:
        execute(one, "INSERT INTO alembic_versions VALUES ('mark')")
        assert len(query(one, "SELECT FROM alembic_versions")) == 2
        assert len(query(other, "SELECT FROM alembic_versions")) == 1
    assert query(database_url, count) == before


@pytest.mark.anyio
async def test_a_running_test_may_ask_for_a_database(clone_database: Callable[[], str]) -> None:
    assert clone_database() != clone_database()


@pytest.mark.anyio
async def test_each_worker_has_its_own_numbered_database_in_valkey(servers: Servers, redis_url: str) -> None:
    async with Redis.from_url(redis_url) as mine:
        await mine.set("whose", "mine")
        async with Redis.from_url(Servers(servers.directory, worker=servers.worker + 1).redis_url) as next_one:
            assert await next_one.get("whose") is None
        await mine.delete("whose")


@pytest.mark.soak
def test_a_run_that_leaves_a_process_behind_fails_and_ends_it(tmp_path: Path) -> None:
    run = start(tmp_path, "test_leaves.py")
    said, _ = run.communicate(timeout=PATIENCE_SECONDS)
    assert "1 passed" in said
    pid = int((tmp_path / "pid").read_text())
    assert f"{pid}: sleep 1000" in said
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert not psutil.pid_exists(pid)


@pytest.mark.soak
def test_runs_at_the_same_time_do_not_meet_and_leave_nothing(tmp_path: Path) -> None:
    places = [tmp_path / "one", tmp_path / "other"]
    # both make the same accounts
    runs = [start(place, "test_stores.py", workers=workers) for workers, place in enumerate(places)]
    for run, place in zip(runs, places, strict=True):
        said, _ = run.communicate(timeout=PATIENCE_SECONDS)
        assert run.returncode == 0, said
        directory = (place / "directory").read_text()
        assert not Path(directory).exists()
        assert processes_of(directory) == []


@pytest.mark.soak
def test_the_servers_of_a_killed_run_end_and_the_next_run_removes_its_directory(tmp_path: Path) -> None:
    run = start(tmp_path, "test_hangs.py")
    until((tmp_path / "directory").exists)
    directory = (tmp_path / "directory").read_text()
    assert processes_of(directory)
    run.send_signal(signal.SIGKILL)
    run.communicate(timeout=PATIENCE_SECONDS)
    until(lambda: not processes_of(directory))
    assert Path(directory).exists()
    start(tmp_path, "--collect-only", "test_stores.py").communicate(timeout=PATIENCE_SECONDS)
    assert not Path(directory).exists()
