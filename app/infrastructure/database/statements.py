"""Hot statements: written with SQLAlchemy Core over the models, compiled once, and run by asyncpg alone.

What SQLAlchemy does for each execution (looking its cache up, sessions, transactions around a single statement) costs
several times what PostgreSQL does. Here each statement is its own transaction, and one round trip.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg
from sqlalchemy import URL, BindParameter, ClauseElement, Executable, bindparam
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.types import TypeEngine

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[Any]
else:
    Connection = asyncpg.Connection
Records: TypeAlias = Sequence[Sequence[Any]]

POOL_TIMEOUT_SECONDS: Final = 1.0

_DIALECT: Final = asyncpg_dialect()


def given(name: str, type_: TypeEngine[Any]) -> BindParameter[Any]:
    """What each execution of a hot statement gives a value for."""
    return bindparam(name, None, type_)


class Hot:
    """A statement with its SQL for asyncpg, compiled once: all in it that is not `given` is the same each time."""

    __slots__ = ("_constants", "_names", "sql", "statement")

    def __init__(self, statement: Executable) -> None:
        if not isinstance(statement, ClauseElement):
            raise TypeError(statement)
        compiled: Any = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        self.statement: Any = statement
        self.sql = str(compiled)
        self._names: tuple[str, ...] = tuple(compiled.positiontup)
        given = {name for name, bind in compiled.binds.items() if not bind.unique}
        self._constants: dict[str, Any] = {name: value for name, value in compiled.params.items() if name not in given}

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order in which the SQL names them; raises `KeyError` for one that is missing."""
        constants = self._constants
        return [values[name] if name in values else constants[name] for name in self._names]


class Statements:
    """Connections on which hot statements run, at most `size` of them, each opened when it is first needed.

    The one used last is used next, so that few are busy and have their statements prepared. Nothing is left on a
    connection by a statement that is a transaction by itself, so nothing is reset when it comes back; one on which
    a statement was given up half way is closed.
    """

    def __init__(self, target: URL, arguments: Mapping[str, Any], *, size: int) -> None:
        """`arguments` are asyncpg's, beside what the URL says."""
        _, options = _DIALECT.create_connect_args(target)
        cached = options.pop("prepared_statement_cache_size", None)
        if cached is not None:
            options["statement_cache_size"] = int(cached)
        self._options: dict[str, Any] = {**options, **arguments}
        self._size = size
        self._opened = 0
        self._idle: list[Connection] = []
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self.on_connect: Callable[[Connection], None] | None = None
        """Called with each new connection, by whoever wants to see what runs on it (`add_query_logger`)."""

    async def fetch(self, hot: Hot, values: Mapping[str, Any]) -> Records:
        """Run the statement in a transaction of its own; what it wrote is committed when this returns.

        Raises what asyncpg raises, `TimeoutError` when no connection comes free within `POOL_TIMEOUT_SECONDS`, and
        `ConnectionError` when one breaks.
        """
        idle = self._idle
        connection = idle.pop() if idle and not idle[-1].is_closed() else await self._acquire()
        try:
            found = await connection.fetch(hot.sql, *hot.arguments(values))
        except asyncpg.PostgresError:
            self._release(connection)
            raise
        except asyncpg.InterfaceError as error:
            if not connection.is_closed():
                self._release(connection)
                raise
            self._discard(connection)
            raise ConnectionResetError(str(error)) from error
        except BaseException:
            # the caller has gone, or the answer never came: what the connection is in the midst of is unknown
            self._discard(connection)
            raise
        self._release(connection)
        return found

    async def close(self) -> None:
        """Close the connections that nobody uses; there are no others when nobody is served any more."""
        self._size = 0
        while self._idle:
            await self._idle.pop().close(timeout=POOL_TIMEOUT_SECONDS)

    async def _acquire(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._opened -= 1
        if self._opened >= self._size:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                async with asyncio.timeout(POOL_TIMEOUT_SECONDS):
                    given = await waiter
            except BaseException:
                if waiter.done() and not waiter.cancelled():
                    self._hand_on(waiter.result())
                raise
            if given is not None:
                return given
        else:
            self._opened += 1
        return await self._connect()

    async def _connect(self) -> Connection:
        """A new connection in a place that is counted already."""
        try:
            connection = await asyncpg.connect(**self._options)
        except BaseException:
            self._hand_on(None)
            raise
        if self.on_connect is not None:
            self.on_connect(connection)
        return connection

    def _release(self, connection: Connection) -> None:
        if self._waiting or connection.is_closed():
            self._hand_on(None if connection.is_closed() else connection)
        else:
            self._idle.append(connection)

    def _discard(self, connection: Connection) -> None:
        connection.terminate()
        self._hand_on(None)

    def _hand_on(self, connection: Connection | None) -> None:
        """Give a connection, or the place of one that is no more, to whoever has waited longest."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        if connection is None:
            self._opened -= 1
        else:
            self._idle.append(connection)
