from collections.abc import AsyncIterator, Iterator

import pytest
from litestar.stores.redis import RedisStore
from redis.asyncio import Redis

from app.infrastructure.cache.client import make_redis
from app.infrastructure.cache.throttle import RedisThrottle
from tests.infrastructure.cache.valkey import Valkey, open_store, running_valkey


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with running_valkey() as server:
        yield server


@pytest.fixture
async def store(valkey: Valkey) -> AsyncIterator[RedisStore]:
    async with open_store(valkey.url) as store:
        yield store


@pytest.fixture
def throttle(store: RedisStore) -> RedisThrottle:
    """One that waits for its answers, however busy the machine is."""
    return RedisThrottle(store, timeout=30)


@pytest.fixture
async def client(valkey: Valkey) -> AsyncIterator[Redis]:
    async with make_redis(valkey.url) as client:
        yield client
