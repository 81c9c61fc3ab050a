"""Many clients at once: slow answers perhaps, but answers, and nothing lost."""

import asyncio
import statistics

import pytest

from tests.live.conftest import UNLIMITED, Launch, Measured
from tests.live.data import query
from tests.live.http import Client, clients, percentile
from tests.live.load import PASSWORD, Load
from tests.live.server import Server


def use(server: Server, *, people: int, seconds: float, measured: Measured) -> None:
    journal = Load.start(server.port, clients=people, seconds=seconds).journal()
    measured("requests", sum(journal.statuses.values()))
    measured("slowest", {what: round(slowest, 2) for what, slowest in journal.slowest.items()})
    assert journal.refused() == {}
    assert journal.lost == 0
    assert len(journal.users) == people
    rows = query(server.data_dir, "SELECT id, title FROM todos WHERE deleted_at IS NULL")
    mine = {str(row["id"]): str(row["title"]) for row in rows if row["title"].startswith(journal.name)}
    assert len(mine) == journal.statuses["POST /api/todos 201"] - journal.statuses["DELETE /api/todos/ 204"]
    journal.assert_kept(mine, {str(row["email"]) for row in query(server.data_dir, "SELECT email FROM users")})


def test_ten_clients_at_once_are_all_answered_and_nothing_is_lost(shared: Server, measured: Measured) -> None:
    use(shared, people=10, seconds=5, measured=measured)


@pytest.mark.soak
def test_fifty_clients_for_a_minute_are_all_answered_and_nothing_is_lost(launch: Launch, measured: Measured) -> None:
    server = launch(environment={**UNLIMITED, "BCRYPT_COST": "12"})
    use(server, people=50, seconds=60, measured=measured)


async def _live_times(port: int, sign_ins: int) -> list[float]:
    """How long `/health/live` takes while so many people sign in at once, and for two seconds at the least."""

    async def sign_in(client: Client, number: int) -> int:
        credentials = {"email": f"nobody-{number}@example.com", "password": PASSWORD}
        return (await client.call("POST", "/api/auth/login", credentials)).status

    async with clients(port, sign_ins + 1) as (observer, *others):
        people = asyncio.gather(*(sign_in(client, number) for number, client in enumerate(others)))
        seconds: list[float] = []
        while not people.done():
            answer = await observer.call("GET", "/health/live")
            assert answer.status == 200
            seconds.append(answer.seconds)
            await asyncio.sleep(0)
        # more than may wait for their turn are told to come back
        assert set(await people) <= {401, 503}
    return seconds


def test_pw2_sign_ins_hold_up_nobody_else(shared: Server, measured: Measured) -> None:
    seconds = asyncio.run(_live_times(shared.port, 40))
    measured("answers", len(seconds))
    measured("milliseconds", round(statistics.median(seconds) * 1000, 1))
    # whoever had to wait for a hash at each turn would be answered no more often than passwords are hashed
    assert len(seconds) > 2 * 40


@pytest.mark.soak
def test_pw2_a_hundred_sign_ins_at_once_leave_the_ninety_ninth_percentile_under_fifty_milliseconds(
    launch: Launch, measured: Measured
) -> None:
    server = launch(environment={**UNLIMITED, "BCRYPT_COST": "12"})
    seconds = asyncio.run(_live_times(server.port, 100))
    measured("milliseconds", round(percentile(seconds, 0.99) * 1000, 1))
    assert percentile(seconds, 0.99) < 0.05
