"""One timer for all that is waited for: one of its own for each body would cost more than to read it."""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

TICK_SECONDS: Final = 0.05
"""How much later than asked for a deadline may be noticed."""

T = TypeVar("T")


class _Wait:
    __slots__ = ("deadline", "is_over", "task")

    def __init__(self, deadline: float, task: asyncio.Task[object]) -> None:
        self.deadline = deadline
        self.task = task
        self.is_over = False


class Deadlines:
    """Ends what takes too long, as `asyncio.timeout` does."""

    def __init__(self) -> None:
        self._waits: set[_Wait] = set()
        self._watching: asyncio.AbstractEventLoop | None = None

    async def meet(self, deadline: float, awaited: Awaitable[T]) -> T:
        """What the awaitable gives; raises `TimeoutError` soon after the instant, which is of the loop's clock."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("Only a task can be told that its time is over")
        before = task.cancelling()
        wait = _Wait(deadline, task)
        self._waits.add(wait)
        loop = asyncio.get_running_loop()
        if self._watching is not loop:
            self._watching = loop
            loop.call_later(TICK_SECONDS, self._watch)
        try:
            return await awaited
        except asyncio.CancelledError:
            # somebody else may want the task to end as well
            if wait.is_over and task.cancelling() <= before + 1:
                raise TimeoutError from None
            raise
        finally:
            self._waits.discard(wait)
            if wait.is_over:
                task.uncancel()

    def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for wait in self._waits:
            if wait.deadline <= now and not wait.is_over:
                wait.is_over = True
                wait.task.cancel()
        if self._waits:
            loop.call_later(TICK_SECONDS, self._watch)
        else:
            self._watching = None
