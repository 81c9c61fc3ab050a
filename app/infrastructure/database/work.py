"""What one unit of work has of the database: a session, opened when something asks for it, and hot statements."""

from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.infrastructure.database.base import Model
from app.infrastructure.database.hot import Hot, Records
from app.infrastructure.database.statements import Statements

ModelT = TypeVar("ModelT", bound=Model)


class Work:
    """The way to the database for the time of one unit of work."""

    __slots__ = ("_sessions", "_statements", "opened")

    def __init__(self, sessions: async_sessionmaker[AsyncSession], statements: Statements) -> None:
        self._sessions = sessions
        self._statements = statements
        self.opened: AsyncSession | None = None
        """The session, if there is one; it has to be closed then."""

    @property
    def session(self) -> AsyncSession:
        """The session, from now on with a transaction where the unit of work is one."""
        if self.opened is None:
            self.opened = self._sessions()
        return self.opened

    def join(self) -> None:
        """Have everything from now on run in the session."""
        _ = self.session

    def fetch(self, hot: Hot, values: Mapping[str, Any], *, alone: bool = True) -> Awaitable[Records]:
        """Run a hot statement: in the session where there is one, and else as a transaction of its own.

        One that writes is committed at once in that case. Where more is to be written that stands or falls with it,
        it is not `alone`, and runs in the session.
        """
        if alone and self.opened is None:
            return self._statements.fetch(hot, values)
        return self._execute(hot, values)

    async def _execute(self, hot: Hot, values: Mapping[str, Any]) -> Records:
        return (await self.session.execute(hot.statement, dict(values))).all()

    async def end(self, *, commit: bool) -> None:
        """Close what was opened, after a commit or without one."""
        if self.opened is not None:
            async with self.opened as session:
                if commit:
                    await session.commit()


class Repository(SQLAlchemyAsyncRepository[ModelT]):
    """A repository of advanced-alchemy's, which becomes one when its session is asked for.

    Until then it costs nothing: a hot statement needs neither.
    """

    def __init__(self, *, session: Work) -> None:
        self.work = session

    def __getattr__(self, name: str) -> Any:
        """Called for what is not there yet; raises `AttributeError` for what never will be."""
        if "session" in self.__dict__ or name == "work":
            raise AttributeError(name=name, obj=self)
        super().__init__(session=self.work.session)
        return getattr(self, name)
