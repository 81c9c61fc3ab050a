"""How long a page of todos takes: of 200,000 at most 1.2 times as long as of 2,000, in one run.

What a page costs on any machine is told by the plans; this is what that comes to on the one at hand, with the
repository's own work. Both are asked in turns, so that whatever else goes on there slows down the one as the other.
"""

from statistics import median
from time import perf_counter
from typing import Any, Final

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.application.todos.filters import filters_of
from app.application.todos.schemas import Todo, TodoQuery
from app.domain.access import Actor
from app.domain.todos import TodoStatus
from app.infrastructure.database import models
from app.infrastructure.database.engine import open_database
from app.infrastructure.database.repositories.keyset import SortTerm
from app.infrastructure.database.repositories.todos import TodoRepository
from app.infrastructure.database.work import Work
from tests.infrastructure.database.volume import LARGE, SMALL, Household

pytestmark = [pytest.mark.anyio, pytest.mark.soak]

LIMIT: Final = 21
ROUNDS: Final = 500
SIZES: Final = (SMALL, LARGE)
OPEN: Final = {"status": [TodoStatus.OPEN]}


async def middle(session: AsyncSession, home: Household, column: str) -> tuple[object, ...]:
    """The place of the todo in the middle of the list."""
    todo = models.Todo
    shown = [getattr(todo, column), todo.id]
    count = (await session.execute(select(func.count()).where(todo.list_id == home.list))).scalar_one()
    query = select(*shown).where(todo.list_id == home.list).order_by(*shown).offset(count // 2).limit(1)
    return tuple((await session.execute(query)).one())


@pytest.mark.parametrize("deep", [False, True], ids=["first", "middle"])
@pytest.mark.parametrize(
    ("sort", "asked"),
    [
        pytest.param("-created_at", {}, id="newest"),
        pytest.param("-created_at", OPEN, id="newest open"),
        pytest.param("due_order", {}, id="next due"),
        pytest.param("due_order", OPEN, id="next due open"),
        pytest.param("-due_order", {"completed": False}, id="last due undone"),
    ],
)
async def test_a_page_of_twenty_takes_at_200_000_todos_at_most_1_2_times_what_it_takes_at_2_000(
    crowded: AsyncConnection, volume: str, sort: str, asked: dict[str, Any], *, deep: bool
) -> None:
    column, descending = sort.removeprefix("-"), sort.startswith("-")
    terms = [SortTerm(column, descending), SortTerm("id", descending)]
    filters = filters_of(TodoQuery(**asked))
    took: dict[int, list[float]] = {size: [] for size in SIZES}
    database = open_database(volume, pool_size=3, statement_timeout=30)
    todos = TodoRepository(session=Work(database.reads, database.statements))
    async with AsyncSession(crowded) as session:
        after = {size: await middle(session, Household(size), column) if deep else None for size in SIZES}
        for round_ in range(ROUNDS):
            for size in SIZES if round_ % 2 else reversed(SIZES):
                actor = Actor(Household(size).owner)
                begun = perf_counter()
                found = await todos.list_page(Todo, actor, filters, terms, limit=LIMIT, after=after[size])
                took[size].append(perf_counter() - begun)
                assert len(found) == LIMIT
    await database.close()
    medians = {size: median(times) for size, times in took.items()}
    assert medians[LARGE] <= 1.2 * medians[SMALL], medians
