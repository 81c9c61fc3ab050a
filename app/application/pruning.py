"""What nobody is to see again is deleted: some of it at a time, so that nobody waits for long."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.application.administration.service import OPERATOR
from app.application.unit_of_work import Services, UnitOfWork


@dataclass(frozen=True, slots=True)
class Pruned:
    """How much was deleted."""

    todos: int
    """Without those of deleted lists."""
    lists: int
    events: int
    answers: int


async def prune(units: UnitOfWork) -> Pruned:
    """Delete what has been in the trash, in the audit log, and kept for repetition for longer than it is to be."""
    return Pruned(
        todos=await _exhaust(units, lambda services: services.todo_trash.purge(OPERATOR)),
        lists=await _exhaust(units, lambda services: services.todo_trash.purge_lists(OPERATOR)),
        events=await _exhaust(units, lambda services: services.administration.prune_events(OPERATOR)),
        answers=await _exhaust(units, lambda services: services.idempotency.prune()),
    )


async def _exhaust(units: UnitOfWork, work: Callable[[Services], Awaitable[int]]) -> int:
    """Do it, in a transaction each time, until there is nothing left to do; tells how much there was."""
    total = 0
    while True:
        async with units.begin(hurried=False) as services:
            count = await work(services)
        if not count:
            return total
        total += count
