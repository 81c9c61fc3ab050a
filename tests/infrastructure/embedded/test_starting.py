import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from redis import Redis

from app.infrastructure.embedded import EmbeddedServersError, acquire, release
from app.infrastructure.embedded.layout import LONGEST_LOG, socket_home
from tests.infrastructure.embedded.conftest import StartHolder
from tests.infrastructure.embedded.holders import (
    assert_ends,
    postmaster,
    processes,
    query,
    supervisor,
    valkey,
)

SETTINGS = {
    "server_encoding": "UTF8",
    "timezone": "UTC",
    "listen_addresses": "",
    "max_connections": "200",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
}


def test_a_first_start_gives_a_safe_postgresql_in_utf8_and_utc(fresh_dir: Path, hold: StartHolder) -> None:
    servers = hold().servers
    assert servers.data_dir == fresh_dir
    assert servers.database_url == f"postgresql://postgres@/app?host={fresh_dir}/run"
    for name, value in SETTINGS.items():
        assert query(servers, f"SHOW {name}") == value, name
    locale = "SELECT datlocprovider::text || ' ' || datlocale FROM pg_database WHERE datname = current_database()"
    assert query(servers, locale) == "b C.UTF-8"
    assert query(servers, "SELECT current_database()") == "app"


def test_a_first_start_gives_a_valkey_that_keeps_what_it_is_told(fresh_dir: Path, hold: StartHolder) -> None:
    servers = hold().servers
    assert servers.redis_url == f"unix://{fresh_dir}/run/valkey.sock?db=0"
    wanted = {"port": "0", "appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}
    with Redis.from_url(servers.redis_url, decode_responses=True) as client:
        assert client.config_get(*wanted) == wanted


def test_nothing_listens_but_on_unix_sockets(data_dir: Path, hold: StartHolder) -> None:
    assert hold().servers
    inodes = {
        line.split()[9]
        for table in ("tcp", "tcp6", "udp", "udp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    }
    assert len(processes(data_dir)) > 3
    for pid in processes(data_dir):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            assert str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]") not in inodes


def test_a_second_start_joins_the_running_servers(data_dir: Path, hold: StartHolder) -> None:
    first, second = hold(), hold()
    assert first.servers == second.servers
    assert supervisor(data_dir)
    assert postmaster(data_dir)
    assert valkey(data_dir)


def test_many_first_starts_at_once_make_one_pair_of_servers(fresh_dir: Path, hold: StartHolder) -> None:
    holders = [hold() for _ in range(5)]
    assert len({holder.servers for holder in holders}) == 1
    # Each of these finds exactly one process.
    assert supervisor(fresh_dir)
    assert postmaster(fresh_dir)
    assert valkey(fresh_dir)


def test_a_process_acquires_once_and_lets_go_once(data_dir: Path) -> None:
    servers = acquire(data_dir)
    assert acquire(data_dir / ".." / data_dir.name) is servers
    release(data_dir)
    assert_ends(data_dir)
    release(data_dir)


def test_a_process_whose_descriptors_were_closed_acquires_again(data_dir: Path, hold: StartHolder) -> None:
    holder = hold(None, "close")
    assert holder.servers
    assert holder.line() == b"True\n"
    assert postmaster(data_dir)


def test_threads_that_acquire_at_once_share_one_hold(data_dir: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        servers = list(threads.map(acquire, [data_dir] * 4))
    assert all(one is servers[0] for one in servers)
    release(data_dir)
    assert_ends(data_dir)


def test_a_forked_child_holds_nothing_of_its_parents(data_dir: Path, hold: StartHolder) -> None:
    holder = hold(None, "fork")
    assert holder.servers
    holder.process.kill()
    assert holder.process.wait(5) < 0
    assert_ends(data_dir)
    holder.tell()
    assert holder.line() == b"True\n"
    assert postmaster(data_dir)


@pytest.mark.usefixtures("data_dir")
def test_a_start_does_not_depend_on_the_environment(hold: StartHolder, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = {"PGDATA": "/nowhere", "PGPORT": "1", "PGOPTIONS": "--no", "LC_ALL": "xx", "TZ": "Asia/Tokyo"}
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    servers = hold().servers
    monkeypatch.undo()
    assert query(servers, "SHOW timezone") == "UTC"


def test_every_file_is_private(fresh_dir: Path, hold: StartHolder) -> None:
    assert hold().servers
    for path in fresh_dir.rglob("*"):
        assert not path.lstat().st_mode & 0o077, path
    # Root's servers run as another user, who must pass through and see nothing.
    assert stat.S_IMODE(fresh_dir.stat().st_mode) == (0o710 if os.geteuid() == 0 else 0o700)


@pytest.mark.parametrize("name", ["long" * 30, "a, b 100%25?host=evil&x#y \u00e4 quo'te\"d", "-c"])
def test_sockets_stand_in_a_private_directory_where_the_path_is_no_good(
    fresh_dir: Path, hold: StartHolder, name: str
) -> None:
    fresh_dir.mkdir(mode=0o755)
    data_dir = fresh_dir / name
    holder = hold(data_dir)
    home = socket_home(data_dir)
    assert holder.servers.data_dir == data_dir
    assert query(holder.servers, "SELECT 1") == 1
    with Redis.from_url(holder.servers.redis_url) as client:
        assert client.ping()
    if home != data_dir:
        assert stat.S_IMODE(home.stat().st_mode) & 0o027 == 0
        assert home.stat().st_uid == os.geteuid()
    holder.kill()
    assert_ends(fresh_dir)
    assert home == data_dir or not home.exists()


def test_a_private_directory_that_others_may_write_to_is_refused(fresh_dir: Path, hold: StartHolder) -> None:
    fresh_dir.mkdir(mode=0o755)
    data_dir = fresh_dir / "a space"
    socket_home(data_dir).mkdir()
    socket_home(data_dir).chmod(0o777)
    try:
        with pytest.raises(EmbeddedServersError, match="is not a private directory of"):
            assert hold(data_dir).servers
    finally:
        socket_home(data_dir).rmdir()


def test_a_log_that_grew_too_long_is_set_aside(data_dir: Path, hold: StartHolder) -> None:
    for name in ("supervisor.log", "postgres.log", "valkey.log"):
        os.truncate(data_dir / name, LONGEST_LOG + 1)
    assert hold().servers.log == data_dir / "supervisor.log"
    for name in ("supervisor.log", "postgres.log", "valkey.log"):
        assert (data_dir / f"{name}.1").stat().st_size == LONGEST_LOG + 1
        assert 0 < (data_dir / name).stat().st_size < 10_000
