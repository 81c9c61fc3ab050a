"""Mails on their way out of a process: requests leave orders here and never wait for a mail server."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from prometheus_client import Counter

from app.domain.mail import MailOrder

CAPACITY: Final = 1000
WORKERS: Final = 4
DRAIN_SECONDS: Final = 5.0

# what succeeds is not counted: the figures would tell strangers whether the address they tried has an account
LOST: Final = Counter("evenstar_mails_lost", "Mails that were ordered and not sent.", ["kind", "reason"])

_logger = logging.getLogger("app.mail")


class LocalMailQueue:
    """Holds up to `CAPACITY` orders in memory and carries them out, `WORKERS` at a time.

    Orders that find it full, that fail, and that are left `DRAIN_SECONDS` after the end of its use are lost: they
    are counted and logged, by kind and never by address.
    """

    def __init__(self, capacity: int = CAPACITY, drain_seconds: float = DRAIN_SECONDS) -> None:
        self._orders: asyncio.Queue[MailOrder] = asyncio.Queue(capacity)
        self._drain_seconds = drain_seconds

    def put(self, order: MailOrder) -> None:
        """As the port `MailQueue` has it."""
        try:
            self._orders.put_nowait(order)
        except asyncio.QueueFull:
            _lose(order, "queue full")

    async def drained(self) -> None:
        """Wait until all that was put here is done with."""
        await self._orders.join()

    @asynccontextmanager
    async def served_by(self, deliver: Callable[[MailOrder], Awaitable[None]]) -> AsyncGenerator[None]:
        """Carry out orders for as long as the context is open, and at its end those that are left."""
        workers = [asyncio.create_task(self._serve(deliver)) for _ in range(WORKERS)]
        try:
            yield
        finally:
            try:
                async with asyncio.timeout(self._drain_seconds):
                    await self.drained()
            except TimeoutError:
                pass
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            while not self._orders.empty():
                _lose(self._orders.get_nowait(), "shut down")

    async def _serve(self, deliver: Callable[[MailOrder], Awaitable[None]]) -> None:
        while True:
            order = await self._orders.get()
            try:
                await deliver(order)
            except asyncio.CancelledError:
                _lose(order, "shut down")
                raise
            except Exception as error:  # noqa: BLE001 -- whatever is wrong with one mail, the next is sent
                # its class alone: a mail server's words repeat addresses
                _lose(order, type(error).__name__)
            finally:
                self._orders.task_done()


def _lose(order: MailOrder, reason: str) -> None:
    LOST.labels(order.kind.value, reason).inc()
    _logger.error("a mail was not sent", extra={"kind": order.kind.value, "reason": reason})
