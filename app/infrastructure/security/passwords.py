"""Plain bcrypt in a bounded pool of threads, so that hashing never holds up the event loop."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

import bcrypt

from app.domain.accounts import PASSWORD_MAX_BYTES
from app.domain.errors import Unavailable

T = TypeVar("T")

QUEUE: Final = 50
RETRY_AFTER_SECONDS: Final = 2
NICENESS: Final = 10
"""How much less than others a thread that hashes insists on a processor."""


class BcryptHasher:
    """Hashes at one cost (a power of two; ASVS 5.0 11.4.2), as many at a time as there are cores.

    More than `QUEUE` waiting are refused, for they would only wait longer than their callers do.
    """

    def __init__(self, cost: int, workers: int | None = None) -> None:
        self._cost = cost
        self._workers = workers or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self._workers, "bcrypt", _step_back)
        self._pending = 0
        self._stand_in = bcrypt.hashpw(b"no one's password", bcrypt.gensalt(cost))

    async def hash(self, password: str) -> str:
        """A `$2b$` hash; raises `Unavailable` when too many are waiting."""
        secret = password.encode()
        return await self._run(lambda: bcrypt.hashpw(secret, bcrypt.gensalt(self._cost)).decode())

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Whether the password made the hash; the answer no costs the same for every reason it has."""
        secret = password.encode()
        # bcrypt refuses to read more, and nobody's password is longer
        comparable = hashed is not None and len(secret) <= PASSWORD_MAX_BYTES
        stored = hashed.encode() if hashed is not None and comparable else self._stand_in
        matches = await self._run(lambda: _matches(secret[:PASSWORD_MAX_BYTES], stored))
        return matches and comparable

    def outdated(self, hashed: str) -> bool:
        """Whether the hash has another cost, or Node's older `$2a$` mark."""
        return not hashed.startswith(f"$2b${self._cost:02d}$")

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._pending >= self._workers + QUEUE:
            raise Unavailable("Too many sign-ins at once", retry_after=RETRY_AFTER_SECONDS)
        self._pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._pending -= 1


def _step_back() -> None:
    """Let the thread that answers requests go first; other systems have no priorities of single threads."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)


def _matches(secret: bytes, hashed: bytes) -> bool:
    try:
        return bcrypt.checkpw(secret, hashed)
    except ValueError:
        return False
