from collections.abc import AsyncGenerator, Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.infrastructure.database.engine import open_database
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
