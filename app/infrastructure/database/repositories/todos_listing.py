"""Listings of todos: which index gives them their order, however many lists they are spread over.

Each list, and each status in it, has its todos in every order. A listing takes what it needs of each and merges
that, so that a page costs the same however many todos there are before it or beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Select, String, column, func, literal, select, true, values
from sqlalchemy.inspection import inspect as mapped

from app.domain.todos import Priority, TodoStatus
from app.infrastructure.database.models import Membership, Todo
from app.infrastructure.database.repositories.keyset import SortTerm, in_order, ordering
from app.infrastructure.database.repositories.visibility import shared_lists

_ALL: Final = tuple(TodoStatus)
_UNDONE: Final = tuple(status for status in TodoStatus if status is not TodoStatus.COMPLETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TodoFilters:
    """Which todos are listed; what is None or empty leaves out none."""

    list_id: UUID | None = None
    parent_id: UUID | None = None
    status: Sequence[TodoStatus] = ()
    completed: bool | None = None
    priority: Sequence[Priority] = ()
    tag: str | None = None
    assignee_id: UUID | None = None
    due_before: datetime | None = None
    due_after: datetime | None = None
    prefix: str | None = None
    """A tsquery."""

    @property
    def statuses(self) -> tuple[TodoStatus, ...]:
        """The statuses that are listed; none where two filters exclude each other."""
        asked = tuple(status for status in _ALL if not self.status or status in self.status)
        if self.completed is None:
            return asked
        done = (TodoStatus.COMPLETED,) if self.completed else _UNDONE
        return tuple(status for status in asked if status in done)


def page_statement(
    shown: Sequence[Column[Any]],
    user_id: UUID,
    filters: TodoFilters,
    terms: Sequence[SortTerm],
    *,
    limit: int,
    after: Sequence[object] | None,
) -> Select[Any]:
    """The next `limit` todos that the person may see, behind the position, in the order of the terms."""
    lists = shared_lists(user_id)
    if filters.list_id is not None:
        lists = lists.where(Membership.list_id == filters.list_id)
    places = lists.subquery("places")
    available = mapped(Todo).columns
    sorted_by = [available[term.column] for term in terms if available[term.column] not in shown]
    branch = select(*shown, *sorted_by).where(Todo.list_id == places.c.list_id, *_conditions(filters))
    sources = places
    statuses = filters.statuses
    # newest first, and not by status, has an index of its own
    if len(statuses) < len(_ALL) or terms[0].column != "created_at":
        chosen = values(column("status", String), name="statuses").data(
            [(status.value,) for status in statuses] or [("",)]
        )
        branch = branch.where(Todo.status == chosen.c.status)
        sources = places.join(chosen, true())
    found = in_order(branch, Todo, terms, after).limit(limit).lateral("found")
    return (
        select(*(found.c[each.name] for each in shown))
        .select_from(sources.join(found, true()))
        .order_by(*ordering(found.c, terms))
        .limit(limit)
    )


def count_statement(user_id: UUID, filters: TodoFilters) -> Select[tuple[int]]:
    """How many todos the filters leave."""
    query = select(func.count()).select_from(Todo).where(Todo.list_id.in_(shared_lists(user_id)), *_conditions(filters))
    if filters.list_id is not None:
        query = query.where(Todo.list_id == filters.list_id)
    return query.where(Todo.status.in_(filters.statuses))


def _conditions(filters: TodoFilters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [Todo.deleted_at.is_(None)]
    if filters.parent_id is not None:
        found.append(Todo.parent_id == filters.parent_id)
    if filters.priority:
        found.append(Todo.priority.in_(filters.priority))
    if filters.tag is not None:
        found.append(Todo.tags.contains([filters.tag]))
    if filters.assignee_id is not None:
        found.append(Todo.assignee_id == filters.assignee_id)
    # of the column that the index is over, in which no due date is a late one
    if filters.due_before is not None:
        found += [Todo.due_order < filters.due_before, Todo.due_at.is_not(None)]
    if filters.due_after is not None:
        found += [Todo.due_order >= filters.due_after, Todo.due_at.is_not(None)]
    if filters.prefix is not None:
        found.append(Todo.search.bool_op("@@")(func.to_tsquery(literal("simple"), func.evenstar_fold(filters.prefix))))
    return found
