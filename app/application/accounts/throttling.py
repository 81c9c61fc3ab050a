"""Failed sign-ins in a row, counted by address whether it has an account or not."""

from hashlib import sha256
from math import ceil

from app.domain.accounts import FAILURES_FORGOTTEN, wait_after
from app.domain.errors import TooManyRequests
from app.domain.ports import Clock
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


def _key(canonical_email: str) -> bytes:
    return sha256(canonical_email.encode()).digest()
