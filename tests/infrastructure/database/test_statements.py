"""Hot statements on their own connections: shared fairly, replaced when they break, and never left half way."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import Integer, String, Uuid, cast, func, literal, select

from app.domain.errors import Unavailable
from app.infrastructure.database import statements as pool
from app.infrastructure.database.engine import open_database
from app.infrastructure.database.errors import database_refusals
from app.infrastructure.database.hot import Hot, given
from app.infrastructure.database.statements import Statements
from tests.infrastructure.database.shared import held
from tests.waiting import wait_for_waiting

pytestmark = pytest.mark.anyio

PID = Hot(select(func.pg_backend_pid()))
LOCK = Hot(select(cast(func.pg_advisory_lock_shared(literal(1)), String)))
NUMBER = Hot(select(given("number", Integer()) + 1))
ENDED = Hot(select(func.pg_terminate_backend(given("pid", Integer()))))


async def number(statements: Statements, value: int) -> int:
    return int((await statements.fetch(NUMBER, {"number": value}))[0][0])


async def test_each_execution_gives_its_own_values(statements: Statements) -> None:
    assert await number(statements, 1) == 2
    assert await number(statements, 41) == 42


async def test_what_is_not_given_is_the_same_each_time_even_where_its_number_is_not_fixed(
    statements: Statements,
) -> None:
    hot = Hot(select(given("id", Uuid())).where(literal("b").in_(["a", "b"]), literal(1) == 1))
    for value in (UUID(int=1), UUID(int=2)):
        assert [list(row) for row in await statements.fetch(hot, {"id": value})] == [[value]]


async def test_a_value_that_is_missing_is_no_null(statements: Statements) -> None:
    with pytest.raises(KeyError, match="number"):
        await statements.fetch(NUMBER, {})
    assert await number(statements, 1) == 2


async def test_many_callers_share_the_connections(statements: Statements) -> None:
    answers = await asyncio.gather(*(number(statements, value) for value in range(100)))
    assert answers == list(range(1, 101))
    pids = await asyncio.gather(*(statements.fetch(PID, {}) for _ in range(20)))
    assert len({rows[0][0] for rows in pids}) <= 2


async def test_the_settings_of_a_session_hold_here_too(statements: Statements) -> None:
    hot = Hot(
        select(*(func.current_setting(name) for name in ("application_name", "statement_timeout", "jit", "TimeZone")))
    )
    assert list((await statements.fetch(hot, {}))[0])[:3] == ["evenstar", "5s", "off"]


async def test_whoever_wants_to_see_what_runs_is_shown_each_connection(statements: Statements) -> None:
    seen: list[str] = []

    def watch(connection: "asyncpg.Connection[Any]") -> None:
        connection.add_query_logger(lambda record: seen.append(record.query))

    statements.on_connect = watch
    await number(statements, 1)
    # asyncpg tells them in the loop's next turn
    await asyncio.sleep(0)
    assert seen == [NUMBER.sql]


async def test_where_all_are_busy_one_is_waited_for_and_not_for_ever(statements: Statements, holder: None) -> None:
    assert holder is None
    busy = [asyncio.ensure_future(statements.fetch(LOCK, {})) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable), database_refusals():
        await number(statements, 1)
    for task in busy:
        task.cancel()
    await asyncio.gather(*busy, return_exceptions=True)


async def test_what_a_caller_gives_up_half_way_harms_nobody_else(statements: Statements, holder: None) -> None:
    assert holder is None
    first = [(await statements.fetch(PID, {}))[0][0]]
    # two at work, three in the queue
    waiting = [asyncio.ensure_future(statements.fetch(LOCK, {})) for _ in range(5)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    assert await asyncio.gather(*(number(statements, value) for value in range(10))) == list(range(1, 11))
    assert (await statements.fetch(PID, {}))[0][0] not in first


async def test_each_who_waits_for_one_waits_for_their_own_time_and_is_then_turned_away_for_good(
    statements: Statements, observer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(pool, "POOL_TIMEOUT_SECONDS", 0.05)

    async def wait() -> float:
        begun = loop.time()
        with pytest.raises(TimeoutError):
            await number(statements, 1)
        return loop.time() - begun

    async with held(observer):
        busy = [asyncio.ensure_future(statements.fetch(LOCK, {})) for _ in range(2)]
        await wait_for_waiting(observer, len(busy))
        first = [asyncio.create_task(wait()) for _ in range(3)]
        # so that the timer is set for an earlier instant than theirs
        await asyncio.sleep(0.02)
        waited = await asyncio.gather(*first, *(wait() for _ in range(3)))
        # and a timer is set anew for whoever comes when there is none
        waited.append(await wait())
    # the clock's own steps aside
    assert min(waited) > 0.049
    await asyncio.gather(*busy)
    monkeypatch.undo()
    # what comes free goes to none of those who have left
    assert await asyncio.gather(*(number(statements, value) for value in range(10))) == list(range(1, 11))


async def test_who_leaves_in_the_moment_when_a_connection_is_theirs_hands_it_on(database_url: str) -> None:
    database = open_database(database_url, pool_size=1, statement_timeout=5)
    statements = database.statements

    async def pid() -> int:
        [[found]] = await statements.fetch(PID, {})
        return int(found)

    queue: list[asyncio.Task[int]] = []

    async def leave() -> int:
        found = await pid()
        # it has been given to the one behind, who does not know of it yet
        queue[1].cancel()
        return found

    for behind in (1, 0):
        queue[:] = [asyncio.create_task(each) for each in (leave(), *(pid() for _ in range(1 + behind)))]
        first, gone, *others = await asyncio.gather(*queue, return_exceptions=True)
        assert isinstance(gone, asyncio.CancelledError)
        assert others == [first] * behind
        assert await pid() == first
    await database.close()


async def test_a_connection_that_ended_is_replaced(statements: Statements) -> None:
    pid = (await statements.fetch(PID, {}))[0][0]
    with pytest.raises(Unavailable), database_refusals():
        await statements.fetch(ENDED, {"pid": pid})
    assert await number(statements, 1) == 2
    assert (await statements.fetch(PID, {}))[0][0] != pid


async def test_one_that_cannot_be_opened_leaves_its_place_to_the_next(
    statements: Statements, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = asyncpg.connect

    async def refuse(**_: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncpg, "connect", refuse)
    for _ in range(3):
        with pytest.raises(Unavailable), database_refusals():
            await number(statements, 1)
    monkeypatch.setattr(asyncpg, "connect", connect)
    assert await number(statements, 1) == 2


async def test_a_statement_that_takes_too_long_is_given_up(database_url: str, holder: None) -> None:
    assert holder is None
    database = open_database(database_url, pool_size=1, statement_timeout=1)
    try:
        with pytest.raises(Unavailable), database_refusals():
            await database.statements.fetch(LOCK, {})
        assert await number(database.statements, 1) == 2
    finally:
        await database.close()
