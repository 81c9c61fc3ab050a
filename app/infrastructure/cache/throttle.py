"""Rate limits that hold across processes, by a script in Redis, and what each process does while Redis is away."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar, cast

from litestar.stores.redis import RedisStore
from prometheus_client import Counter

from app.domain.ports import Limit, Verdict
from app.infrastructure.cache.gcra import SCRIPT, Hits, LocalBuckets, judge, script_arguments

T = TypeVar("T")

logger = logging.getLogger("throttle")

FALLBACKS = Counter(
    "evenstar_throttle_fallback",
    "Hits that Redis did not count: held by one process alone where the limit is strict, let pass where not.",
    ["limit"],
)

ANSWER_TIMEOUT = 0.07
"""Seconds Redis has to answer; a request waits for two answers at the most."""

READING_TURNS = 10
"""Turns of the event loop that reading an answer takes at the most, once it is there."""

CROWD = 256
"""Requests that are put to Redis at once; it serves nobody else for the millisecond that they take."""

PAUSE = 1.0
"""Seconds that Redis is left alone after it failed."""

LONGEST_KEY = 128
"""Characters of a caller's key that are kept as they are; a longer key is replaced by its hash."""


class RedisThrottle:
    """Counts exactly across all processes that share a Redis, by its clock.

    What is asked while an answer is on its way goes into the next question, so that a crowd costs little more
    than one request and uses one connection. Nothing is raised and nothing hangs when Redis is away, frozen,
    slow or refuses: each process alone then holds a strict limit at half its quota (but at least 1), and any
    other limit is open. One hit in every pause asks whether Redis is back. A Redis that lost its data counts
    from nothing.
    """

    def __init__(self, store: RedisStore, *, timeout: float = ANSWER_TIMEOUT, pause: float = PAUSE) -> None:
        """`timeout` (of one answer) and `pause` (until a failed Redis is asked again) are in seconds."""
        client = store._redis  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] -- it has no public name
        self._script = client.register_script(SCRIPT)
        self._prefix = f"{store.namespace}:" if store.namespace else ""
        self._timeout = timeout
        self._pause = pause
        self._away = False
        self._ask_again_at = 0.0
        self._waiting: list[_Question] = []
        self._asking: asyncio.Task[None] | None = None
        self._local = LocalBuckets()

    def spend(self, limit: Limit, key: str) -> Verdict | None:  # noqa: ARG002 -- the port's
        """As the port `Throttle` has it: nothing is decided here."""
        return None

    async def hit(self, limit: Limit, key: str, *, cost: int = 1) -> Verdict:
        """As the port `Throttle` has it."""
        return (await self.hit_all([(limit, key)], cost=cost))[0]

    async def hit_all(self, hits: Hits, *, cost: int = 1) -> list[Verdict]:
        """As the port `Throttle` has it."""
        hits = [(limit, bounded(key)) for limit, key in hits]
        cost = max(cost, 1)
        debts = await self.charge([(hits, cost)])
        return self.hit_alone(hits, cost) if debts is None else judge(hits, debts[0], cost)

    async def charge(self, requests: Sequence[tuple[Hits, int]]) -> list[list[int]] | None:
        """Have Redis charge each request's cost, one after the other; the debts that each met, or None when it is away.

        The keys are as `bounded` makes them, the costs at least 1.
        """
        if not any(hits for hits, _ in requests):
            return [[] for _ in requests]
        if self._away:
            now = time.monotonic()
            if now < self._ask_again_at:
                return None
            # From here on it is the next one's turn, whether or not this request lives to see the answer.
            self._ask_again_at = now + self._pause
        loop = asyncio.get_running_loop()
        questions = [_Question(hits, cost, loop.create_future()) for hits, cost in requests]
        self._waiting += questions
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        try:
            # The answer on its way and the next one; whatever holds up the task that asks holds up no request.
            await _within(2 * self._timeout, questions[-1].debts)
        except TimeoutError:
            return None
        # They are answered in their order, hence all of them are.
        told = [question.debts.result() for question in questions]
        return None if None in told else cast("list[list[int]]", told)

    async def _ask(self) -> None:
        """Puts the questions to Redis until none is left; each gets an answer, however this ends."""
        asked: list[_Question] = []
        try:
            while self._waiting:
                asked, self._waiting = self._waiting[:CROWD], self._waiting[CROWD:]
                keys = [f"{self._prefix}{limit.name}:{key}" for each in asked for limit, key in each.hits]
                arguments = [part for each in asked for part in script_arguments(each.hits, each.cost)]
                told = cast("list[int]", await _within(self._timeout, self._script(keys=keys, args=arguments)))
                self._answered()
                debts = iter(told)
                for question in asked:
                    question.answer([next(debts) for _ in question.hits])
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with Redis keeps nobody from signing in
            self._failed(error)
        finally:
            for question in (*asked, *self._waiting):
                question.answer(None)
            self._waiting = []
            self._asking = None

    def _answered(self) -> None:
        if self._away:
            self._away = False
            logger.info("Redis counts again: the rate limits are shared")

    def _failed(self, error: Exception) -> None:
        self._ask_again_at = time.monotonic() + self._pause
        if not self._away:
            self._away = True
            # The error's text may name hosts and users, its class cannot.
            logger.warning("Redis does not count: rate limits hold per process (%s)", type(error).__name__)

    def hit_alone(self, hits: Hits, cost: int) -> list[Verdict]:
        """What this process decides while Redis is away."""
        for limit, _ in hits:
            FALLBACKS.labels(limit.name).inc()
        strict = [(_lowered(limit), key) for limit, key in hits if limit.strict]
        verdicts = iter(self._local.hit_all(strict, cost=cost))
        return [next(verdicts) if limit.strict else _opened(limit) for limit, _ in hits]


class _Question(NamedTuple):
    hits: Hits
    cost: int
    debts: asyncio.Future[list[int] | None]

    def answer(self, debts: list[int] | None) -> None:
        # Who asked may have gone.
        if not self.debts.done():
            self.debts.set_result(debts)


async def _within(seconds: float, answer: Awaitable[T]) -> T:
    """The answer, if it has come in time, even if this process was too busy to read it; raises `TimeoutError`."""
    task = asyncio.ensure_future(answer)
    try:
        await asyncio.wait({task}, timeout=seconds)
        for _ in range(READING_TURNS):
            if task.done():
                return task.result()
            await asyncio.sleep(0)
        raise TimeoutError
    finally:
        task.cancel()


def bounded(key: str) -> str:
    """The key, or its hash where it is too long to keep or not of characters that can be shown."""
    if len(key) <= LONGEST_KEY and key.isprintable():
        return key
    return "#" + hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()


def _lowered(limit: Limit) -> Limit:
    return replace(limit, quota=max(1, limit.quota // 2))


def _opened(limit: Limit) -> Verdict:
    return Verdict(limit=limit, allowed=True, remaining=limit.quota, retry_after=0, reset_after=0)
