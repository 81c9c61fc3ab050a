import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from litestar.stores.redis import RedisStore
from redis.asyncio import Redis

from app.domain.ports import Limit, Throttle
from app.infrastructure.cache.throttle import ANSWER_TIMEOUT, CROWD, PAUSE, RedisThrottle
from tests.infrastructure.cache.counting import API, LOGIN, allowed, fallbacks
from tests.infrastructure.cache.valkey import Valkey, open_store

pytestmark = pytest.mark.anyio

BUDGET = 0.15
"""Seconds by which a failing Redis may hold up a request."""

BUSY = 2.0
"""Seconds that a request may take beside all else that the machine has to do, which is no part of the budget."""


def test_two_answers_are_waited_for_within_the_budget() -> None:
    assert 2 * ANSWER_TIMEOUT < BUDGET


async def until_shared(throttle: Throttle, key: str) -> None:
    """Waits until hits are counted in Redis again."""
    probe = Limit("probe", 1_000, 60, strict=False)
    async with asyncio.timeout(5):
        while (await throttle.hit(probe, key)).remaining == probe.quota:  # noqa: ASYNC110 -- another process starts
            await asyncio.sleep(0.01)


@pytest.fixture
def frozen(valkey: Valkey) -> Iterator[Valkey]:
    yield valkey
    valkey.thaw()


async def test_with_valkey_killed_strict_limits_hold_at_half_and_others_are_open(
    valkey: Valkey, throttle: RedisThrottle, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "throttle")
    assert await allowed(throttle, LOGIN, 1) == 1
    valkey.kill()
    strict, other = fallbacks(LOGIN), fallbacks(API)
    assert await allowed(throttle, LOGIN, 30) == 5
    assert await allowed(throttle, Limit("single", 1, 60), 5) == 1, "half of one is one"
    assert await allowed(throttle, API, 400) == 400
    opened, refused = await throttle.hit_all([(API, "a"), (LOGIN, "a")])
    assert (opened.limit, opened.allowed, opened.remaining) == (API, True, 300)
    assert (refused.allowed, refused.limit.name, refused.limit.quota) == (False, "login", 5)
    assert 0 < refused.retry_after <= 12
    assert fallbacks(LOGIN) == strict + 31
    assert fallbacks(API) == other + 401
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    valkey.start()
    await until_shared(throttle, "a")
    assert await allowed(throttle, LOGIN, 12) == 10
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "valkey-" not in caplog.text, "no path, host or user of Redis in the log"


async def test_a_restart_between_two_requests_is_not_noticed(valkey: Valkey, throttle: RedisThrottle) -> None:
    before = fallbacks(LOGIN)
    await asyncio.gather(*(throttle.hit(LOGIN, "a") for _ in range(8)))
    valkey.kill()
    valkey.start()
    assert await allowed(throttle, LOGIN, 12) == 10
    assert fallbacks(LOGIN) == before


async def test_a_server_that_never_was_is_no_error(valkey: Valkey) -> None:
    valkey.kill()
    for url in (valkey.url, "redis://127.0.0.1:1/0", "rediss://127.0.0.1:1/0"):
        async with open_store(url) as store:
            assert await allowed(RedisThrottle(store), LOGIN, 30) == 5


async def test_a_valkey_that_refuses_is_as_good_as_none(throttle: RedisThrottle, client: Redis) -> None:
    await throttle.hit(LOGIN, "a")
    await client.config_set("maxmemory", "1")
    assert await allowed(throttle, LOGIN, 30) == 5
    assert await allowed(throttle, API, 30) == 30


async def _durations(throttle: Throttle, limit: Limit, times: int, *, at_once: int) -> list[float]:
    async def one(number: int) -> float:
        began = time.perf_counter()
        await throttle.hit(limit, f"{number}")
        return time.perf_counter() - began

    durations: list[float] = []
    for first in range(0, times, at_once):
        durations += await asyncio.gather(*(one(number) for number in range(first, first + at_once)))
        await asyncio.sleep(0.01)
    return sorted(durations)


