"""Any number of todos in an empty database: the rows of some people, multiplied by PostgreSQL itself.

Every id and every reference to one is changed in the same way in all rows of a copy, so that they refer to each other
as they did. A todo's copies follow upon it: everybody's lie among everybody else's, as they do where all write at once.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import asyncpg
from sqlalchemy import Uuid
from sqlalchemy.inspection import inspect as mapped

from app.domain.access import UserRole
from app.foundation import SystemClock, access_tokens
from app.infrastructure.database.base import Model
from app.infrastructure.database.models import Todo, User
from app.settings import Settings
from tests.load.prepare import TABLES, connect, prepare
from tests.load.works import Person

TODOS_EACH: Final = 100
PEOPLE: Final = 50
"""Whose rows are made one by one, before they are multiplied."""

# the last group of an id is all chance; the copy's number takes its place
_ID: Final = "overlay({0}::text PLACING lpad(to_hex(copy), 12, '0') FROM 25)::uuid"
_OWN: Final[Mapping[type[Model], Mapping[str, str]]] = {
    User: {"email": "copy || '.' || email", "email_canonical": "copy || '.' || email_canonical"}
}

_FIT: Final = (
    "SET LOCAL maintenance_work_mem = '1GB'",
    "SET LOCAL max_parallel_maintenance_workers = 2",
    "SET LOCAL work_mem = '256MB'",
)

_CONSTRAINTS: Final = """
SELECT format('ALTER TABLE todos DROP CONSTRAINT %I', conname),
    format('ALTER TABLE todos ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE conrelid = 'todos'::regclass AND contype IN ('f', 'u') ORDER BY contype DESC
"""
_INDEXES: Final = """
SELECT format('DROP INDEX %I', relname), pg_get_indexdef(indexrelid)
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE indrelid = 'todos'::regclass AND NOT indisprimary
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype = 'u')
"""

_SAMPLE: Final = """
WITH numbered AS (
    SELECT id, user_id, row_number() OVER (ORDER BY id) - 1 AS number, count(*) OVER () AS count FROM sessions
)
SELECT chosen.id, chosen.user_id, array_agg(todos.id ORDER BY todos.id) AS todos,
    array_agg(todos.id ORDER BY todos.id) FILTER (WHERE todos.status = 'open') AS open,
    (array_agg(todos.title ORDER BY todos.id))[:5] AS titles
FROM numbered AS chosen
JOIN lists ON lists.owner_id = chosen.user_id AND lists.is_inbox
JOIN todos ON todos.list_id = lists.id
WHERE number % greatest(1, count / $1) = 0 AND number / greatest(1, count / $1) < $1
GROUP BY chosen.id, chosen.user_id
ORDER BY chosen.id
"""


async def fill(settings: Settings, todos: int) -> int:
    """Store at least so many todos, a hundred of each person; returns how many there are."""
    people = max(1, min(PEOPLE, todos // TODOS_EACH))
    await prepare(settings, users=people, todos=TODOS_EACH, tokens=0)
    copies = -(-todos // (people * TODOS_EACH)) - 1
    connection = await connect(settings)
    try:
        for model in (table for table in TABLES if table is not Todo):
            await connection.execute(_multiplied(model, mapped(model).local_table.description, copies))
        async with connection.transaction():
            await _execute(connection, _FIT)
            await _multiply_todos(connection, copies)
        await connection.execute("VACUUM ANALYZE")
        stored: int = await connection.fetchval("SELECT count(*) FROM todos")
        return stored
    finally:
        await connection.close()


async def people_of(settings: Settings, number: int) -> list[Person]:
    """So many of those who are stored, or all there are, spread over all of them; with tokens of this moment."""
    clock = SystemClock()
    signer = access_tokens(settings, clock)
    connection = await connect(settings)
    try:
        return [
            Person(
                signer.issue(row["user_id"], row["id"], UserRole.USER, clock.now()),
                todos=[str(each) for each in row["todos"]],
                open=[str(each) for each in row["open"]],
                words=[word.strip(".").lower() for title in row["titles"] for word in title.split() if len(word) > 3],
            )
            for row in await connection.fetch(_SAMPLE, number)
        ]
    finally:
        await connection.close()


async def _multiply_todos(connection: "asyncpg.Connection[Any]", copies: int) -> None:
    """Without their indexes, which are built afterwards.

    A table that is emptied in the transaction that fills it is not logged, where PostgreSQL is set up for that.
    """
    rebuilt = [*await connection.fetch(_CONSTRAINTS), *await connection.fetch(_INDEXES)]
    columns = ", ".join(_columns(Todo))
    await _execute(connection, (drop for drop, _ in rebuilt))
    await _execute(
        connection,
        (
            "CREATE TEMPORARY TABLE made ON COMMIT DROP AS SELECT * FROM todos ORDER BY created_at, id",
            "TRUNCATE todos CASCADE",
            f"INSERT INTO todos ({columns}) SELECT {columns} FROM made",  # noqa: S608 -- the model's names
            _multiplied(Todo, "made", copies),
            *(build for _, build in reversed(rebuilt)),
        ),
    )


def _columns(model: type[Model]) -> list[str]:
    return [column.name for column in mapped(model).columns if column.computed is None]


def _multiplied(model: type[Model], source: str, copies: int) -> str:
    """The statement that adds so many copies of the source's rows, all of a row's one after the other."""
    own = _OWN.get(model, {})
    ids = {column.name for column in mapped(model).columns if isinstance(column.type, Uuid)}
    columns = _columns(model)
    values = (own.get(name, _ID.format(name) if name in ids else name) for name in columns)
    # that the copies are counted for each row is what keeps the planner to this order
    return (
        f"INSERT INTO {mapped(model).local_table.description} ({', '.join(columns)}) "  # noqa: S608 -- the model's names
        f"SELECT {', '.join(values)} FROM {source}, LATERAL generate_series(1, {copies} + 0 * version::int) AS copy"
    )


async def _execute(connection: "asyncpg.Connection[Any]", statements: Iterable[str]) -> None:
    for statement in statements:
        await connection.execute(statement)
