"""A person's todos, with every kind of value in them, as JSON of either making."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import DateTime, String, cast, null, select

from app.application.todos.schemas import Todo
from app.domain.access import Actor
from app.domain.recurrence import Anchor
from app.domain.todos import TAG_NAME_MAX, TAGS_MAX, Priority, TodoStatus
from app.infrastructure.database import models
from app.infrastructure.database.engine import Database
from app.infrastructure.database.repositories.encoding import TOLD_BY, encoded
from app.infrastructure.database.repositories.keyset import SortTerm
from app.infrastructure.database.repositories.projection import columns, maker
from app.infrastructure.database.repositories.todos import NOTHING, EncodedRows, TodoRepository
from app.infrastructure.database.repositories.todos_listing import TodoFilters
from app.infrastructure.database.work import Work
from db.factories import TodoFactory, UserFactory, inbox_of
from db.factories.base import made_up_id

ALL: Final = 1000
NEWEST: Final = (SortTerm("created_at", descending=True), SortTerm("id", descending=True))
OLDEST: Final = (SortTerm("created_at", descending=False), SortTerm("id", descending=False))
COLUMNS: Final = columns(Todo, models.Todo)

TEXTS: Final = [
    *(f"a{chr(code)}b" for code in (*range(1, 32), 127, 128, 159, 160, 0xAD)),
    "".join(map(chr, range(1, 128))),
    "",
    " ",
    '"',
    "\\",
    '\\"',
    "\\n \\u0041 \\\\u0000",
    "a/b </script><!-- &amp; '",
    "\u2028\u2029\ufeff\ufffe\uffff\ufffd",
    "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \U0010ffff",
    "e\u0301 \u00e9 \u0915\u094d\u0937 \u202eabc\u202c",
    "\U00010000\ud7ff\ue000",
    "{}", "[]", "null", "true", "{NULL}", "1e400",
    ".000000", "12:00:00.000000", '.000000"', '+00:00"', "2030-01-01T00:00:00.000000Z", "%s $1 :name",
]  # fmt: skip
TAGS: Final = [
    [],
    [""],
    ["NULL"],
    ["null", "NULL", "{}", "{a,b}", "a,b", '"', '""', "\\", "'", " ", "a b", "{", "}", ","],
    ["\u0001", "\t", "\n", "\u2028", "\U0001f600", "e\u0301", ".000000"],
    [f"{number}".rjust(TAG_NAME_MAX, "x") for number in range(TAGS_MAX)],
]
MICROSECONDS: Final = (0, 1, 10, 100_000, 120_000, 999_999)
# the very first and last ones of Python's are asyncpg's words for infinity; the domain lets nobody near them
INSTANTS: Final = [
    dt.datetime(year, month, day, hour, minute, second, fraction, dt.UTC)
    for year, month, day, hour, minute, second in (
        (1, 1, 1, 0, 0, 1),
        (999, 12, 31, 23, 59, 59),
        (1000, 1, 1, 0, 0, 0),
        (1582, 10, 10, 12, 0, 0),
        (1969, 12, 31, 23, 59, 59),
        (2030, 3, 31, 1, 30, 0),
        (9999, 12, 31, 23, 59, 58),
    )
    for fraction in MICROSECONDS
]
DAYS: Final = [dt.date(1, 1, 2), dt.date(999, 2, 28), dt.date(1000, 1, 1), dt.date(2028, 2, 29), dt.date(9999, 12, 30)]
ZONES: Final = ("UTC", "Europe/Berlin", "America/Argentina/ComodRivadavia")
TIMES: Final = [
    dt.time(hour, minute, second, fraction)
    for hour, minute, second in ((0, 0, 0), (9, 5, 0), (12, 0, 0), (23, 59, 59))
    for fraction in MICROSECONDS
]


def texts(found: EncodedRows) -> list[str]:
    """The rows of a page, in its order."""
    return [row.decode() for row in found.rows.values()]


@dataclass
class Home:
    """Somebody's inbox, and what stands in it as each of the two ways has it."""

    database: Database
    owner: UUID
    list_id: UUID

    @property
    def repository(self) -> TodoRepository:
        return TodoRepository(session=Work(self.database.reads, self.database.statements))

    def todo(self, **values: Any) -> models.Todo:
        return TodoFactory.build(list_id=self.list_id, created_by=self.owner, **values)

    async def store(self, *todos: models.Todo) -> None:
        async with self.database.sessions.begin() as session:
            session.add_all(todos)

    async def delete(self, todo: models.Todo) -> None:
        async with self.database.sessions.begin() as session:
            await session.delete(todo)

    async def plain(self, terms: Sequence[SortTerm] = NEWEST, *, limit: int = ALL) -> list[str]:
        found = await self.repository.list_page(Todo, Actor(self.owner), TodoFilters(), terms, limit=limit, after=None)
        return [msgspec.json.encode(each).decode() for each in found]

    async def encoded(
        self, known: EncodedRows = NOTHING, terms: Sequence[SortTerm] = NEWEST, *, limit: int = ALL
    ) -> EncodedRows:
        page = self.repository.page_of(Todo, Actor(self.owner), TodoFilters(), terms, limit=limit, after=None)
        assert page is not None
        return await self.repository.list_encoded(page, known)

    async def assert_same(self, *todos: models.Todo) -> None:
        """Store the todos, and find them to be the same either way, in a page."""
        await self.store(*todos)
        expected = await self.plain()
        assert len(expected) >= sum(todo.deleted_at is None for todo in todos)
        assert_equal(texts(await self.encoded()), expected)

    async def assert_same_in_any_state(self) -> None:
        """All that is stored, trashed or not."""
        shown = columns(Todo, models.Todo)
        query = select(*shown).where(models.Todo.list_id == self.list_id).order_by(models.Todo.id)
        told_by = query.with_only_columns(*(getattr(models.Todo, name) for name in TOLD_BY))
        nothing = {"known": cast(null(), String()), "since": cast(null(), DateTime(timezone=True))}
        async with self.database.reads() as session:
            make = maker(Todo)
            expected = [msgspec.json.encode(make(row)).decode() for row in await session.execute(query)]
            ((_, _, _, found, _),) = await session.execute(encoded(Todo, models.Todo, told_by, **nothing))
        assert_equal([text.decode() for text in found], expected)
        assert any('"deletedAt":"' in text for text in expected)


