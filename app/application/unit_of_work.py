"""One transaction's worth of services, and the only commit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from app.application.services import Services, Tools
from app.infrastructure.database.engine import Database, lift_timeout
from app.infrastructure.database.errors import database_refusals
from app.infrastructure.database.work import Work

AnswerT = TypeVar("AnswerT")

SPARE: Final = 64
"""Units of work that are kept for the next ones, services and all."""


class Unit:
    """One unit of work, as a context: what its end does is decided by how it is left."""

    __slots__ = ("_commits", "_hurried", "_services", "_spare", "_tools", "_work")

    def __init__(self, work: Work, tools: Tools, spare: list["Unit"], *, commits: bool, hurried: bool = True) -> None:
        """`spare` is where it goes for another to use it, when nothing was opened or ordered in it."""
        self._work = work
        self._tools = tools
        self._spare = spare
        self._commits = commits
        self._hurried = hurried
        self._services = Services(work, tools)

    async def __aenter__(self) -> Services:
        if not self._hurried:
            with database_refusals():
                await lift_timeout(self._work.session)
        return self._services

    async def __aexit__(self, _: type[BaseException] | None, error: BaseException | None, __: object) -> None:
        if error is not None or not self._put_by():
            await self._end(error)

    async def ask(self, question: Callable[[Services], Awaitable[AnswerT]]) -> AnswerT:
        """What the services answer within it, if it is hurried; as a context it would cost more."""
        try:
            answer = await question(self._services)
        except BaseException as error:
            await self._end(error)
            raise
        if not self._put_by():
            await self._end(None)
        return answer

    def _put_by(self) -> bool:
        """Keep it for another to use, when nothing was opened or ordered in it, and tell whether it was kept back."""
        if self._work.opened is not None or self._services.outbox.orders:
            return False
        if len(self._spare) < SPARE:
            self._spare.append(self)
        return True

    async def _end(self, error: BaseException | None) -> None:
        with database_refusals():
            await self._work.end(commit=self._commits and error is None)
            if error is not None:
                raise error
        for order in self._services.outbox.orders:
            self._tools.mail_queue.put(order)


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """Opens transactions for HTTP, GraphQL, jobs and the command line alike."""

    database: Database
    tools: Tools
    _reads: list[Unit] = field(default_factory=list[Unit], init=False, repr=False, compare=False)
    _writes: list[Unit] = field(default_factory=list[Unit], init=False, repr=False, compare=False)

    def begin(self, *, hurried: bool = True) -> Unit:
        """A transaction: committed on a clean exit, rolled back on any exception.

        Unless `hurried`, its statements may take as long as they need. The mails that it ordered are handed on once
        it is committed.
        """
        if hurried and self._writes:
            return self._writes.pop()
        work = Work(self.database.sessions, self.database.statements)
        return Unit(work, self.tools, self._writes if hurried else [], commits=True, hurried=hurried)

    def read(self) -> Unit:
        """Reads without a transaction, a round trip each; nothing may be written here."""
        if self._reads:
            return self._reads.pop()
        work = Work(self.database.reads, self.database.statements)
        return Unit(work, self.tools, self._reads, commits=False)
