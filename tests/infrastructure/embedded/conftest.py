"""Each test has a data directory of its own, and leaves no process behind."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import pytest

from tests.infrastructure.embedded.holders import STATE_DIRECTORY, Holder, assert_ends, marks, processes

ROOM = 2 * 1024**3
# Another user is needed to see what root's servers may reach.
collect_ignore = [] if os.geteuid() == 0 else ["test_users.py"]


class StartHolder(Protocol):
    """Start a process that holds a directory's servers, the test's own unless told otherwise."""

    def __call__(
        self,
        data_dir: Path | None = None,
        *extra: str,
        prefix: Sequence[str] = (),
        path: Sequence[Path] = (),
        timeout: float = 30,
    ) -> Holder: ...


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that every user may pass through, with a short path, unlike pytest's own."""
    place = _make_place()
    yield place
    _clean(place)


@pytest.fixture
def fresh_dir(place: Path) -> Iterator[Path]:
    """A data directory that does not exist yet."""
    yield place / "data"
    assert_ends(place / "data")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    """A data directory after its first start."""
    place = _make_place()
    holder = Holder(place / "data")
    assert holder.servers.data_dir == place / "data"
    holder.end()
    assert_ends(place / "data")
    yield place / "data"
    _clean(place)


@pytest.fixture
def data_dir(fresh_dir: Path, cluster: Path) -> Path:
    """A copy of a data directory after its first start, for the making of one takes a second."""
    subprocess.run(["/bin/cp", "-a", str(cluster), str(fresh_dir)], check=True)  # noqa: S603 -- our own paths
    return fresh_dir


@pytest.fixture
def hold(fresh_dir: Path) -> Iterator[StartHolder]:
    """Start holders; whichever still live at the end of the test are killed."""
    holders: list[Holder] = []

    def start(
        data_dir: Path | None = None,
        *extra: str,
        prefix: Sequence[str] = (),
        path: Sequence[Path] = (),
        timeout: float = 30,
    ) -> Holder:
        holders.append(Holder(data_dir or fresh_dir, *extra, prefix=prefix, path=path, timeout=timeout))
        return holders[-1]

    yield start
    for holder in holders:
        holder.kill()
    # Spare the next test the moments in which a restarted holder could still join.
    for pid, text in processes(fresh_dir).items():
        if "embedded.supervisor" in text:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


def _make_place() -> Path:
    """In memory where there is plenty: the making and copying of clusters is what these tests wait for."""
    memory = Path("/dev/shm")  # noqa: S108 -- mkdtemp makes a name that nobody foresees
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > ROOM and not os.statvfs(memory).f_flag & os.ST_NOEXEC
    place = Path(tempfile.mkdtemp(prefix="evenstar-test-", dir=memory if roomy else "/tmp")).resolve()  # noqa: S108 -- as above
    place.chmod(0o755)
    return place


def _clean(place: Path) -> None:
    shutil.rmtree(place)
    for path in STATE_DIRECTORY.glob(marks(place / "data")[1]):
        shutil.rmtree(path)
