"""Statements that many callers ask for in the same turn of the event loop share a round trip.

What each of them asks goes to PostgreSQL as one row of a table, beside which the statement is run for all. It goes as
JSON, for of an array asyncpg looks at each element in Python. A caller who is alone after one turn more runs the
statement itself. Where it fails for many together, nothing of it has happened, and each of them asks again alone:
nobody is told of a failure that is another's. Nor does anybody wait for another's row: a statement that locks any is
made to pass over those that somebody holds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

import asyncpg
import msgspec
from sqlalchemy import (
    JSON,
    BigInteger,
    BindParameter,
    ColumnElement,
    Executable,
    LargeBinary,
    Select,
    column,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.sql.visitors import replacement_traverse
from sqlalchemy.types import TypeEngine

from app.infrastructure.database.hot import Hot, Records, given

TOGETHER: Final = 2
"""Round trips of one statement at a time; who comes meanwhile has company for the next."""

MOST: Final = 16
"""Callers in one round trip."""

Values: TypeAlias = Mapping[str, Any]
Run: TypeAlias = Callable[[Hot, Values], Awaitable[Records]]
Caller: TypeAlias = tuple[Values, asyncio.Future[Records]]
Types: TypeAlias = Mapping[str, TypeEngine[Any]]

FEW: Final = 8
"""Callers who are fewer wait for one turn of the loop more: where much is to be done, that brings others.

