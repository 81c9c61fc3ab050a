"""Limits of ordinary routes, decided in the process: a caller's next requests cost no round trip to Redis.

Of what Redis says is left of a caller's quota, a process may spend a share by itself. What it spent is told to Redis
soon after, in few questions for all callers, and the answer is where every process stands: so each knows what the
others took, `SETTLE_SECONDS` late. A caller who is new to the process, whom it has not asked about for `KNOWN_SECONDS`,
or who has spent the share, is asked about at once.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from app.domain.ports import Limit, Verdict
from app.infrastructure.cache.gcra import Hits, capacity, interval, judge, verdict
from app.infrastructure.cache.throttle import FALLBACKS, RedisThrottle, bounded

SHARES: Final = 16
"""A process spends at most a sixteenth of what is left before it asks."""

SETTLE_SECONDS: Final = 0.5
KNOWN_SECONDS: Final = 5
KNOWN_MICROSECONDS: Final = KNOWN_SECONDS * 1_000_000
SETTLED_AT_ONCE: Final = 32
"""Callers in one question to Redis, which takes longer to write the more there are, and holds up all requests."""

CALLERS: Final = 10_000
"""Callers that a process keeps in mind; the longest unused is forgotten, once it is settled."""


class _Account:
    """Where a caller stands, in microseconds of this process's clock."""

    __slots__ = ("hits", "known_until", "limit", "most", "share", "spent", "unit", "whole_at")

    def __init__(self, hits: Hits) -> None:
        self.hits = hits
        self.limit = hits[0][0]
        self.unit = interval(self.limit)
        self.most = capacity(self.limit)
        self.known_until = 0
        self.whole_at = 0
        self.share = 0
        self.spent = 0

    def stand(self, now: int, debt: int) -> None:
        """Redis has told the debt; what was spent since is not yet in it."""
        debt = min(debt + self.spent * self.unit, self.most)
        self.known_until = now + KNOWN_MICROSECONDS
        self.whole_at = now + debt
        self.share = self.spent + (self.most - debt) // self.unit // SHARES


class LeasedThrottle:
    """Holds a single limit that is not strict by shares, and asks `RedisThrottle` about all else.

    A quota is overdrawn by a sixteenth for each other process at the most, where all spend their shares in the same
    half second. While Redis is away these limits are open, as they are there.
    """

    def __init__(self, throttle: RedisThrottle, *, clock: Callable[[], int] = time.monotonic_ns) -> None:
        """`clock` tells nanoseconds from any origin, never backwards."""
        self._throttle = throttle
        self._clock = clock
        self._accounts: OrderedDict[tuple[str, str], _Account] = OrderedDict()
        self._spending: dict[tuple[str, str], _Account] = {}
        self._settling: asyncio.TimerHandle | asyncio.Task[None] | None = None

    async def hit_all(self, hits: Hits, *, cost: int = 1) -> list[Verdict]:
        """As the port `Throttle` has it."""
        if len(hits) != 1:
            return await self._throttle.hit_all(hits, cost=cost)
        return [await self.hit(*hits[0], cost=cost)]

    def spend(self, limit: Limit, key: str, *, cost: int = 1) -> Verdict | None:
        """As the port `Throttle` has it."""
        name = (limit.name, key)
        account = self._accounts.get(name)
        if account is None:
            return None
        self._accounts.move_to_end(name)
        now = self._clock() // 1000
        debt = cost * account.unit
        if account.whole_at > now:
            debt += account.whole_at - now
        if account.spent + cost > account.share or now > account.known_until or debt > account.most:
            return None
        account.whole_at = now + debt
        account.spent += cost
        self._spending[name] = account
        if self._settling is None:
            self._settling = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._begin_to_settle)
        return verdict(limit, debt, account.unit, passes=True, cost=cost)

    async def hit(self, limit: Limit, key: str, *, cost: int = 1) -> Verdict:
        """As the port `Throttle` has it."""
        if limit.strict:
            return await self._throttle.hit(limit, key, cost=cost)
        cost = max(cost, 1)
        told = self.spend(limit, key, cost=cost)
        if told is not None:
            return told
        name = (limit.name, key)
        account = self._accounts.get(name)
        if account is None:
            account = self._accounts[name] = self._spending.get(name) or _Account([(limit, bounded(key))])
            if len(self._accounts) > CALLERS:
                self._accounts.popitem(last=False)
        return await self._ask(name, account, cost)

    async def settle(self) -> None:
        """Tell Redis what was spent; what it does not take, as while it is away, is given."""
        told = [(account, account.spent, account.known_until) for account in self._spending.values()]
        self._spending = {}
        for account, spent, _ in told:
            # what is on its way is spent of the share, and not told again
            account.share -= spent
            account.spent = 0
        for start in range(0, len(told), SETTLED_AT_ONCE):
            await self._tell(told[start : start + SETTLED_AT_ONCE])

    async def _tell(self, told: Sequence[tuple[_Account, int, int]]) -> None:
        debts = await self._throttle.charge([(account.hits, spent) for account, spent, _ in told])
        if debts is None:
            for account, spent, _ in told:
                account.known_until = 0
                FALLBACKS.labels(account.limit.name).inc(spent)
            return
        now = self._clock() // 1000
        for (account, spent, known), [debt] in zip(told, debts, strict=True):
            # whoever was asked about meanwhile stands where that answer says
            if account.known_until == known:
                account.stand(now, debt + spent * interval(account.limit))

    async def _ask(self, name: tuple[str, str], account: _Account, cost: int) -> Verdict:
        """Settle the caller's account and have Redis decide on the request."""
        spent, account.spent = account.spent, 0
        self._spending.pop(name, None)
        debts = await self._throttle.charge(([(account.hits, spent)] if spent else []) + [(account.hits, cost)])
        if debts is None:
            account.known_until = 0
            FALLBACKS.labels(account.limit.name).inc(spent)
            return self._throttle.hit_alone(account.hits, cost)[0]
        [debt] = debts[-1]
        [told] = judge(account.hits, [debt], cost)
        account.stand(self._clock() // 1000, debt + (cost * interval(account.limit) if told.allowed else 0))
        return told

    def _begin_to_settle(self) -> None:
        self._settling = asyncio.create_task(self.settle())
        self._settling.add_done_callback(self._end_to_settle)

    def _end_to_settle(self, _: asyncio.Task[None]) -> None:
        self._settling = None
        if self._spending:
            self._settling = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._begin_to_settle)

    @asynccontextmanager
    async def settled(self) -> AsyncGenerator[None]:
        """At the end of the context nothing is left to be told."""
        yield
        if isinstance(self._settling, asyncio.Task):
            # it has more to tell
            await self._settling
        if self._settling is not None:
            self._settling.cancel()
        await self.settle()
