"""What a page of todos costs, in pages that PostgreSQL looks at: those are the same on every machine and in every run.

For each of the filters listed here, alone or in the few combinations there are, and each order by one field either
way, a page in front and one in the middle cost of 200,000 todos at most 1.2 times what they cost of 2,000, and a
`slack` of so many pages. That is no promise that all filters cost the same: what few todos match, or what is put in
order by two fields, is sorted in memory, and costs as much as there are matches.
"""

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.application.todos.filters import filters_of
from app.application.todos.schemas import Todo, TodoQuery
from app.domain.todos import Priority, TodoStatus
from app.infrastructure.database import models
from app.infrastructure.database.repositories.keyset import SortTerm
from app.infrastructure.database.repositories.projection import columns
from app.infrastructure.database.repositories.todos_listing import (
    TodoFilters,
    count_statement,
    page_statement,
)
from app.infrastructure.database.repositories.todos_searching import search_statement, tags_statement
from tests.infrastructure.database.plans import Plan, explain
from tests.infrastructure.database.volume import LARGE, SMALL, Household

pytestmark = pytest.mark.anyio

COLUMNS = ("created_at", "updated_at", "due_order", "priority_rank", "position")
SHOWN = columns(Todo, models.Todo)
LIMIT = 21


def day(month: int, number: int = 1) -> datetime:
    return datetime(2030, month, number, tzinfo=UTC)


def filters(home: Household) -> dict[str, TodoFilters]:
    asked: dict[str, dict[str, Any]] = {
        "none": {},
        "the list": {"list_id": home.list},
        "done": {"completed": True},
        "not done": {"completed": False},
        "one status": {"status": [TodoStatus.OPEN]},
        "two statuses": {"status": [TodoStatus.OPEN, TodoStatus.CANCELLED]},
        "a common priority": {"priority": [Priority.HIGH, Priority.LOW]},
        "a rare priority": {"priority": [Priority.URGENT]},
        "a common tag": {"tag": "common"},
        "a rare tag": {"tag": "rare"},
        "no such tag": {"tag": "none"},
        "assigned to one with many": {"assignee_id": home.owner},
        "assigned to one with few": {"assignee_id": home.helper},
        "most due dates": {"due_after": day(2), "due_before": day(11)},
        "long overdue": {"due_before": datetime(2030, 1, 1, 13, tzinfo=UTC)},
        "far ahead": {"due_after": datetime(2031, 1, 1, tzinfo=UTC)},
        "subtasks": {"parent_id": home.parent},
        "a common word": {"q": "buy"},
        "a rare word": {"q": "quin"},
        "common words of a status": {"q": "buy mil", "status": [TodoStatus.OPEN]},
        "a rare word with a tag": {"q": "quinces", "tag": "common", "completed": False},
    }
    return {name: filters_of(TodoQuery(**fields)) for name, fields in asked.items()}


NAMES = list(filters(Household(SMALL)))


def terms_of(*sort: str) -> list[SortTerm]:
    terms = [SortTerm(name.removeprefix("-"), name.startswith("-")) for name in sort]
    return [*terms, SortTerm("id", terms[-1].descending)]


@pytest.fixture(scope="module")
def middles() -> dict[tuple[object, ...], tuple[object, ...]]:
    """What `middle` has found."""
    return {}


