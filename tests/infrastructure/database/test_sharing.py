"""Statements that many ask for at once share round trips, and nothing else: neither rows, nor failures, nor waits."""

import asyncio
import gc
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID
from weakref import ref

import asyncpg
import pytest
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    String,
    Time,
    Uuid,
    case,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.types import TypeEngine

from app.domain.errors import Unavailable
from app.infrastructure.database import statements as pool
from app.infrastructure.database.engine import Database, open_database
from app.infrastructure.database.errors import database_refusals
from app.infrastructure.database.hot import Hot, Records, given
from app.infrastructure.database.sharing import FEW, MOST, TOGETHER, Shared
from app.infrastructure.database.statements import Statements
from tests.infrastructure.database.shared import WAIT, answers, held, start, told, where_zero
from tests.waiting import wait_for_waiting

pytestmark = pytest.mark.anyio

PID = Hot(select(func.pg_backend_pid()))
NUMBER = Shared(select((given("number", Integer()) + 1).label("number")))
TEXT = Shared(select(given("text", String()).label("the_text")))
EVEN = Shared(select((given("number", Integer()) * 10).label("ten")).where(given("number", Integer()) % 2 == 0))
QUOTIENT = Shared(select((100 // given("number", Integer())).label("quotient")))
WAIT_AGAIN = Shared(WAIT.statement, again=True)
TRY = Shared(
    select(
        case(
            (given("number", Integer()) == 0, cast(1 / given("number", Integer()), String)),
            (given("number", Integer()) == 9, cast(cast(func.pg_advisory_lock_shared(literal(1)), String), String)),
            else_=cast(given("number", Integer()), String),
        ).label("text")
    ),
    again=True,
)
END = where_zero(func.pg_terminate_backend(func.pg_backend_pid()))


async def test_who_asks_alone_has_the_statement_itself_run(statements: Statements, sent: list[str]) -> None:
    assert await answers(statements, NUMBER, 1) == [2]
    assert await answers(statements, NUMBER, 41) == [42]
    assert await told(sent, NUMBER) == [NUMBER.sql] * 2


async def test_who_ask_in_one_turn_share_a_round_trip_and_each_has_their_own_row_or_none(
    statements: Statements, sent: list[str]
) -> None:
    assert await answers(statements, EVEN, 4, 3, 0, 5, 2, 4) == [40, None, 0, None, 20, 40]
    assert await told(sent, EVEN) == [EVEN.together.sql]


async def test_who_comes_a_turn_after_the_first_shares_the_round_trip(statements: Statements, sent: list[str]) -> None:
    first = start(statements, NUMBER, number=1)
    # the turn in which it asks
    await asyncio.sleep(0)
    second = start(statements, NUMBER, number=2)
    assert [rows[0][0] for rows in await asyncio.gather(first, second)] == [2, 3]
    assert await told(sent, NUMBER) == [NUMBER.together.sql]


async def test_who_ask_for_different_things_share_nothing(statements: Statements, sent: list[str]) -> None:
    found = await asyncio.gather(answers(statements, NUMBER, 1, 2), answers(statements, EVEN, 1, 2))
    assert found == [[2, 3], [None, 20]]
    assert set(await told(sent, NUMBER, EVEN)) == {NUMBER.together.sql, EVEN.together.sql}


async def test_too_many_for_one_round_trip_take_several(statements: Statements, sent: list[str]) -> None:
    numbers = range(2 * MOST + 3)
    assert await answers(statements, NUMBER, *numbers) == [number + 1 for number in numbers]
    assert await told(sent, NUMBER) == [NUMBER.together.sql] * 3


async def test_the_last_one_of_too_many_is_alone(statements: Statements, sent: list[str]) -> None:
    assert await answers(statements, NUMBER, *range(MOST + 1)) == list(range(1, MOST + 2))
    assert sorted(await told(sent, NUMBER)) == sorted([NUMBER.together.sql, NUMBER.sql])


@pytest.mark.parametrize("hot", [WAIT, WAIT_AGAIN])
async def test_who_comes_while_others_are_served_has_company(
    database: Database, statements: Statements, sent: list[str], observer: Any, hot: Shared
) -> None:
    async with held(observer):
        before = [start(statements, hot, number=number) for number in (0, 1)]
        await wait_for_waiting(observer, 1)
        after: list[asyncio.Future[Records]] = []
        for number in range(2, FEW + 1):
            after.append(start(statements, hot, number=number))
            # turns of its own for each
            await asyncio.sleep(0.01)
        assert not any(each.done() for each in after)
    await asyncio.gather(*before)
    assert [rows[0][0] for rows in await asyncio.gather(*after)] == [str(number) for number in range(2, FEW + 1)]
    assert await told(sent, hot) == [hot.together.sql] * 2
    async with database.engine.connect() as connection:
        await connection.execute(select(1))


async def test_nobody_has_to_wait_for_who_waits_for_what_somebody_holds(
    statements: Statements, sent: list[str], observer: Any
) -> None:
    async with held(observer):
        # one of them fails, and so each is asked for alone
        failing, waiting, other = (start(statements, TRY, number=number) for number in (0, 9, 5))
        assert [list(row) for row in await other] == [["5"]]
        with pytest.raises(asyncpg.DivisionByZeroError):
            await failing
        await wait_for_waiting(observer, 1)
        assert await answers(statements, TRY, 7) == ["7"]
        assert not waiting.done()
    await waiting
    # asyncpg tells of each when it has ended
    assert sorted(await told(sent, TRY)) == sorted([*[TRY.together.sql] * 2, *[TRY.sql] * 3])


async def test_who_are_many_are_served_while_others_still_are(
    statements: Statements, sent: list[str], observer: Any
) -> None:
    async with held(observer):
        before = start(statements, WAIT, number=0)
        await wait_for_waiting(observer, 1)
        after = [start(statements, WAIT, number=number) for number in range(FEW)]
        await wait_for_waiting(observer, TOGETHER)
    await asyncio.gather(before, *after)
    assert sorted(await told(sent, WAIT)) == sorted([WAIT.sql, WAIT.together.sql])


async def test_whatever_is_asked_arrives_as_it_was_given(statements: Statements, sent: list[str]) -> None:
    kinds: dict[str, TypeEngine[Any]] = {
        "id": Uuid(),
        "text": String(),
        "at": DateTime(timezone=True),
        "day": Date(),
        "hour": Time(),
        "is": Boolean(),
        "n": BigInteger(),
        "words": ARRAY(String()),
    }
    hot = Shared(select(*(given(name, kind).label(f"the_{name}") for name, kind in kinds.items())))
    hostile = 'Grüße, {"a", NULL}\'\\\x01\u2028\U0001f642'
    at = datetime(2030, 1, 1, 1, 2, 3, 4, UTC)
    whole: list[Any] = [
        UUID(int=7),
        hostile,
        at,
        date(9998, 12, 31),
        time(23, 59, 59, 1),
        True,
        2**63 - 1,
        ["", hostile, "NULL"],
    ]
    least: list[Any] = [UUID(int=8), "", datetime(1970, 1, 1, tzinfo=UTC), date(1, 1, 1), time(), False, -(2**63), []]
    asking: list[list[Any]] = [whole, [None] * len(kinds), least]
    found = await asyncio.gather(*(statements.fetch(hot, dict(zip(kinds, row, strict=True))) for row in asking))
    assert [[list(row) for row in rows] for rows in found] == [[row] for row in asking]
    assert await told(sent, hot) == [hot.together.sql]


def test_bytes_cannot_be_asked_for_as_they_would_not_arrive() -> None:
    with pytest.raises(TypeError):
        Shared(select(given("bytes", LargeBinary()).label("the_bytes")))


async def test_what_fails_for_one_fails_for_nobody_else(statements: Statements, sent: list[str]) -> None:
    first, failed, last = await answers(statements, QUOTIENT, 4, 0, 5)
    assert (first, last) == (25, 20)
    assert isinstance(failed, asyncpg.DivisionByZeroError)
    assert await told(sent, QUOTIENT) == [QUOTIENT.together.sql, *[QUOTIENT.sql] * 3]


async def test_nor_does_what_cannot_even_be_sent(statements: Statements) -> None:
    first, failed, last = await answers(statements, NUMBER, 1, 2**31, 2)
    assert (first, last) == (2, 3)
    assert isinstance(failed, asyncpg.DataError)


async def test_nor_does_what_cannot_even_be_written_down(statements: Statements) -> None:
    found = await asyncio.gather(
        *(statements.fetch(TEXT, {"text": text}) for text in ("a", "\ud800", "b")), return_exceptions=True
    )
    assert isinstance(found[1], asyncpg.DataError)
    assert [list(row) for rows in (found[0], found[2]) if not isinstance(rows, BaseException) for row in rows] == [
        ["a"],
        ["b"],
    ]


async def test_who_gives_up_before_anything_was_sent_is_not_asked_for(statements: Statements, sent: list[str]) -> None:
    gone, other = [start(statements, NUMBER, number=number) for number in (1, 2)]
    await asyncio.sleep(0)
    gone.cancel()
    assert [list(row) for row in await other] == [[3]]
    assert gone.cancelled()
    # who is left is alone
    assert await told(sent, NUMBER) == [NUMBER.sql]


async def test_who_gives_up_half_way_costs_the_others_nothing(statements: Statements, observer: Any) -> None:
    [[pid]] = await statements.fetch(PID, {})
    async with held(observer):
        tasks = [start(statements, WAIT, number=number) for number in (0, 1, 2)]
        await wait_for_waiting(observer, 1)
        for task in tasks[:2]:
            task.cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in found[:2])
    assert [list(row) for row in await tasks[2]] == [["2"]]
    # nor was the connection given up
    assert [list(row) for row in await statements.fetch(PID, {})] == [[pid]]


async def test_a_connection_that_breaks_is_told_to_everybody_and_nobody_is_served_twice(
    statements: Statements, sent: list[str]
) -> None:
    unheard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
    for failure in await answers(statements, END, 1, 0, 2):
        # as one is told who asks alone
        with pytest.raises(Unavailable), database_refusals():
            raise failure
    assert END.sql not in await told(sent, END)
    assert await answers(statements, END, 1, 2) == ["1", "2"]
    gc.collect()
    asyncio.get_running_loop().set_exception_handler(None)
    assert not unheard


async def test_no_connection_in_time_is_told_to_everybody(
    database_url: str, observer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(database_url, pool_size=1, statement_timeout=5)
    unheard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
    async with held(observer):
        busy = start(database.statements, WAIT, number=0)
        await wait_for_waiting(observer, 1)
        monkeypatch.setattr(pool, "POOL_TIMEOUT_SECONDS", 0.01)
        failures = await answers(database.statements, NUMBER, 1, 2, 3)
    monkeypatch.undo()
    assert [type(failure) for failure in failures] == [TimeoutError] * 3
    await busy
    assert await answers(database.statements, NUMBER, 1, 2) == [2, 3]
    await database.close()
    del failures
    gc.collect()
    asyncio.get_running_loop().set_exception_handler(None)
    assert not unheard


class Watched(Shared):
    """One of which can be told when it is no more."""

    __slots__ = ("__weakref__",)


async def test_statements_that_nobody_runs_any_more_are_forgotten(
    statements: Statements, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "REMEMBERED", 4)
    watched = [Watched(select(given("number", Integer()).label(f"number_{place}"))) for place in range(5)]
    assert [await answers(statements, hot, 1, 2) for hot in watched] == [[1, 2]] * len(watched)
    first, *others = [ref(hot) for hot in watched]
    del watched
    gc.collect()
    assert first() is None
    assert all(other() is not None for other in others)
