import socket

import pytest

from app.infrastructure.cache.client import make_redis
from app.infrastructure.cache.throttle import RedisThrottle
from tests.infrastructure.cache.counting import LOGIN, allowed
from tests.infrastructure.cache.valkey import open_store, running_valkey

pytestmark = pytest.mark.anyio


async def test_a_url_names_host_password_and_database() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with running_valkey("--port", str(port), "--requirepass", "s3:cret") as valkey:
        async with open_store(f"redis://:s3%3Acret@127.0.0.1:{port}/3") as store:
            assert await allowed(RedisThrottle(store, timeout=30), LOGIN, 12) == 10
        async with make_redis(f"{valkey.url}?db=3&password=s3%3Acret") as client:
            assert await client.keys() == [b"limits:login:a"]
        async with open_store(f"redis://:wrong@127.0.0.1:{port}/3") as store:
            assert await allowed(RedisThrottle(store), LOGIN, 12) == 5


@pytest.mark.parametrize("url", ["", "http://localhost", "localhost:6379"])
def test_a_url_of_no_redis_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        make_redis(url)
