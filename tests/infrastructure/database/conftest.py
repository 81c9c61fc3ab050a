from collections.abc import AsyncGenerator, Iterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.infrastructure.database.engine import Database, open_database
from app.infrastructure.database.statements import Statements
from tests.infrastructure.database.homes import Home, make_home
from tests.infrastructure.database.volume import fill
from tests.servers import Servers


@pytest.fixture(scope="session")
def volume(servers: Servers) -> Iterator[str]:
    """A database with many todos, which nobody changes."""
    with servers.clone() as url:
        fill(url)
        yield url


@pytest.fixture
async def crowded(volume: str) -> AsyncGenerator[AsyncConnection]:
    """A connection to it as the service opens it."""
    database = open_database(volume, pool_size=1, statement_timeout=30)
    async with database.engine.connect() as connection:
        yield connection
    await database.engine.dispose()


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    """Two connections for hot statements."""
    opened = open_database(database_url, pool_size=4, statement_timeout=5)
    yield opened
    await opened.close()


@pytest.fixture
async def home(database: Database) -> Home:
    """Somebody with an empty inbox."""
    return await make_home(database)


@pytest.fixture
def statements(database: Database) -> Statements:
    return database.statements


@pytest.fixture
async def holder(database: Database) -> AsyncGenerator[None]:
    """Somebody who holds the advisory lock 1 until the test is over."""
    async with database.engine.connect() as connection:
        await connection.execute(select(func.pg_advisory_lock(literal(1))))
        yield
        await connection.execute(select(func.pg_advisory_unlock(literal(1))))


@pytest.fixture
def sent(statements: Statements) -> list[str]:
    """What PostgreSQL is asked, statement by statement."""
    seen: list[str] = []

    def watch(connection: "asyncpg.Connection[Any]") -> None:
        connection.add_query_logger(lambda record: seen.append(record.query))

    statements.on_connect = watch
    return seen


@pytest.fixture
async def observer(database_url: str) -> AsyncGenerator[Any]:
    """A connection beside all of the pool's."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()
