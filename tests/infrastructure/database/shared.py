"""What tests of shared statements do over and over: ask at once, have somebody wait, and say what was sent."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Integer, String, case, cast, func, literal, select

from app.infrastructure.database.hot import Records, given
from app.infrastructure.database.sharing import Shared
from app.infrastructure.database.statements import Statements


def where_zero(then: Any) -> Shared:
    """A statement that does this where it is given zero, and else has the number for an answer."""
    number = given("number", Integer())
    return Shared(select(case((number == 0, cast(cast(then, String), String)), else_=cast(number, String)).label("a")))


WAIT = where_zero(func.pg_advisory_lock_shared(literal(1)))


async def told(sent: list[str], *hots: Shared) -> list[str]:
    """Which of these have been sent by now: asyncpg tells it in the loop's next turn, and asks about types itself."""
    await asyncio.sleep(0)
    texts = {sql for hot in hots for sql in (hot.sql, hot.together.sql)}
    return [query for query in sent if query in texts]


@asynccontextmanager
async def held(observer: Any) -> AsyncGenerator[None]:
    """What `WAIT` waits for."""
    await observer.execute("SELECT pg_advisory_lock(1)")
    try:
        yield
    finally:
        await observer.execute("SELECT pg_advisory_unlock(1)")


def start(statements: Statements, hot: Shared, **values: Any) -> "asyncio.Future[Records]":
    return asyncio.ensure_future(statements.fetch(hot, values))


async def answers(statements: Statements, hot: Shared, *numbers: int) -> list[Any]:
    """What each of those is told who ask for these numbers at once: a value, None for no row, or an error."""
    asking = (statements.fetch(hot, {"number": number}) for number in numbers)
    found = await asyncio.gather(*asking, return_exceptions=True)
    return [each if isinstance(each, BaseException) else each[0][0] if each else None for each in found]
