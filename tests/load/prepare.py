"""Fills the database of `DATABASE_URL` for a load test, and prints who may sign in to what.

    uv run python -m tests.load.prepare [--users 1000] [--todos 100] [--tokens 200]

Run it beside a server, in its directory and environment, for the tokens are signed with the server's key. Each run
adds other people. On standard output stands one JSON line for each of the first users: `{"token", "todoIds"}`.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
from sqlalchemy.inspection import inspect as mapped

from app.domain.todos import TodoStatus
from app.foundation import SystemClock, access_tokens, addresses
from app.infrastructure.database.base import Model
from app.infrastructure.database.engine import connection_target
from app.infrastructure.database.models import Membership, Session, Todo, TodoList, User
from app.settings import Settings
from db.factories import reseed
from db.factories.accounts import SessionFactory, UserFactory
from db.factories.lists import inbox_of
from db.factories.todos import TodoFactory

TABLES: Final[tuple[type[Model], ...]] = (User, Session, TodoList, Membership, Todo)
"""In the order in which their rows refer to each other."""

PEOPLE_AT_ONCE: Final = 50
AGE: Final = timedelta(days=365)


def rows_of_one_user(now: datetime, todos: int) -> list[Model]:
    """A user with a session that goes on, and an inbox with todos of the year past, every third of them done."""
    user = UserFactory.build(created_at=now - AGE, updated_at=now - AGE)
    session = SessionFactory.build(
        user_id=user.id,
        created_at=now,
        updated_at=now,
        last_seen_at=now,
        idle_expires_at=now + timedelta(days=7),
        expires_at=now + timedelta(days=30),
    )
    inbox, membership = inbox_of(user.id)
    rows: list[Model] = [user, session, inbox, membership]
    for index in range(todos):
        written = now - AGE * (todos - index) / (todos + 1)
        done = index % 3 == 0
        rows.append(
            TodoFactory.build(
                list_id=inbox.id,
                status=TodoStatus.COMPLETED if done else TodoStatus.OPEN,
                completed_at=written + timedelta(hours=1) if done else None,
                completed_by=user.id if done else None,
                created_by=user.id,
                created_at=written,
                updated_at=written,
            )
        )
    return rows


async def copy(connection: "asyncpg.Connection[Any]", rows: Sequence[Model]) -> None:
    """Store rows of any of the `TABLES`."""
    for model in TABLES:
        columns = [column for column in mapped(model).columns if column.computed is None]
        await connection.copy_records_to_table(
            mapped(model).local_table.description,
            columns=[column.name for column in columns],
            records=[tuple(getattr(row, column.key) for column in columns) for row in rows if type(row) is model],
        )


async def connect(settings: Settings) -> "asyncpg.Connection[Any]":
    """A connection to the server's own database."""
    url, arguments = connection_target(addresses(settings).database_url)
    query = {name: value for name, value in url.query.items() if name in {"host", "passfile"}}
    return await asyncpg.connect(
        **{"host": url.host, "port": url.port, **query},
        user=url.username,
        password=url.password,
        database=url.database,
        **arguments,
    )


def batches(now: datetime, users: int, todos: int) -> Iterator[list[Model]]:
    """The rows of some people at a time, so that memory does not grow with their number."""
    for start in range(0, users, PEOPLE_AT_ONCE):
        yield [row for _ in range(start, min(start + PEOPLE_AT_ONCE, users)) for row in rows_of_one_user(now, todos)]


async def prepare(settings: Settings, *, users: int, todos: int, tokens: int) -> list[dict[str, Any]]:
    """Store people and their todos; returns the tokens and todo ids of the first `tokens` of them."""
    clock = SystemClock()
    now = clock.now()
    signer = access_tokens(settings, clock)
    found: list[dict[str, Any]] = []
    connection = await connect(settings)
    try:
        for rows in batches(now, users, todos):
            async with connection.transaction():
                await copy(connection, rows)
            sessions = {row.user_id: row for row in rows if isinstance(row, Session)}
            found += [
                {
                    "token": signer.issue(user.id, sessions[user.id].id, user.role, now),
                    "todoIds": [str(row.id) for row in rows if isinstance(row, Todo) and row.created_by == user.id],
                }
                for user in [row for row in rows if isinstance(row, User)][: tokens - len(found)]
            ]
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return found


def main() -> None:
    """Read the arguments, fill the database, print the lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--todos", type=int, default=100, help="of each user")
    parser.add_argument("--tokens", type=int, default=200, help="the users whose lines are printed")
    parser.add_argument("--seed", type=int, default=time.time_ns(), help="the same people again, for an empty database")
    given = parser.parse_args()
    reseed(given.seed)
    lines = asyncio.run(prepare(Settings.load(), users=given.users, todos=given.todos, tokens=given.tokens))
    print("\n".join(map(json.dumps, lines)))  # noqa: T201 -- what it is for


if __name__ == "__main__":
    main()