async def middle(
    connection: AsyncConnection,
    home: Household,
    column: str,
    asked: TodoFilters,
    known: dict[tuple[object, ...], tuple[object, ...]],
) -> tuple[object, ...]:
    """The place of the todo in the middle of the list, or of those that have such a due date."""
    key = (home.size, column, asked.due_before, asked.due_after)
    if key not in known:
        todo = models.Todo
        shown = [getattr(todo, column), todo.id]
        query = select(*shown).where(todo.list_id == home.list)
        if asked.due_before is not None:
            query = query.where(todo.due_at < asked.due_before)
        if asked.due_after is not None:
            query = query.where(todo.due_at >= asked.due_after)
        count = (await connection.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
        query = query.order_by(*shown).offset(count // 2).limit(1)
        known[key] = tuple((await connection.execute(query)).one())
    return known[key]


async def page(
    connection: AsyncConnection,
    home: Household,
    name: str,
    terms: list[SortTerm],
    *,
    after: tuple[object, ...] | None = None,
    generic: bool = True,
) -> Plan:
    """A page as the repository asks for it."""
    statement = page_statement(SHOWN, home.owner, filters(home)[name], terms, limit=LIMIT, after=after)
    plan = await explain(connection, statement, generic=generic)
    assert not plan.faults(), (name, terms, plan.root)
    return plan


def slack(asked: TodoFilters) -> int:
    """A level of each index more, and what a page has of chance in it where matches lie scattered."""
    scattered = (asked.tag, asked.q, asked.assignee_id, asked.due_before, asked.due_after)
    return 75 if asked.priority or any(scattered) else 20


@pytest.mark.parametrize("name", NAMES)
async def test_a_page_of_many_todos_reads_at_most_1_2_times_what_one_of_few_does_in_front_and_in_the_middle(
    crowded: AsyncConnection, middles: dict[tuple[object, ...], tuple[object, ...]], name: str
) -> None:
    large, small = Household(LARGE), Household(SMALL)
    for column, generic in [*((column, True) for column in COLUMNS), ("created_at", False), ("due_order", False)]:
        firsts: dict[int, list[int]] = {LARGE: [], SMALL: []}
        deeps: dict[int, list[int]] = {LARGE: [], SMALL: []}
        for home, sort in product((large, small), (column, f"-{column}")):
            terms = terms_of(sort)
            after = await middle(crowded, home, column, filters(home)[name], middles)
            first = await page(crowded, home, name, terms, generic=generic)
            again = await page(crowded, home, name, terms, generic=generic)
            deep = await page(crowded, home, name, terms, after=after, generic=generic)
            # what is read of the catalogue when something is done for the first time is no matter
            firsts[home.size].append(min(first.buffers, again.buffers))
            deeps[home.size].append(deep.buffers)
        told = f"{name}, {column}: {firsts}, {deeps}"
        beyond = slack(filters(large)[name])
        assert max(firsts[LARGE]) <= 1.2 * max(*firsts[SMALL], *deeps[SMALL]) + beyond, told
        assert max(deeps[LARGE]) <= 1.2 * max(*firsts[SMALL], *deeps[SMALL]) + beyond, told
        assert max(deeps[LARGE]) <= 1.2 * max(firsts[LARGE]) + beyond, told


async def test_the_newest_todos_cost_little_more_than_the_rows_themselves(crowded: AsyncConnection) -> None:
    plan = await page(crowded, Household(LARGE), "none", terms_of("-created_at"))
    assert plan.rows == LIMIT
    assert plan.buffers <= LIMIT


@pytest.mark.parametrize(
    "sort", [("priority_rank", "-due_order"), ("-due_order", "created_at"), ("updated_at", "position")]
)
@pytest.mark.parametrize("name", ["none", "one status", "a common tag"])
async def test_a_page_in_two_orders_is_sorted_in_memory(
    crowded: AsyncConnection, name: str, sort: tuple[str, str]
) -> None:
    terms = terms_of(*sort)
    plan = await page(crowded, Household(LARGE), name, terms)
    assert plan.rows == LIMIT


@pytest.mark.parametrize("name", NAMES)
async def test_counting_scans_no_table_and_sorts_nothing(crowded: AsyncConnection, name: str) -> None:
    home = Household(LARGE)
    statement = count_statement(home.owner, filters(home)[name])
    plan = await explain(crowded, statement, generic=True)
    assert not plan.faults()
    total = (await crowded.execute(statement)).scalar_one()
    assert isinstance(total, int)
    assert (total > 0) is (name != "no such tag")


@pytest.mark.parametrize("generic", [True, False])
@pytest.mark.parametrize("q", ["quinces", "buy", "quincse", "buy milk", "%", "b"])
async def test_a_search_ranks_what_an_index_finds(crowded: AsyncConnection, q: str, *, generic: bool) -> None:
    costs: dict[int, int] = {}
    for home in (Household(LARGE), Household(SMALL)):
        statement = search_statement(SHOWN, home.owner, q, None, limit=LIMIT, after=None)
        await explain(crowded, statement, generic=generic)
        plan = await explain(crowded, statement, generic=generic)
        assert not plan.faults()
        costs[home.size] = plan.buffers
    # many matches are not all looked at, and few cost the same among many todos
    assert costs[LARGE] <= max(10_000 if q.startswith("b") else 0, 1.2 * costs[SMALL] + 75)


async def test_tags_are_counted_without_a_scan_of_the_table(crowded: AsyncConnection) -> None:
    plan = await explain(crowded, tags_statement(Household(LARGE).owner, None), generic=True)
    assert not plan.faults()
    assert plan.rows == 2