Nor do they begin a round trip beside another one, which would cost both sides more than it saves them time; but while
that one may be waiting for what somebody holds, whoever comes begins the next.
"""

_ASKED: Final = "asked"
_PLACE: Final = "place"

_encode: Final = msgspec.json.Encoder().encode


class Shared(Hot):
    """A hot statement that finds at most one row, is quick whatever is asked, and may be run for many callers.

    What it is `together` ends its rows with the caller's place, or with the value of that name `by` which no two of
    them may give. Of one that passes over locked rows, `again` has those ask alone for whom it found nothing, and
    of two who ask alone at a time the second pass over them too at first.
    """

    __slots__ = ("again", "by", "together")

    def __init__(
        self,
        statement: Executable,
        together: Executable | None = None,
        *,
        by: str | None = None,
        again: bool = False,
    ) -> None:
        """What a select is `together` need not be given."""
        super().__init__(statement)
        if together is None:
            together = _together(cast("Select[Any]", statement))
        self.together = Hot(together)
        self.by = by
        self.again = again


def asked(types: Types) -> TableValuedAlias:
    """The table of what is asked, and of each caller's place, for the binds of these names.

    Raises `TypeError` for bytes, which JSON has no way to write.
    """
    if any(isinstance(kind, LargeBinary) for kind in types.values()):
        raise TypeError("What is asked together may not be bytes")
    return (
        func.json_to_recordset(given(_ASKED, JSON()))
        .table_valued(*(column(name, kind) for name, kind in types.items()), column(_PLACE, BigInteger()))
        .render_derived(name=_ASKED, with_types=True)
    )


def beside(statement: Select[Any]) -> tuple[Select[Any], Types]:
    """The statement with columns of that table in the place of its binds, and what they are."""
    types: dict[str, TypeEngine[Any]] = {}

    def replace(element: Any, **_: Any) -> ColumnElement[Any] | None:
        if not isinstance(element, BindParameter):
            return None
        bind = cast("BindParameter[Any]", element)
        if bind.unique:
            return None
        types[bind.key] = bind.type
        # by its name alone: no select within the statement is to look for the table among its own
        return literal_column(f"{_ASKED}.{bind.key}", bind.type)

    return cast("Select[Any]", replacement_traverse(statement, {}, replace)), types


def _together(statement: Select[Any]) -> Select[Any]:
    replaced, types = beside(statement)
    found, table = replaced.lateral("found"), asked(types)
    return select(*found.c, table.c[_PLACE]).select_from(table.join(found, true()))


class Sharing:
    """The callers of one statement."""

    __slots__ = ("_blocking", "_hot", "_run", "_running", "_scheduled", "_tasks", "_waiting")

    def __init__(self, hot: Shared, run: Run) -> None:
        """`run` runs any statement by itself."""
        self._hot = hot
        self._run = run
        self._blocking = 0
        self._running = 0
        self._scheduled = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: list[Caller] = []

    def fetch(self, values: Values) -> asyncio.Future[Records]:
        """The row, if there is one, before long; raises what `run` raises."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Records] = loop.create_future()
        self._waiting.append((values, found))
        # asked here as well, for it is nearly always so
        if not self._scheduled and (not self._running or self._may_start()):
            self._scheduled = True
            loop.call_soon(self._gather)
        return found

    def _may_start(self) -> bool:
        if not self._running:
            return True
        return self._running < TOGETHER and (self._blocking > 0 or len(self._waiting) >= FEW)

    def _gather(self) -> None:
        if len(self._waiting) < FEW:
            asyncio.get_running_loop().call_soon(self._start)
        else:
            self._start()

    def _start(self) -> None:
        self._scheduled = False
        loop = asyncio.get_running_loop()
        while self._waiting and self._may_start():
            callers = self._next()
            self._running += 1
            task = loop.create_task(self._serve(callers))
            self._tasks.add(task)
            task.add_done_callback(self._end)

    def _next(self) -> list[Caller]:
        """The callers of the next round trip, who are no longer waiting for one."""
        by, waiting = self._hot.by, self._waiting
        if by is None:
            self._waiting = waiting[MOST:]
            return waiting[:MOST]
        callers: dict[Any, Caller] = {}
        self._waiting = []
        for caller in waiting:
            if len(callers) >= MOST or callers.setdefault(caller[0][by], caller) is not caller:
                self._waiting.append(caller)
        return list(callers.values())

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._running -= 1
        self._start()

    async def _serve(self, callers: Sequence[Caller]) -> None:
        callers = [caller for caller in callers if not caller[1].done()]
        # one of several round trips at most may wait for what somebody holds, for the next callers need the others
        if len(callers) > 1 or (callers and self._hot.again and self._running > 1):
            try:
                await self._serve_together(callers)
            except BaseException as error:
                if isinstance(error, asyncpg.PostgresError) and not isinstance(error, asyncpg.PostgresConnectionError):
                    await self._serve_each(callers)
                    return
                # of a connection that broke nobody knows what it had done
                for _, found in callers:
                    _fail(found, error)
                if not isinstance(error, Exception):
                    raise
        elif callers:
            await self._serve_each(callers)

    async def _serve_together(self, callers: Sequence[Caller]) -> None:
        hot = self._hot
        by = hot.by
        if by is None:
            asked = [{**values, _PLACE: place} for place, (values, _) in enumerate(callers)]
            keys: Iterable[Any] = range(len(callers))
        else:
            asked = [values for values, _ in callers]
            keys = [values[by] for values in asked]
        try:
            told = _encode(asked).decode()
        except (OverflowError, ValueError) as error:
            raise asyncpg.DataError("What one of them asks cannot be told") from error
        rows = {row[-1]: (row[:-1],) for row in await self._run(hot.together, {_ASKED: told})}
        for key, caller in zip(keys, callers, strict=True):
            found = rows.get(key, ())
            if not found and hot.again:
                # beside what comes next, which has nothing to do with what it may wait for
                task = asyncio.create_task(self._serve_alone(*caller))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            elif not caller[1].done():
                caller[1].set_result(found)

    async def _serve_each(self, callers: Sequence[Caller]) -> None:
        if self._hot.again:
            self._blocking += 1
            self._start()
        try:
            if len(callers) == 1:
                await self._serve_alone(*callers[0])
            else:
                await asyncio.gather(*(self._serve_alone(*caller) for caller in callers))
        finally:
            if self._hot.again:
                self._blocking -= 1

    async def _serve_alone(self, values: Values, found: asyncio.Future[Records]) -> None:
        try:
            rows = await self._run(self._hot, values)
        except BaseException as error:
            _fail(found, error)
            if not isinstance(error, Exception):
                raise
        else:
            if not found.done():
                found.set_result(rows)


def _fail(found: asyncio.Future[Records], error: BaseException) -> None:
    if found.done():
        return
    if isinstance(error, asyncio.CancelledError):
        found.cancel()
    else:
        found.set_exception(error)
