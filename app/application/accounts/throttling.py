"""Limits on what a request tells only once it is read: whose account it is about, or whose session.

Accounts are counted by address, whether it has one or not.
"""

from collections.abc import Mapping
from hashlib import sha256
from math import ceil
from uuid import UUID

from app.domain.accounts import FAILURES_FORGOTTEN, wait_after
from app.domain.errors import TooManyRequests
from app.domain.ports import Clock, Limit, Throttle
from app.infrastructure.database.repositories.accounts import SignInFailureRepository


class SignInThrottle:
    """Makes guessing one account's password slow, from however many addresses it is tried.

    Kept in PostgreSQL, so that no flush of a cache clears it.
    """

    def __init__(self, failures: SignInFailureRepository, clock: Clock) -> None:
        self._failures = failures
        self._clock = clock

    async def begin(self, canonical_email: str) -> None:
        """Count an attempt as failed before it is made, for then parallel ones cannot overtake the count.

        Raises `TooManyRequests` while the account rests.
        """
        now = self._clock.now()
        row = await self._failures.lock(_key(canonical_email), now)
        if now < row.retry_at:
            raise TooManyRequests(retry_after=max(1, ceil((row.retry_at - now).total_seconds())))
        row.failures = 1 if now - row.updated_at > FAILURES_FORGOTTEN else row.failures + 1
        row.retry_at = now + wait_after(row.failures)
        row.updated_at = now

    async def clear(self, canonical_email: str) -> None:
        """Forget the failures after a sign-in that succeeded."""
        await self._failures.forget(_key(canonical_email))

    async def prune(self) -> int:
        """Delete a batch of the failures that no longer count; tells how many."""
        return await self._failures.prune(self._clock.now() - FAILURES_FORGOTTEN)


class Quotas:
    """The limits that are asked from inside, before a transaction is open."""

    def __init__(self, throttle: Throttle, limits: Mapping[str, Limit]) -> None:
        self._throttle = throttle
        self._limits = limits

    async def allows_mail(self, limit: str, canonical_email: str) -> bool:
        """Count a mail to an address, which strangers may ask for; the quota's end is nobody's to know."""
        # a hash, for more people may read what is counted than may read addresses
        return (await self._throttle.hit(self._limits[limit], f"mailbox:{_key(canonical_email).hex()}")).allowed

    async def take_refresh(self, session_id: UUID) -> None:
        """Count a refresh of a session's tokens; raises `TooManyRequests`."""
        verdict = await self._throttle.hit(self._limits["refresh"], f"session:{session_id}")
        if not verdict.allowed:
            raise TooManyRequests(retry_after=verdict.retry_after)


def _key(canonical_email: str) -> bytes:
    return sha256(canonical_email.encode(errors="surrogatepass")).digest()