@pytest.mark.parametrize("at_once", [1, 200])
async def test_a_frozen_valkey_holds_up_nobody_and_is_taken_back(
    frozen: Valkey, store: RedisStore, caplog: pytest.LogCaptureFixture, at_once: int
) -> None:
    caplog.set_level(logging.INFO, "throttle")
    throttle = RedisThrottle(store, pause=0.3)
    await asyncio.gather(*(throttle.hit(API, "a") for _ in range(200)))
    await until_shared(throttle, "a")
    caplog.clear()
    frozen.freeze()
    durations = await _durations(throttle, LOGIN, 200, at_once=at_once)
    # Every one of them, not 99 of 100.
    assert durations[-1] < BUSY
    assert await allowed(throttle, LOGIN, 12, "b") == 5
    assert [record.levelname for record in caplog.records] == ["WARNING"], "said once, not at each probe"
    frozen.thaw()
    await until_shared(throttle, "a")
    assert await allowed(throttle, LOGIN, 12, "c") == 10


async def test_of_many_requests_in_a_failure_one_in_a_pause_waits(frozen: Valkey, store: RedisStore) -> None:
    throttle = RedisThrottle(store)
    await throttle.hit(LOGIN, "a")
    frozen.freeze()
    await throttle.hit(LOGIN, "a")
    durations = await _durations(throttle, LOGIN, 500, at_once=500)
    # had anybody asked, all would have waited for the answer
    assert durations[250] < ANSWER_TIMEOUT
    await asyncio.sleep(1.2 * PAUSE)
    durations = await _durations(throttle, LOGIN, 100, at_once=100)
    assert durations[50] < ANSWER_TIMEOUT <= durations[-1] < BUSY


async def test_a_slow_valkey_holds_up_nobody(store: RedisStore, client: Redis) -> None:
    throttle = RedisThrottle(store, pause=0.2)
    await throttle.hit(LOGIN, "a")
    # Half of the time it answers nothing: each pause of 200 ms is followed by as long a time awake.
    async with asyncio.TaskGroup() as group:

        async def stutter() -> None:
            for _ in range(5):
                await client.client_pause(200)
                await asyncio.sleep(0.4)

        group.create_task(stutter())
        durations = await _durations(throttle, LOGIN, 150, at_once=1)
    assert durations[-1] < BUSY


@asynccontextmanager
async def far_away(valkey: Valkey, directory: Path, delay: float) -> AsyncGenerator[str]:
    """The server at the end of a long line: what it answers arrives `delay` seconds late."""
    open_lines: list[asyncio.Task[None] | None] = []

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, late: float) -> None:
        while data := await reader.read(65_536):
            asyncio.get_running_loop().call_later(late, writer.write, data)
        await asyncio.sleep(late + 0.01)
        writer.close()
        await writer.wait_closed()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_lines.append(asyncio.current_task())
        far_reader, far_writer = await asyncio.open_unix_connection(valkey.url.removeprefix("unix://"))
        await asyncio.gather(carry(reader, far_writer, 0), carry(far_reader, writer, delay))

    path = directory / "far.sock"
    async with await asyncio.start_unix_server(connect, path):
        yield f"unix://{path}"
        await asyncio.gather(*filter(None, open_lines))


@pytest.mark.soak
async def test_a_crowd_before_a_server_far_away_waits_for_two_answers_at_most(
    valkey: Valkey, throttle: RedisThrottle, tmp_path: Path
) -> None:
    assert await allowed(throttle, LOGIN, 1) == 1
    async with far_away(valkey, tmp_path, 0.3) as url, open_store(url) as store:
        throttle = RedisThrottle(store, timeout=0.5)
        # Five questions, 1.5 seconds in all: the last of them cannot wait so long.
        durations = await _durations(throttle, API, CROWD * 5, at_once=CROWD * 5)
        assert 0.3 < durations[0] < 0.6
        assert 0.9 < durations[-1] < 1.3
        assert (await throttle.hit(LOGIN, "a")).remaining == 8, "it was never taken for one that failed"


async def test_a_probe_that_ends_early_is_followed_by_another(frozen: Valkey, store: RedisStore) -> None:
    throttle = RedisThrottle(store, pause=0.2)
    frozen.freeze()
    await throttle.hit(LOGIN, "a")
    await asyncio.sleep(0.2)
    probe = asyncio.ensure_future(throttle.hit(LOGIN, "a"))
    await asyncio.sleep(0.02)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    frozen.thaw()
    await until_shared(throttle, "a")
