"""Limits of ordinary routes: shares of one quota, spent by several processes."""

import asyncio
from collections.abc import AsyncGenerator
from typing import cast

import pytest
from litestar.stores.redis import RedisStore
from redis.asyncio import Redis

from app.domain.ports import Limit, Throttle
from app.infrastructure.cache.leases import KNOWN_SECONDS, SETTLE_SECONDS, SETTLED_AT_ONCE, SHARES, LeasedThrottle
from app.infrastructure.cache.throttle import RedisThrottle
from tests.infrastructure.cache.counting import LOGIN, allowed, fallbacks
from tests.infrastructure.cache.valkey import Valkey

pytestmark = pytest.mark.anyio

API = Limit("api", 320, 3600, strict=False)


def leased(store: RedisStore) -> LeasedThrottle:
    return LeasedThrottle(RedisThrottle(store, timeout=30))


@pytest.fixture
async def throttle(store: RedisStore) -> AsyncGenerator[LeasedThrottle]:
    throttle = leased(store)
    async with throttle.settled():
        yield throttle


@pytest.fixture
def untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is spent is told when the test says so, and not meanwhile by a timer, however long the test takes."""
    monkeypatch.setattr("app.infrastructure.cache.leases.SETTLE_SECONDS", 3600)


async def questions(client: Redis) -> int:
    """How often Redis was asked."""
    told = cast("dict[str, dict[str, int]]", await client.info("commandstats"))
    return sum(told.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("eval", "evalsha"))


async def test_it_is_the_throttle_that_the_business_asks_for(throttle: LeasedThrottle) -> None:
    port: Throttle = throttle
    first, second = await port.hit(API, "a"), await port.hit(API, "a")
    assert (first.limit, first.allowed, first.remaining, first.retry_after, first.reset_after) == (
        API,
        True,
        319,
        0,
        12,
    )
    assert (second.limit, second.allowed, second.remaining, second.reset_after) == (API, True, 318, 23)
    assert await port.hit_all([]) == []
    assert (await port.hit(API, "b", cost=20)).remaining == 300
    assert not (await port.hit(API, "b", cost=321)).allowed
    assert (await port.hit(API, "b", cost=300)).allowed


async def test_one_process_holds_the_quota_exactly_and_says_what_is_left(throttle: LeasedThrottle) -> None:
    verdicts = [await throttle.hit(API, "a") for _ in range(400)]
    assert [verdict.allowed for verdict in verdicts] == [True] * 320 + [False] * 80
    assert [verdict.remaining for verdict in verdicts] == [*range(319, -1, -1), *[0] * 80]
    assert {verdict.retry_after for verdict in verdicts[320:]} <= {11, 12}
    assert (await throttle.hit(API, "b")).remaining == 319


@pytest.mark.usefixtures("untimed")
async def test_most_requests_ask_nobody(throttle: LeasedThrottle, client: Redis) -> None:
    before = await questions(client)
    await throttle.hit(API, "a")
    assert [(await throttle.hit(API, "a")).allowed for _ in range(19)] == [True] * 19
    assert await questions(client) - before <= 2, "the script may have to be loaded first"
    before = await questions(client)
    await asyncio.gather(*(throttle.hit(API, f"user:{number}") for number in range(200)))
    await asyncio.gather(*(throttle.hit(API, f"user:{number}") for number in range(200)))
    assert await questions(client) - before == 1
    await throttle.settle()
    assert await questions(client) - before == 1 + -(-200 // SETTLED_AT_ONCE)


@pytest.mark.usefixtures("untimed")
async def test_two_processes_that_share_hold_the_quota_to_within_a_share(store: RedisStore) -> None:
    first, second = leased(store), leased(store)
    async with first.settled(), second.settled():
        passed = 0
        for _ in range(300):
            passed += (await first.hit(API, "a")).allowed + (await second.hit(API, "a")).allowed
        assert API.quota <= passed <= API.quota + API.quota // SHARES


@pytest.mark.usefixtures("untimed")
async def test_a_share_that_was_kept_while_another_process_spent_the_rest_overdraws_by_no_more(
    store: RedisStore,
) -> None:
    first, second = leased(store), leased(store)
    async with first.settled(), second.settled():
        assert await allowed(first, API, 1) == 1
        assert await allowed(second, API, 400) == 319
        assert await allowed(first, API, 100) == API.quota // SHARES - 1
        # once that is told, nobody has anything left
        assert await allowed(second, API, 5) == 0


@pytest.mark.usefixtures("untimed")
async def test_what_others_took_is_known_half_a_second_later(store: RedisStore) -> None:
    first, second = leased(store), leased(store)
    async with first.settled(), second.settled():
        assert await allowed(first, API, 2) == 2
        assert await allowed(second, API, 100) == 100
        assert (await first.hit(API, "a")).remaining == 317
        await second.settle()
        await first.settle()
        assert (await first.hit(API, "a")).remaining == 320 - 103 - 1


async def test_what_is_spent_is_told_by_itself(throttle: LeasedThrottle, store: RedisStore, client: Redis) -> None:
    other = RedisThrottle(store, timeout=30)
    await allowed(throttle, API, 11)
    told = await client.get("limits:api:a")
    async with asyncio.timeout(SETTLE_SECONDS + 10):
        while (await client.get("limits:api:a")) == told:  # noqa: ASYNC110 -- by a timer of its own
            await asyncio.sleep(0.05)
    assert (await other.hit(API, "a")).remaining == 308


@pytest.mark.usefixtures("untimed")
async def test_of_a_caller_who_was_away_redis_is_asked_again(store: RedisStore, client: Redis) -> None:
    now = 0
    throttle = LeasedThrottle(RedisThrottle(store, timeout=30), clock=lambda: now)
    await throttle.hit(API, "a")
    await throttle.hit(API, "a")
    await throttle.settle()
    before = await questions(client)
    now += (KNOWN_SECONDS - 1) * 1_000_000_000
    assert (await throttle.hit(API, "a")).allowed
    assert await questions(client) == before
    now += 2 * 1_000_000_000
    assert (await throttle.hit(API, "a")).allowed
    assert await questions(client) == before + 1
    await throttle.settle()


@pytest.mark.usefixtures("untimed")
async def test_strict_limits_and_several_at_once_are_asked_each_time(throttle: LeasedThrottle, client: Redis) -> None:
    await throttle.hit(LOGIN, "a")
    before = await questions(client)
    assert await allowed(throttle, LOGIN, 5) == 5
    assert [verdict.allowed for verdict in await throttle.hit_all([(API, "a"), (LOGIN, "a")])] == [True, True]
    assert await questions(client) == before + 6


async def test_with_valkey_away_the_limit_is_open_and_afterwards_it_holds(
    valkey: Valkey, throttle: LeasedThrottle
) -> None:
    assert await allowed(throttle, API, 5) == 5
    valkey.kill()
    before = fallbacks(API)
    assert await allowed(throttle, API, 400) == 400
    await throttle.settle()
    assert fallbacks(API) >= before + 380
    valkey.start()
    async with asyncio.timeout(10):
        while (await throttle.hit(API, "b")).remaining == API.quota:  # noqa: ASYNC110 -- another process starts
            await asyncio.sleep(0.05)
    assert 310 <= await allowed(throttle, API, 400) <= 320


@pytest.mark.usefixtures("untimed")
async def test_callers_beyond_what_is_kept_in_mind_are_settled_all_the_same(
    throttle: LeasedThrottle, store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.infrastructure.cache.leases.CALLERS", 2)
    await allowed(throttle, API, 3, "a")
    for key in "bc":
        await throttle.hit(API, key)
    assert (await throttle.hit(API, "a")).remaining == 316
    await throttle.settle()
    assert (await RedisThrottle(store, timeout=30).hit(API, "a")).remaining == 315


@pytest.mark.usefixtures("untimed")
async def test_many_callers_are_told_of_in_several_questions(
    throttle: LeasedThrottle, store: RedisStore, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.infrastructure.cache.leases.SETTLED_AT_ONCE", 2)
    for key in "abcde":
        await allowed(throttle, API, 2, key)
    before = await questions(client)
    await throttle.settle()
    assert await questions(client) - before == 3
    exact = RedisThrottle(store, timeout=30)
    assert [(await exact.hit(API, key)).remaining for key in "abcde"] == [317] * 5


async def test_what_is_being_told_when_the_process_ends_is_told_to_the_end(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.infrastructure.cache.leases.SETTLED_AT_ONCE", 1)
    monkeypatch.setattr("app.infrastructure.cache.leases.SETTLE_SECONDS", 0.01)
    throttle = leased(store)
    async with throttle.settled():
        for key in "abcde":
            await throttle.hit(API, key)
        # all at once, so that one telling is for all of them
        for key in "abcde":
            assert throttle.spend(API, key) is not None
        while not isinstance(throttle._settling, asyncio.Task):  # noqa: SLF001, ASYNC110 # pyright: ignore[reportPrivateUsage] -- what it is amidst
            await asyncio.sleep(0)
    exact = RedisThrottle(store, timeout=30)
    assert [(await exact.hit(API, key)).remaining for key in "abcde"] == [317] * 5
