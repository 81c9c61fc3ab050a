"""Hot statements on their own connections: shared fairly, replaced when they break, and never left half way."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import Integer, String, Uuid, cast, func, literal, select

from app.domain.errors import Unavailable
from app.infrastructure.database.engine import Database, open_database
from app.infrastructure.database.errors import database_refusals
from app.infrastructure.database.statements import Hot, Statements, given

pytestmark = pytest.mark.anyio

PID = Hot(select(func.pg_backend_pid()))
LOCK = Hot(select(cast(func.pg_advisory_lock_shared(literal(1)), String)))
NUMBER = Hot(select(given("number", Integer()) + 1))
ENDED = Hot(select(func.pg_terminate_backend(given("pid", Integer()))))


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    """Two connections for hot statements."""
    opened = open_database(database_url, pool_size=6, statement_timeout=5)
    yield opened
    await opened.close()


@pytest.fixture
def statements(database: Database) -> Statements:
    return database.statements


@pytest.fixture
async def holder(database: Database) -> AsyncGenerator[None]:
    """Somebody who holds the lock that `LOCK` waits for."""
    async with database.engine.connect() as connection:
        await connection.execute(select(func.pg_advisory_lock(literal(1))))
        yield
        await connection.execute(select(func.pg_advisory_unlock(literal(1))))


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
    busy = [asyncio.create_task(statements.fetch(LOCK, {})) for _ in range(2)]
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
    waiting = [asyncio.create_task(statements.fetch(LOCK, {})) for _ in range(5)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    assert await asyncio.gather(*(number(statements, value) for value in range(10))) == list(range(1, 11))
    assert (await statements.fetch(PID, {}))[0][0] not in first


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
