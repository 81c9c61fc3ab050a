"""What has outlived its use is deleted: the trash of thirty days ago, old events, tokens and answers that are over."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from app.application.administration.service import OPERATOR
from app.application.unit_of_work import Services, UnitOfWork

PERIOD_SECONDS: Final = 600.0

_PRUNERS: Final[dict[str, Callable[[Services], Awaitable[int]]]] = {
    # those of deleted lists go with their lists
    "trashed todos": lambda services: services.todo_trash.purge(OPERATOR),
    "trashed lists": lambda services: services.todo_trash.purge_lists(OPERATOR),
    "audit events": lambda services: services.administration.prune_events(OPERATOR),
    "kept answers": lambda services: services.idempotency.prune(),
    "sessions": lambda services: services.sessions.prune(),
    "mailed tokens": lambda services: services.mail_tokens.prune(),
    "failed sign-ins": lambda services: services.sign_in_throttle.prune(),
}

_logger = logging.getLogger("app.housekeeping")


class Housekeeping:
    """Deletes some of it in each of its transactions; any number of processes may do so at once."""

    def __init__(self, unit_of_work: UnitOfWork, period: float = PERIOD_SECONDS) -> None:
        """`period` is in seconds."""
        self._unit_of_work = unit_of_work
        self._period = period

    async def tidy(self) -> dict[str, int]:
        """Delete all there is to delete; tells how much of what."""
        return {what: await self._prune(prune) for what, prune in _PRUNERS.items()}

    @asynccontextmanager
    async def kept_up(self) -> AsyncGenerator[None]:
        """Tidy once in every period for as long as the context is open."""
        task = asyncio.create_task(self._keep_tidying())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _prune(self, prune: Callable[[Services], Awaitable[int]]) -> int:
        deleted = 0
        while True:
            async with self._unit_of_work.begin(hurried=False) as services:
                some = await prune(services)
            if not some:
                return deleted
            deleted += some

    async def _keep_tidying(self) -> None:
        while True:
            await asyncio.sleep(self._period)
            try:
                await self.tidy()
            except Exception as error:  # noqa: BLE001 -- whatever is wrong now, it is tried again
                _logger.warning("what is old could not be deleted", extra={"reason": type(error).__name__})
