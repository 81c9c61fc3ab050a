"""The generic cell rate algorithm, in whole microseconds, so that nothing is ever rounded twice.

A key holds one number: the instant at which its quota is whole again. How far that lies ahead is its debt:
a request adds one interval (window / quota) to it, and passes while the debt stays within quota * interval.
The interval is rounded up, so the window is up to `quota` microseconds longer than the one named, never
shorter. All numbers stay below 2^53 until the year 2255: doubles, which is what Lua computes with, hold
them exactly.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeAlias

from app.domain.ports import Limit, Verdict

SECOND = 1_000_000

SCRIPT = """
-- Any number of requests, one after the other. Of each: KEYS has one key for each of its limits; ARGV has its
-- cost, how many limits it has, and interval and quota * interval of each. All its limits are charged, or none.
-- Returns the debt of every key before its request.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function keep(key, debt)
  redis.call('SET', key, string.format('%.0f', now + debt), 'PX', math.ceil(debt / 1000) + 1)
end
local debts, first, arg = {}, 1, 1
while KEYS[first] do
  local cost, last, passes = tonumber(ARGV[arg]), first + ARGV[arg + 1] - 1, true
  local charges = {}
  for i = first, last do
    local interval, capacity = tonumber(ARGV[arg + 2]), tonumber(ARGV[arg + 3])
    debts[i] = math.max((tonumber(redis.call('GET', KEYS[i]) or '') or now) - now, 0)
    if debts[i] > capacity then
      -- The clock was set back or the limit made smaller: nobody is locked out for more than one window.
      debts[i] = capacity
      keep(KEYS[i], capacity)
    end
    charges[i] = cost * interval
    passes = passes and debts[i] + charges[i] <= capacity
    arg = arg + 2
  end
  for i = first, passes and last or 0 do
    keep(KEYS[i], debts[i] + charges[i])
  end
  first, arg = last + 1, arg + 2
end
return debts
"""

Hits: TypeAlias = Sequence[tuple[Limit, str]]
"""What one request is counted under: limits, and for each the key of the caller."""


def script_arguments(hits: Hits, cost: int) -> list[int]:
    """One request's part of the script's ARGV."""
    return [cost, len(hits), *(part for limit, _ in hits for part in (interval(limit), capacity(limit)))]


def interval(limit: Limit) -> int:
    """Microseconds in which one request's worth of quota comes back."""
    return -(-limit.window * SECOND // limit.quota)


def capacity(limit: Limit) -> int:
    """The largest debt, in microseconds, that a key may have."""
    return limit.quota * interval(limit)


def judge(hits: Hits, debts: Sequence[int], cost: int) -> list[Verdict]:
    """What follows from the debts before a request: all limits are charged, or none."""
    allowed = [debt + cost * interval(limit) <= capacity(limit) for (limit, _), debt in zip(hits, debts, strict=True)]
    taken = cost if all(allowed) else 0
    return [
        verdict(limit, debt + taken * interval(limit), interval(limit), passes=passes, cost=cost)
        for (limit, _), debt, passes in zip(hits, debts, allowed, strict=True)
    ]


def verdict(limit: Limit, debt: int, unit: int, *, passes: bool, cost: int) -> Verdict:
    """What a caller is told whose debt is now `debt`; `unit` is the limit's interval."""
    most = limit.quota * unit
    remaining = (most - debt) // unit
    needed = 1 if passes else cost
    wait = 0 if needed <= remaining else min(debt + needed * unit - most, most)
    # the seconds are rounded up
    return Verdict(limit, passes, remaining, -(-wait // SECOND), -(-debt // SECOND))


class LocalBuckets:
    """The same count in this process alone, of at most `keys` keys: the longest unused is forgotten."""

    def __init__(self, *, keys: int = 10_000, clock: Callable[[], int] = time.monotonic_ns) -> None:
        """`clock` tells nanoseconds from any origin, never backwards."""
        self._keys = keys
        self._clock = clock
        self._whole: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._whole)

    def hit_all(self, hits: Hits, *, cost: int = 1) -> list[Verdict]:
        """As the port `Throttle` has it."""
        now = self._clock() // 1000
        names = [f"{limit.name}:{key}" for limit, key in hits]
        debts = [
            min(max(self._whole.get(name, now) - now, 0), capacity(limit))
            for name, (limit, _) in zip(names, hits, strict=True)
        ]
        verdicts = judge(hits, debts, cost)
        taken = cost if all(each.allowed for each in verdicts) else 0
        for name, (limit, _), debt in zip(names, hits, debts, strict=True):
            if taken or name in self._whole:
                self._whole[name] = now + debt + taken * interval(limit)
                # Whoever keeps asking is remembered, refused or not.
                self._whole.move_to_end(name)
        while len(self._whole) > self._keys:
            self._whole.popitem(last=False)
        return verdicts
