import asyncio
import random
import subprocess
import sys

import pytest
from litestar.stores.redis import RedisStore
from redis.asyncio import Redis

from app.domain.ports import Limit, Throttle
from app.infrastructure.cache.throttle import RedisThrottle
from tests.infrastructure.cache import contenders
from tests.infrastructure.cache.counting import API, LOGIN, LOGIN_HOUR, allowed, fallbacks
from tests.infrastructure.cache.valkey import running_valkey

pytestmark = pytest.mark.anyio


async def test_it_is_the_throttle_that_the_business_asks_for(throttle: RedisThrottle) -> None:
    port: Throttle = throttle
    verdict = await port.hit(LOGIN, "a")
    assert (verdict.limit, verdict.allowed, verdict.remaining) == (LOGIN, True, 9)
    assert (verdict.retry_after, verdict.reset_after) == (0, 6)
    assert await port.hit_all([]) == []


async def test_keys_and_limits_count_apart_in_the_namespace_of_the_store(
    throttle: RedisThrottle, store: RedisStore, client: Redis
) -> None:
    await throttle.hit_all([(LOGIN, "a"), (LOGIN_HOUR, "a")])
    await throttle.hit(LOGIN, "b")
    assert sorted(await client.keys()) == [b"limits:login:a", b"limits:login:b", b"limits:login_hour:a"]
    await store.delete_all()
    assert (await throttle.hit(LOGIN, "a")).remaining == 9


async def test_a_bucket_is_gone_once_its_quota_is_whole(throttle: RedisThrottle, client: Redis) -> None:
    await throttle.hit(Limit("quick", 20, 1), "a")
    assert 0 < await client.pttl("limits:quick:a") <= 52
    async with asyncio.timeout(5):
        while await client.exists("limits:quick:a"):  # noqa: ASYNC110 -- another process deletes it
            await asyncio.sleep(0.005)
    await throttle.hit(LOGIN_HOUR, "a")
    assert 35_000 < await client.pttl("limits:login_hour:a") <= 36_001


async def test_the_refused_pass_after_the_time_they_were_told(throttle: RedisThrottle) -> None:
    limit = Limit("quick", 2, 2)
    assert await allowed(throttle, limit, 2) == 2
    refused = await throttle.hit(limit, "a")
    assert (refused.allowed, refused.retry_after, refused.remaining) == (False, 1, 0)
    await asyncio.sleep(refused.retry_after)
    assert (await throttle.hit(limit, "a")).allowed


async def test_a_refusal_by_one_limit_takes_nothing_from_the_others(store: RedisStore) -> None:
    throttle = RedisThrottle(store, timeout=30)
    verdicts = await asyncio.gather(*(throttle.hit_all([(LOGIN, "a"), (LOGIN_HOUR, "a")]) for _ in range(200)))
    assert sum(minute.allowed and hour.allowed for minute, hour in verdicts) == 10
    assert (await throttle.hit(LOGIN_HOUR, "a")).remaining == 89


def test_eight_processes_together_pass_exactly_the_quota() -> None:
    with running_valkey() as valkey:
        program = [sys.executable, "-m", contenders.__name__, valkey.url, "8", "50"]
        ran = subprocess.run(program, capture_output=True, text=True, timeout=180, check=False)  # noqa: S603 -- our own
    assert (ran.stdout, ran.stderr) == ("10", "")


async def test_a_crowd_in_one_process_is_counted_exactly(store: RedisStore) -> None:
    throttle, before = RedisThrottle(store, timeout=30), fallbacks(LOGIN)
    verdicts = await asyncio.gather(*(throttle.hit(LOGIN, "a") for _ in range(1_000)))
    assert sum(verdict.allowed for verdict in verdicts) == 10
    assert fallbacks(LOGIN) == before


async def test_a_flushed_valkey_counts_from_nothing_and_in_one_place(throttle: RedisThrottle, client: Redis) -> None:
    before = fallbacks(LOGIN)
    assert await allowed(throttle, LOGIN, 12) == 10
    await client.script_flush()
    assert await allowed(throttle, LOGIN, 2) == 0, "a forgotten script is sent again, and forgets no count"
    await client.flushall()
    assert await allowed(throttle, LOGIN, 12) == 10
    assert fallbacks(LOGIN) == before


async def test_a_request_that_ends_early_mixes_up_no_answers(store: RedisStore) -> None:
    throttle, chance = RedisThrottle(store, timeout=5), random.Random(7)  # noqa: S311 -- no secret

    async def abandoned(number: int) -> None:
        task = asyncio.ensure_future(throttle.hit_all([(LOGIN, f"{number}"), (LOGIN_HOUR, f"{number}")]))
        await asyncio.sleep(chance.random() * 0.004)
        task.cancel()

    for number in range(300):
        await asyncio.gather(abandoned(2 * number), abandoned(2 * number + 1))
        verdict = await throttle.hit(API, f"{number}")
        assert (verdict.allowed, verdict.remaining) == (True, 299)
    verdicts = await asyncio.gather(*(throttle.hit(LOGIN, "last") for _ in range(200)))
    assert sum(verdict.allowed for verdict in verdicts) == 10


@pytest.mark.parametrize("key", ["", "\0", "\ud800", "a\r\nFLUSHALL\r\n", "ä" * 10_000, "*", "{a}:b"])
async def test_a_hostile_key_is_a_key(throttle: RedisThrottle, client: Redis, key: str) -> None:
    before = fallbacks(LOGIN)
    assert await allowed(throttle, LOGIN, 12, key) == 10
    assert await allowed(throttle, LOGIN, 12, key + "-") == 10
    assert fallbacks(LOGIN) == before
    assert all(len(name) < 600 for name in await client.keys())


@pytest.mark.parametrize("cost", [0, -5])
async def test_nobody_gets_quota_back(throttle: RedisThrottle, cost: int) -> None:
    await throttle.hit(LOGIN, "a", cost=5)
    assert (await throttle.hit(LOGIN, "a", cost=cost)).remaining == 4


@pytest.mark.parametrize(
    ("name", "quota", "window"),
    [
        ("Login", 1, 1),
        ("", 1, 1),
        ('a"b', 1, 1),
        ("a\n", 1, 1),
        ("a", 0, 1),
        ("a", 1, 0),
        ("a", 1, 86_401),
        ("a", 1_000_001, 1),
    ],
)
def test_a_limit_out_of_range_cannot_be_made(name: str, quota: int, window: int) -> None:
    with pytest.raises(ValueError, match="limit"):
        Limit(name, quota, window)