def assert_equal(found: list[str] | None, expected: list[str]) -> None:
    """The same texts; one of them that differs is shown."""
    assert found is not None
    for one, other in zip(found, expected, strict=True):
        assert one == other, f"{one}\n{other}"


async def make_home(database: Database) -> Home:
    user = UserFactory.build()
    inbox, membership = inbox_of(user.id)
    async with database.sessions.begin() as session:
        for row in (user, inbox, membership):
            session.add(row)
            await session.flush()
    return Home(database, user.id, inbox.id)  # type: ignore[attr-defined]


def everything(home: Home, chance: Random) -> dict[str, Any]:
    """A value by chance for each column that is shown, and that is neither computed nor the row's own place."""
    return {
        "title": chance.choice(TEXTS),
        "notes": chance.choice(TEXTS),
        "status": chance.choice([*TodoStatus]),
        "completed_at": chance.choice(INSTANTS),
        "completed_by": made_up_id(),
        "priority": chance.choice([*Priority]),
        "due_date": chance.choice(DAYS),
        "due_time": chance.choice(TIMES),
        "due_time_zone": chance.choice(ZONES),
        "due_at": chance.choice(INSTANTS),
        "recurrence_rule": chance.choice(TEXTS),
        "recurrence_anchor": chance.choice([*Anchor]),
        "recurrence_time_zone": chance.choice(ZONES),
        "tags": chance.choice(TAGS),
        "assignee_id": home.owner,
        "created_at": chance.choice(INSTANTS),
        "updated_at": chance.choice(INSTANTS),
        "deleted_at": chance.choice(INSTANTS),
        "version": chance.randrange(1, 2**53),
    }
