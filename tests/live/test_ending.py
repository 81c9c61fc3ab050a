"""How `litestar run` ends: on a signal, by a kill, with its terminal; and that nothing is left or lost."""

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest

from app.infrastructure.serving.supervisor import RETRY_SECONDS
from tests.live.conftest import UNLIMITED, Launch, Measured
from tests.live.data import query
from tests.live.http import Answer, Client, clients
from tests.live.load import PASSWORD, Journal, Load
from tests.live.processes import free_port, wait_until
from tests.live.server import Server


def kill_launcher(server: Server) -> None:
    server.launcher.kill()


def kill_worker_and_stop(server: Server) -> None:
    server.workers[0].kill()
    server.process.terminate()


def kill_everything(server: Server) -> None:
    server.kill_all()


def stop(server: Server) -> None:
    server.process.terminate()


def assert_kept(server: Server, journals: list[Journal]) -> None:
    rows = {
        str(row["id"]): str(row["title"])
        for row in query(server.data_dir, "SELECT id, title FROM todos WHERE deleted_at IS NULL")
    }
    users = {str(row["email"]) for row in query(server.data_dir, "SELECT email FROM users")}
    for journal in journals:
        mine = {key: title for key, title in rows.items() if title.startswith(journal.name)}
        journal.assert_kept(mine, users)


def end_under_load(launch: Launch, ways: list[Callable[[Server], None]], *, clients: int) -> None:
    """End a server in each of the ways while it is used; the next one starts at once, in the same place."""
    port = free_port()
    journals: list[Journal] = []
    for way in ways:
        server = launch(port=port, environment=UNLIMITED)
        assert_kept(server, journals)
        load = Load.start(port, clients=clients, seconds=120)
        wait_until(lambda: server.answered("POST", "/api/todos") > 20 * clients, 60)  # noqa: B023 -- called here
        way(server)
        server.await_end()
        server.assert_gone()
        journals.append(load.journal())
        assert journals[-1].titles
        assert not journals[-1].refused()
    server = launch(port=port)
    assert_kept(server, journals)
    assert server.stop() == 0


def test_no_way_of_dying_loses_what_was_acknowledged_or_leaves_a_process(launch: Launch) -> None:
    end_under_load(launch, [kill_launcher, kill_worker_and_stop, kill_everything], clients=2)


@pytest.mark.soak
def test_ten_kills_of_everything_under_load_lose_nothing_that_was_acknowledged(launch: Launch) -> None:
    end_under_load(launch, [kill_everything] * 10, clients=20)


def test_requests_under_way_are_answered_when_it_is_told_to_stop(launch: Launch) -> None:
    # whose twenty hashes take a busy machine less than the ten seconds that a worker has to end
    server = launch(environment={**UNLIMITED, "BCRYPT_COST": "10"})

    async def sign_up(client: Client, number: int) -> Answer:
        person = {"email": f"{number}@example.com", "password": PASSWORD, "name": "Ada"}
        return await client.call("POST", "/api/auth/register", person)

    async def sign_up_while_it_stops() -> list[int]:
        async with clients(server.port, 22) as (idle, first, *others):
            assert (await idle.call("GET", "/health/live")).status == 200
            assert (await sign_up(first, 0)).status == 201
            # a connection that nobody has taken yet when a server ends is refused, and rightly
            for other in others:
                assert (await other.call("GET", "/health/live")).status == 200
            calls = [asyncio.create_task(sign_up(other, number)) for number, other in enumerate(others, start=1)]
            await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            server.process.send_signal(signal.SIGTERM)
            return [answer.status for answer in await asyncio.gather(*calls)]

    assert asyncio.run(sign_up_while_it_stops()) == [201] * 20
    assert server.await_end() == 0
    server.assert_gone()
    assert [line["event"] for line in server.lines()][-2:] == ["stopping", "stopped"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_its_worker_still_loads_is_not_missed(launch: Launch, number: signal.Signals) -> None:
    server = launch("--wc", "2", ready=False)
    wait_until(lambda: _loading(server), 30)
    server.process.send_signal(number)
    assert server.await_end() == 0
    server.assert_gone()
    # as would a worker be that had missed it, ten seconds later
    assert "is killed" not in server.output
    assert "ended unexpectedly" not in server.output
    assert server.errors == ""


def test_a_worker_that_does_not_end_is_killed(launch: Launch) -> None:
    server = launch("--timeout-graceful-shutdown", "1")
    server.workers[0].suspend()
    assert server.stop() == 0
    assert [line["event"] for line in server.lines()][-2:] == ["a worker did not end in time and is killed", "stopped"]


def test_a_worker_that_still_loads_ends_with_its_launcher(launch: Launch) -> None:
    server = launch(ready=False)
    wait_until(lambda: _loading(server), 30)
    server.launcher.kill()
    server.await_end()
    server.assert_gone()


def _loading(server: Server) -> bool:
    with suppress(psutil.Error, ValueError):
        return bool(server.workers)
    return False


def test_the_end_of_its_terminal_is_its_own(launch: Launch) -> None:
    server = launch(terminal=True)
    server.close_terminal()
    server.await_end()
    server.assert_gone()


@pytest.mark.soak
def test_a_killed_only_worker_is_back_within_two_seconds_and_refuses_nobody(launch: Launch, measured: Measured) -> None:
    server = launch()
    seconds: list[float] = []
    for _ in range(3):
        # one that ends sooner is taken for one that cannot start, and is not replaced at once
        time.sleep(RETRY_SECONDS)
        began = time.monotonic()
        victim = server.workers[0]
        victim.kill()
        psutil.wait_procs([victim])
        assert server.get("/health/live", timeout=30)[0] == 200
        seconds.append(round(time.monotonic() - began, 2))
    measured("seconds", seconds)
    assert min(seconds) < 2
