"""Rows that are shared statements' business: no two callers change one at a time, and nobody waits for another's."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    Select,
    Table,
    func,
    insert,
    literal,
    select,
    true,
    update,
)

from app.infrastructure.database.engine import Database, open_database
from app.infrastructure.database.hot import Records, given
from app.infrastructure.database.sharing import TOGETHER, Shared, asked, beside
from app.infrastructure.database.statements import Statements
from tests.infrastructure.database.shared import start, told
from tests.waiting import wait_for_waiting

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("counters")]

COUNTERS = Table(
    "shared_counters", MetaData(), Column("id", Integer, primary_key=True), Column("count", BigInteger, nullable=False)
)

ID: Any = given("id", Integer())
MORE: Any = given("more", BigInteger())


def count_up(*, locking: bool) -> Shared:
    """Adds `more` to the counter `id`, together with others' only to those that nobody holds."""
    places = select(COUNTERS.c.id).where(COUNTERS.c.id == ID)
    alone = (
        update(COUNTERS)
        .where(COUNTERS.c.id == ID)
        .values(count=COUNTERS.c.count + MORE)
        .returning(COUNTERS.c.id, COUNTERS.c.count)
    )
    replaced, types = beside(places.with_for_update(skip_locked=True) if locking else places)
    free = replaced.lateral("free")
    table = asked({**types, "more": BigInteger()})
    chosen = select(free.c.id, table.c.more).select_from(table.join(free, true())).subquery("chosen")
    together = (
        update(COUNTERS)
        .where(COUNTERS.c.id == chosen.c.id)
        .values(count=COUNTERS.c.count + chosen.c.more)
        .returning(COUNTERS.c.id, COUNTERS.c.count, COUNTERS.c.id.label("by"))
    )
    return Shared(alone, together, by="id", again=locking)


COUNT = count_up(locking=False)
COUNT_FREE = count_up(locking=True)


@pytest.fixture
async def counters(database: Database) -> AsyncGenerator[None]:
    """Four of them, at zero, with ids from 1."""
    async with database.engine.begin() as connection:
        await connection.run_sync(COUNTERS.metadata.create_all)
        await connection.execute(insert(COUNTERS), [{"id": number, "count": 0} for number in range(1, 5)])
    yield
    async with database.engine.begin() as connection:
        await connection.run_sync(COUNTERS.metadata.drop_all)


@pytest.fixture
async def wide(database_url: str) -> AsyncGenerator[Statements]:
    """Connections for two more than are at work together."""
    opened = open_database(database_url, pool_size=3 * (TOGETHER + 2), statement_timeout=5)
    yield opened.statements
    await opened.close()


async def counts(observer: Any) -> dict[int, int]:
    return dict(await observer.fetch("SELECT id, count FROM shared_counters"))


async def test_what_stands_deep_within_a_statement_is_each_callers_own_and_what_is_fixed_is_all_callers(
    statements: Statements, sent: list[str]
) -> None:
    within: Select[Any] = select(COUNTERS.c.id).where(COUNTERS.c.id.between(ID, ID + 1), COUNTERS.c.id.in_([1, 2, 4]))
    hot = Shared(select(func.array_agg(COUNTERS.c.id), literal("fixed")).where(COUNTERS.c.id.in_(within)))
    found = await asyncio.gather(*(statements.fetch(hot, {"id": number}) for number in range(1, 5)))
    assert [list(rows[0]) for rows in found] == [[[1, 2], "fixed"], [[2], "fixed"], [[4], "fixed"], [[4], "fixed"]]
    assert await told(sent, hot) == [hot.together.sql]


async def test_two_who_give_what_no_two_may_give_never_share_a_round_trip(
    statements: Statements, sent: list[str], observer: Any
) -> None:
    asking = [(1, 1), (1, 10), (2, 5), (1, 100), (3, 7)]
    found = await asyncio.gather(*(statements.fetch(COUNT, {"id": id_, "more": more}) for id_, more in asking))
    assert [rows[0][0] for rows in found] == [1, 1, 2, 1, 3]
    assert await counts(observer) == {1: 111, 2: 5, 3: 7, 4: 0}
    # each of the three was told of its own step, whichever came first
    steps = sorted(found[place][0][1] for place in (0, 1, 3))
    assert steps[2] == 111
    assert len(set(steps)) == 3
    assert sorted(await told(sent, COUNT)) == sorted([COUNT.together.sql, *[COUNT.sql] * 2])


async def test_who_asks_for_what_is_not_there_has_no_row_and_others_theirs(statements: Statements) -> None:
    asking = [(9, 1), (1, 2), (8, 3)]
    for hot in (COUNT, COUNT_FREE):
        found = await asyncio.gather(*(statements.fetch(hot, {"id": id_, "more": more}) for id_, more in asking))
        assert [len(rows) for rows in found] == [0, 1, 0]


async def test_only_those_wait_for_a_locked_row_who_ask_for_it(
    statements: Statements, sent: list[str], observer: Any, database: Database
) -> None:
    async with database.engine.connect() as connection:
        await connection.execute(select(COUNTERS).where(COUNTERS.c.id == 1).with_for_update())
        waiting, *others = [start(statements, COUNT_FREE, id=id_, more=id_) for id_ in (1, 2, 3)]
        # in one round trip with it, and not after it
        assert [list(rows[0]) for rows in await asyncio.gather(*others)] == [[2, 2], [3, 3]]
        await wait_for_waiting(observer, 1)
        assert not waiting.done()
    assert [list(row) for row in await waiting] == [[1, 1]]
    assert await told(sent, COUNT_FREE) == [COUNT_FREE.together.sql, COUNT_FREE.sql]


async def test_nor_does_who_comes_later_wait_behind_them(wide: Statements, database: Database, observer: Any) -> None:
    async with database.engine.connect() as connection:
        await connection.execute(select(COUNTERS).where(COUNTERS.c.id == 1).with_for_update())
        waiting: list[asyncio.Future[Records]] = []
        for number in range(TOGETHER + 1):
            waiting.append(start(wide, COUNT_FREE, id=1, more=1))
            await wait_for_waiting(observer, number + 1)
        assert [list(row) for row in await wide.fetch(COUNT_FREE, {"id": 4, "more": 4})] == [[4, 4]]
        assert not any(task.done() for task in waiting)
    assert sorted(rows[0][1] for rows in await asyncio.gather(*waiting)) == list(range(1, TOGETHER + 2))
