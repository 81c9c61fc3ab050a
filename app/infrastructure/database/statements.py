"""Runs hot statements by asyncpg alone.

What SQLAlchemy does for each execution (looking its cache up, sessions, transactions around a single statement) costs
several times what PostgreSQL does. Here each statement is its own transaction, and one round trip.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg
from sqlalchemy import URL

from app.infrastructure.database.hot import DIALECT, Hot, Records
from app.infrastructure.database.sharing import Shared, Sharing

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[Any]
else:
    Connection = asyncpg.Connection

POOL_TIMEOUT_SECONDS: Final = 1.0

REMEMBERED: Final = 512
"""Shared statements whose callers are known; they are made anew for as many sorts and filters as there are."""


class Statements:
    """Connections on which hot statements run, at most `size` of them, each opened when it is first needed.

    The one used last is used next, so that few are busy and have their statements prepared. Nothing is left on a
    connection by a statement that is a transaction by itself, so nothing is reset when it comes back; one on which
    a statement was given up half way is closed.
    """

    def __init__(self, target: URL, arguments: Mapping[str, Any], *, size: int) -> None:
        """`arguments` are asyncpg's, beside what the URL says."""
        _, options = DIALECT.create_connect_args(target)
        cached = options.pop("prepared_statement_cache_size", None)
        if cached is not None:
            options["statement_cache_size"] = int(cached)
        self._options: dict[str, Any] = {**options, **arguments}
        self._size = size
        self._opened = 0
        self._idle: list[Connection] = []
        self._sharing: dict[Shared, Sharing] = {}
        self._waiting: deque[tuple[float, asyncio.Future[Connection | None]]] = deque()
        self._turning_away: asyncio.TimerHandle | None = None
        self.on_connect: Callable[[Connection], None] | None = None
        """Called with each new connection, by whoever wants to see what runs on it (`add_query_logger`)."""

    def fetch(self, hot: Hot, values: Mapping[str, Any]) -> Awaitable[Records]:
        """Run the statement in a transaction of its own; what it wrote is committed when this returns.

        One that is `Shared` runs for all who ask in this turn. Raises what asyncpg raises, `TimeoutError` when no
        connection comes free within `POOL_TIMEOUT_SECONDS`, and `ConnectionError` when one breaks.
        """
        if isinstance(hot, Shared):
            sharing = self._sharing.get(hot)
            if sharing is None:
                if len(self._sharing) >= REMEMBERED:
                    # those who wait for it now are served all the same
                    del self._sharing[next(iter(self._sharing))]
                sharing = self._sharing[hot] = Sharing(hot, self._run)
            return sharing.fetch(values)
        return self._run(hot, values)

    async def _run(self, hot: Hot, values: Mapping[str, Any]) -> Records:
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
            loop = asyncio.get_running_loop()
            waiter = loop.create_future()
            self._waiting.append((loop.time() + POOL_TIMEOUT_SECONDS, waiter))
            if self._turning_away is None:
                self._turning_away = loop.call_later(POOL_TIMEOUT_SECONDS, self._turn_away)
            try:
                given = await waiter
            except BaseException:
                if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                    self._hand_on(waiter.result())
                raise
            if given is not None:
                return given
        else:
            self._opened += 1
        return await self._connect()

    def _turn_away(self) -> None:
        """Tell those who have waited too long: one timer for all of them, as each of its own would cost more."""
        loop = asyncio.get_running_loop()
        self._turning_away = None
        while self._waiting:
            until, waiter = self._waiting[0]
            if until > loop.time():
                self._turning_away = loop.call_at(until, self._turn_away)
                return
            self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(TimeoutError())

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
            _, waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        if connection is None:
            self._opened -= 1
        else:
            self._idle.append(connection)
