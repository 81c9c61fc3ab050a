"""What the business needs from outside, where two real answers exist."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The one source of the present; tests stop it."""

    def now(self) -> datetime:
        """The present instant, in UTC, of microsecond precision."""
        ...


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `quota` requests in `window` seconds, refilled evenly (GCRA)."""

    name: str
    quota: int
    window: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """A throttle's answer: `remaining` requests, seconds until one passes and until the quota is whole."""

    limit: Limit
    allowed: bool
    remaining: int
    retry_after: int
    reset_after: int


class Throttle(Protocol):
    """Counts what callers do, exactly across workers."""

    async def hit(self, limit: Limit, key: str, *, cost: int = 1) -> Verdict:
        """Take `cost` from the quota of `key`, or tell when it may be asked for again; never raises."""
        ...


class PasswordHasher(Protocol):
    """Hashes passwords off the event loop."""

    async def hash(self, password: str) -> str:
        """A salted hash at the configured cost; raises `Unavailable` when too many are waiting."""
        ...

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Whether the password made this hash; without one, the same work is done for the answer no."""
        ...

    def outdated(self, hashed: str) -> bool:
        """Whether the hash has another cost than the configured one."""
        ...
