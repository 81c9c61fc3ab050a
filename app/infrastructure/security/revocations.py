"""Which sessions have ended while their access tokens still live: known to every worker without asking each time."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from time import monotonic
from typing import Final
from uuid import UUID

from asyncpg import InterfaceError, PostgresError
from sqlalchemy import DateTime, Uuid, select

from app.domain.accounts import ACCESS_TOKEN_LIFETIME
from app.domain.ports import Clock
from app.infrastructure.database.errors import database_refusals
from app.infrastructure.database.hot import Hot, given
from app.infrastructure.database.models import Session
from app.infrastructure.database.statements import Statements

POLL_SECONDS: Final = 0.4
STALE_SECONDS: Final = 2.0
# a session that ends is written with the instant before its commit
OVERLAP: Final = timedelta(minutes=1)
# by how much another machine's clock may be ahead
AHEAD: Final = timedelta(days=1)

# between two instants, for a plan that is made before they are known looks such rows up, and reads all behind one
_ENDED: Final = Hot(
    select(Session.id).where(
        Session.revoked_at.between(given("since", DateTime(timezone=True)), given("until", DateTime(timezone=True)))
    )
)
_LIVE: Final = Hot(select(Session.id).where(Session.id == given("id", Uuid()), Session.revoked_at.is_(None)))

_logger = logging.getLogger("app.revocations")


class Revocations:
    """Reads, more than twice a second, the sessions that have ended within the life of an access token.

    While the reading fails, for more than `STALE_SECONDS`, the database is asked for each token instead; when that
    fails too the request is refused as any other that the database cannot serve.
    """

    def __init__(self, statements: Statements, clock: Clock, seconds: Callable[[], float] = monotonic) -> None:
        self._statements = statements
        self._clock = clock
        self._seconds = seconds
        # as numbers, whose hash is not computed in Python
        self._ended: frozenset[int] = frozenset()
        self._read_at = -STALE_SECONDS

    def may_include(self, session_id: UUID) -> bool:
        """Whether the session has ended, or whether the database would have to be asked for that."""
        return session_id.int in self._ended or self._seconds() - self._read_at > STALE_SECONDS

    async def include(self, session_id: UUID) -> bool:
        """Whether the session has ended."""
        if not self.may_include(session_id):
            return False
        if session_id.int in self._ended:
            return True
        with database_refusals():
            return not await self._statements.fetch(_LIVE, {"id": session_id})

    async def read(self) -> None:
        """Read the sessions that have ended lately."""
        asked_at = self._seconds()
        now = self._clock.now()
        times = {"since": now - ACCESS_TOKEN_LIFETIME - OVERLAP, "until": now + AHEAD}
        self._ended = frozenset(row[0].int for row in await self._statements.fetch(_ENDED, times))
        self._read_at = asked_at

    @asynccontextmanager
    async def kept_up(self) -> AsyncGenerator[None]:
        """Keep reading for as long as the context is open."""
        task = asyncio.create_task(self._keep_reading())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_reading(self) -> None:
        failing = False
        while True:
            try:
                async with asyncio.timeout(STALE_SECONDS):
                    await self.read()
                failing = False
            except (PostgresError, InterfaceError, OSError) as error:
                if not failing:
                    _logger.warning("the feed of ended sessions has stopped", extra={"reason": type(error).__name__})
                failing = True
            await asyncio.sleep(POLL_SECONDS)
