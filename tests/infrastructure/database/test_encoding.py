"""JSON that PostgreSQL writes is, byte for byte, what msgspec makes of the Structs, whatever stands in the rows."""

import asyncio
from random import Random
from typing import Any, Final

import asyncpg
import pytest

from app.domain.recurrence import Anchor
from app.domain.todos import NOTES_MAX, TITLE_MAX, Priority, TodoStatus
from app.infrastructure.database import models
from app.infrastructure.database.engine import Database
from app.infrastructure.database.repositories.todos import NOTHING
from tests.infrastructure.database.homes import (
    COLUMNS,
    DAYS,
    INSTANTS,
    NEWEST,
    OLDEST,
    TAGS,
    TEXTS,
    TIMES,
    ZONES,
    Home,
    everything,
    make_home,
    texts,
)

pytestmark = pytest.mark.anyio

SEED: Final = 1906
NULLABLE: Final = sorted(column.name for column in COLUMNS if column.nullable)


async def test_texts_are_written_the_same_in_every_column_that_has_any(home: Home) -> None:
    for column in ("title", "notes", "due_time_zone", "recurrence_rule", "recurrence_time_zone"):
        beside = {"due_date": DAYS[0]} if column == "due_time_zone" else {}
        if column == "recurrence_time_zone":
            beside = {"recurrence_rule": "FREQ=DAILY"}
        fitting = [text for text in TEXTS if len(text) <= 64 or column in {"title", "notes"}]
        await home.assert_same(*(home.todo(**{column: text}, **beside) for text in fitting))
    await home.assert_same(*(home.todo(position=f"{number}{text[:60]}") for number, text in enumerate(TEXTS)))


async def test_the_longest_texts_are_written_the_same(home: Home) -> None:
    texts = ("\u0001", "\U0001f600", '"', "e")
    await home.assert_same(*(home.todo(title=text * TITLE_MAX, notes=text * NOTES_MAX) for text in texts))


async def test_tags_are_written_the_same(home: Home) -> None:
    await home.assert_same(*(home.todo(tags=tags) for tags in TAGS), *(home.todo(tags=[text[:60]]) for text in TEXTS))


@pytest.mark.parametrize("column", ["completed_at", "due_at", "created_at", "updated_at"])
async def test_instants_of_all_years_and_fractions_are_written_the_same(home: Home, column: str) -> None:
    await home.assert_same(*(home.todo(**{column: instant}) for instant in INSTANTS))


async def test_days_and_times_of_day_are_written_the_same(home: Home) -> None:
    zones = (None, *ZONES)
    await home.assert_same(
        *(home.todo(due_date=day, due_time_zone=zone) for day in DAYS for zone in zones),
        *(home.todo(due_date=DAYS[3], due_time=time, due_time_zone=zones[number % 4])
          for number, time in enumerate(TIMES)),
    )  # fmt: skip


async def test_every_status_priority_and_recurrence_is_written_the_same(home: Home) -> None:
    await home.assert_same(
        *(home.todo(status=status, priority=priority) for status in TodoStatus for priority in Priority),
        *(home.todo(recurrence_rule="FREQ=DAILY", recurrence_anchor=anchor, recurrence_time_zone=zone,
                    due_date=day, due_time=time)
          for anchor in Anchor for zone in ZONES for day in DAYS for time in (None, TIMES[4])),
    )  # fmt: skip


async def test_each_column_is_written_the_same_with_a_value_and_without_one(home: Home) -> None:
    values = everything(home, Random(SEED))  # noqa: S311 -- made-up data
    parent = home.todo()
    rows = [home.todo(**values, parent_id=parent.id)]
    # those of a Struct within go with the first of them
    rows += [home.todo(**{"parent_id": parent.id, **values, name: None}) for name in NULLABLE]
    rows += [home.todo(**{"parent_id": parent.id, **values, name: None, "deleted_at": None}) for name in NULLABLE]
    await home.assert_same(parent, *rows)
    await home.assert_same_in_any_state()


async def test_large_versions_are_written_the_same(home: Home) -> None:
    await home.assert_same(*(home.todo(version=version) for version in (1, 2**31, 2**53 - 1, 2**63 - 1)))


async def test_rows_of_chance_are_written_the_same(home: Home) -> None:
    chance = Random(SEED)  # noqa: S311 -- made-up data, the same each time
    todos: list[models.Todo] = []
    for _ in range(300):
        values = everything(home, chance)
        for name in sorted(values):
            if name in NULLABLE and chance.random() < 0.4:
                values[name] = None
        todos.append(home.todo(**values))
    await home.assert_same(*todos)
    await home.assert_same_in_any_state()
    for terms in (NEWEST, OLDEST):
        for limit in (1, 7, 101):
            assert texts(await home.encoded(terms=terms, limit=limit)) == await home.plain(terms, limit=limit)


async def test_several_who_ask_at_once_are_each_given_their_own_in_one_round_trip(database: Database) -> None:
    asked: list[str] = []

    def watch(connection: "asyncpg.Connection[Any]") -> None:
        connection.add_query_logger(lambda record: asked.append(record.query))

    database.statements.on_connect = watch
    # the last one has nothing
    homes = [await make_home(database) for _ in range(6)]
    for number, home in enumerate(homes[:-1]):
        await home.store(*(home.todo(title=f"{number}{text}", tags=[text[:60]]) for text in TEXTS[number:]))
    known = await homes[0].encoded()
    alone = [await home.encoded() for home in homes]
    together = await asyncio.gather(homes[0].encoded(known), *(home.encoded() for home in homes[1:]))
    # asyncpg tells of them in the loop's next turn
    await asyncio.sleep(0)
    assert sum("json_to_recordset" in query for query in asked) == 1
    assert together[0] is known
    assert together[1:] == alone[1:]
    assert together[-1] == NOTHING
    for home, found in zip(homes[1:], together[1:], strict=True):
        assert texts(found) == await home.plain()
