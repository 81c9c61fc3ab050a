import os
import shutil
import signal
from pathlib import Path

import pytest
from redis import Redis

from app.infrastructure.embedded import EmbeddedServers, acquire, release
from tests.infrastructure.embedded.conftest import StartHolder
from tests.infrastructure.embedded.holders import (
    assert_ends,
    kill_all,
    postmaster,
    processes,
    query,
    supervisor,
    valkey,
    wait_until,
)


def commit_a_row(servers: EmbeddedServers) -> None:
    query(servers, "CREATE TABLE kept (word text)")
    query(servers, "INSERT INTO kept VALUES ('here')")


def test_all_end_when_their_only_holder_is_killed(data_dir: Path, hold: StartHolder) -> None:
    holder = hold()
    assert holder.servers
    holder.kill()
    assert_ends(data_dir)
    assert {path.name for path in data_dir.iterdir() if path.is_dir()} == {"pg", "valkey"}


def test_all_end_when_their_only_holder_is_killed_in_its_first_start(fresh_dir: Path, hold: StartHolder) -> None:
    holder = hold()
    wait_until((fresh_dir / "pg.new" / "PG_VERSION").exists)
    holder.kill()
    assert_ends(fresh_dir)
    assert query(hold().servers, "SELECT current_database()") == "app"
    assert not (fresh_dir / "pg.new").exists()


def test_servers_stay_for_as_long_as_anybody_holds_them(data_dir: Path, hold: StartHolder) -> None:
    first, second = hold(), hold()
    assert first.servers == second.servers
    running = processes(data_dir)
    first.kill()
    third = hold()
    assert third.servers == second.servers
    second.kill()
    assert query(third.servers, "SELECT 1") == 1
    assert running.keys() <= processes(data_dir).keys()


@pytest.mark.usefixtures("data_dir")
def test_a_restart_finds_the_servers_still_running(hold: StartHolder) -> None:
    def finds_them() -> bool:
        first = hold()
        began = query(first.servers, "SELECT pg_postmaster_start_time()")
        first.kill()
        second = hold()
        found = query(second.servers, "SELECT pg_postmaster_start_time()")
        second.kill()
        return found == began

    # they wait for a moment only, in which a busy machine may not get so far as to start a process
    assert any(finds_them() for _ in range(5))


def test_starts_while_the_servers_are_stopping_wait_and_start_them_anew(data_dir: Path, hold: StartHolder) -> None:
    first = hold()
    commit_a_row(first.servers)
    os.kill(supervisor(data_dir), signal.SIGTERM)
    holders = [hold() for _ in range(3)]
    for holder in holders:
        assert query(holder.servers, "SELECT word FROM kept") == "here"
    assert supervisor(data_dir)


def test_a_supervisor_that_is_told_to_stop_stops_its_servers(data_dir: Path, hold: StartHolder) -> None:
    assert hold().servers
    os.kill(supervisor(data_dir), signal.SIGTERM)
    assert_ends(data_dir)
    assert "database system is shut down" in (data_dir / "postgres.log").read_text()


@pytest.mark.parametrize("stopped", [valkey, postmaster])
def test_a_server_that_does_not_react_ends_too(data_dir: Path, hold: StartHolder, stopped: object) -> None:
    holder = hold()
    assert holder.servers
    os.kill(valkey(data_dir) if stopped is valkey else postmaster(data_dir), signal.SIGSTOP)
    holder.kill()
    assert_ends(data_dir)


def test_servers_die_with_a_killed_supervisor_and_keep_what_was_committed(data_dir: Path, hold: StartHolder) -> None:
    holder = hold()
    commit_a_row(holder.servers)
    with Redis.from_url(holder.servers.redis_url) as client:
        client.set("kept", "here")
    os.kill(supervisor(data_dir), signal.SIGKILL)
    assert_ends(data_dir)
    again = hold().servers
    assert query(again, "SELECT word FROM kept") == "here"
    with Redis.from_url(again.redis_url) as client:
        assert client.get("kept") == b"here"


@pytest.mark.parametrize("seconds", [0, 1])
def test_whatever_is_killed_under_writes_each_acknowledged_row_is_there(
    data_dir: Path, hold: StartHolder, seconds: int
) -> None:
    last = 0
    for _ in range(3):
        holder = hold(None, "write")
        assert holder.servers
        for _ in range(50 + 200 * seconds):
            last = int(holder.line())
        kill_all(processes(data_dir))
        holder.process.kill()
        rest = holder.process.communicate()[0].splitlines()
        last = int(rest[-1]) if rest else last
        assert_ends(data_dir)
    servers = hold().servers
    # The last one may have been committed without our being told of it.
    assert query(servers, "SELECT max(number) FROM written") in {last, last + 1}
    assert query(servers, "SELECT count(*) - max(number) FROM written") == 0


def test_valkey_alone_comes_back_when_it_dies(data_dir: Path, hold: StartHolder) -> None:
    servers = hold().servers
    began = query(servers, "SELECT pg_postmaster_start_time()")
    with Redis.from_url(servers.redis_url) as client:
        client.set("kept", "here")
    killed = valkey(data_dir)
    os.kill(killed, signal.SIGKILL)
    assert hold().servers == servers
    assert valkey(data_dir) != killed
    with Redis.from_url(servers.redis_url) as client:
        assert client.get("kept") == b"here"
    assert query(servers, "SELECT pg_postmaster_start_time()") == began


def test_postgresql_alone_comes_back_when_it_dies(data_dir: Path, hold: StartHolder) -> None:
    servers = hold().servers
    commit_a_row(servers)
    other, killed = valkey(data_dir), postmaster(data_dir)
    os.kill(killed, signal.SIGKILL)
    assert hold().servers == servers
    assert query(servers, "SELECT word FROM kept") == "here"
    assert postmaster(data_dir) != killed
    assert valkey(data_dir) == other


def test_a_server_that_keeps_dying_is_given_up_and_the_next_start_begins_anew(
    data_dir: Path, hold: StartHolder
) -> None:
    holder = hold()
    assert holder.servers
    running = supervisor(data_dir)

    def kill_valkey() -> bool:
        kill_all(pid for pid, text in processes(data_dir).items() if "valkey-server --port" in text)
        return running not in processes(data_dir)

    wait_until(kill_valkey, 60)
    assert_ends(data_dir)
    assert "Valkey keeps ending" in holder.servers.log.read_text()
    assert query(hold().servers, "SELECT 1") == 1


def test_a_holder_whose_servers_died_acquires_them_again(data_dir: Path) -> None:
    servers = acquire(data_dir)
    os.kill(supervisor(data_dir), signal.SIGKILL)
    assert_ends(data_dir)
    assert acquire(data_dir) == servers
    assert query(servers, "SELECT 1") == 1
    release(data_dir)


def test_servers_end_when_their_directory_is_removed_and_leave_the_next_ones_alone(
    data_dir: Path, hold: StartHolder
) -> None:
    first = hold()
    assert first.servers
    old = processes(data_dir)
    shutil.rmtree(data_dir)
    second = hold(timeout=60)
    assert query(second.servers, "SELECT current_database()") == "app"
    wait_until(lambda: not old.keys() & processes(data_dir).keys())
    assert query(second.servers, "SELECT 1") == 1
    with Redis.from_url(second.servers.redis_url) as client:
        assert client.ping()
