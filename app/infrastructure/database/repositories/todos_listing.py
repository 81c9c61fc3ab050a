"""Listings of todos: which index gives them their order, however many lists they are spread over.

Each list, and each status in it, has its todos in every order. A listing takes what it needs of each and merges
that, so that a page costs the same however many todos there are before it or beside it.

A filter that no such order knows of is looked for in two ways. Where many todos match, some of the next ones in order
do; where few match, those of them are found by an index over what is filtered, and sorted. PostgreSQL would have to
guess which of the two a value calls for, and plans that are kept are made before there is a value. So the statement
says both: it looks at the next `WINDOW` todos, and only if there are not enough matches among them does it turn to
the other index.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Select,
    String,
    Subquery,
    Uuid,
    cast,
    column,
    false,
    func,
    literal_column,
    select,
    true,
    union_all,
    values,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.inspection import inspect as mapped
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.selectable import LateralFromClause

from app.domain.todos import Priority, TodoStatus
from app.infrastructure.database.models import Membership, Todo
from app.infrastructure.database.models.todos import NO_DUE, PRIORITY_RANKS
from app.infrastructure.database.repositories.keyset import SortTerm, behind, in_order, ordering
from app.infrastructure.database.repositories.visibility import shared_lists

Columns: TypeAlias = ReadOnlyColumnCollection[str, Any]

WINDOW: Final = 600
"""How many todos in order are looked at for matches, of all statuses together."""

_ALL: Final = tuple(TodoStatus)
_UNDONE: Final = tuple(status for status in TodoStatus if status is not TodoStatus.COMPLETED)
_LIVE: Final = Todo.deleted_at.is_(None)
# the list and the status that a branch is of, by the names of the tables beside it: it refers to no other select
_LIST: Final = literal_column("places.list_id", Uuid())
_STATUS: Final = literal_column("statuses.status", String())


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
    q: str | None = None

    def given(self) -> dict[str, Any]:
        """The filters by their names."""
        return {name: getattr(self, name) for name in self.__slots__}

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
    sources: Any = _places(user_id, filters)
    place: list[ColumnElement[bool]] = [_LIVE]
    statuses = filters.statuses
    # newest first, and not by status, has an index of its own
    if len(statuses) < len(_ALL) or terms[0].column != "created_at":
        chosen = values(column("status", String), name="statuses").data(
            [(status.value,) for status in statuses] or [("",)]
        )
        sources = sources.join(chosen, true())
        place.append(Todo.status == _STATUS)
    available = mapped(Todo).columns
    wanted = [*shown, *(found for term in terms if (found := available[term.column]) not in shown)]
    branch = _Branch(wanted, place, filters, terms, limit, after).statement()
    return (
        select(*(branch.c[each.name] for each in shown))
        .select_from(sources.join(branch, true()))
        .order_by(*ordering(branch.c, terms))
        .limit(limit)
    )


def count_statement(user_id: UUID, filters: TodoFilters) -> Select[tuple[int]]:
    """How many todos the filters leave."""
    found = (
        select(func.count().label("matches"))
        .where(_LIVE, _in_list(filters), Todo.status.in_(filters.statuses))
        .where(*chain(*_conditions(mapped(Todo).columns, filters).values()))
        .lateral("found")
    )
    sources = _places(user_id, filters).join(found, true())
    return select(cast(func.coalesce(func.sum(found.c.matches), 0), BigInteger)).select_from(sources)


@dataclass(frozen=True, slots=True)
class _Branch:
    """What a page takes of one list, or of one status in it."""

    wanted: Sequence[Column[Any]]
    place: Sequence[ColumnElement[bool]]
    filters: TodoFilters
    terms: Sequence[SortTerm]
    limit: int
    after: Sequence[object] | None

    def statement(self) -> LateralFromClause:
        """The branch, to be joined to its list."""
        available = mapped(Todo).columns
        if not self._filtered(available):
            if self.filters.priority and self.terms[0].column == "priority_rank":
                return self._by_priority()
            return self._in_order(self.wanted).limit(self.limit).lateral("found")
        if self.filters.parent_id is not None:
            # has few todos below it, wherever they stand in the list
            return self._sorted().lateral("found")
        filtered = (available[name] for name in ("priority_rank", "due_order", "tags", "assignee_id"))
        looked_at = [*self.wanted, *(each for each in filtered if each not in self.wanted)]
        if self.filters.q is not None:
            looked_at.append(available["search"])
        window = self._in_order(looked_at).limit(WINDOW // len(self.filters.statuses or _ALL)).subquery("next")
        near = (
            select(*(window.c[each.name] for each in self.wanted))
            .where(*self._filtered(window.c))
            .limit(self.limit)
            .cte("near", nesting=True)
        )
        matches = select(func.count()).select_from(near).scalar_subquery()
        far = self._sorted(matches < self.limit).subquery("far")
        return (
            union_all(select(near).where(matches == self.limit), select(far))
            .add_cte(near, nest_here=True)
            .lateral("found")
        )

    def _by_priority(self) -> LateralFromClause:
        """The todos of some priorities in their order: of one after the other, for the index to begin at the page."""
        position = self.after[0] if self.after is not None else None
        selects: list[Select[Any]] = []
        for rank in sorted({PRIORITY_RANKS[each] for each in self.filters.priority}, reverse=self.terms[0].descending):
            if isinstance(position, int) and (rank > position if self.terms[0].descending else rank < position):
                continue
            after = self.after[1:] if self.after is not None and rank == position else None
            query = select(*self.wanted).where(Todo.list_id == _LIST, *self.place, Todo.priority_rank == rank)
            selects.append(select(in_order(query, Todo, self.terms[1:], after).limit(self.limit).subquery()))
        none = select(*self.wanted).where(false())
        return union_all(none, *selects).lateral("found")

    def _in_order(self, columns: Sequence[Column[Any]]) -> Select[Any]:
        """The todos by the index of their order."""
        query = select(*columns).where(Todo.list_id == _LIST, *self.place, *self._ordered(mapped(Todo).columns))
        return in_order(query, Todo, self.terms, self.after)

    def _sorted(self, *conditions: ColumnElement[bool]) -> Select[Any]:
        """The todos by the index of a filter, which OFFSET keeps apart from what is then sorted."""
        available = mapped(Todo).columns
        query = select(*self.wanted).where(_in_list(self.filters), *self.place, *conditions)
        query = query.where(*chain(*_conditions(available, self.filters).values()))
        matching = query.offset(0).subquery("matching")
        found = select(matching).order_by(*ordering(matching.c, self.terms)).limit(self.limit)
        return found if self.after is None else found.where(behind(matching.c, self.terms, self.after))

    def _ordered(self, columns: Columns) -> list[ColumnElement[bool]]:
        """What the index of the order answers."""
        found = _conditions(columns, self.filters).get(self.terms[0].column, [])
        if self.after is not None and self.terms[0].column == "due_order":
            # the position lies within the bounds; of two on the same side PostgreSQL might begin at the wider one
            return found[1:] if self.terms[0].descending else found[:1]
        return found

    def _filtered(self, columns: Columns) -> list[ColumnElement[bool]]:
        """What it does not."""
        found = _conditions(columns, self.filters)
        found.pop(self.terms[0].column, None)
        return list(chain(*found.values()))


def _places(user_id: UUID, filters: TodoFilters) -> Subquery:
    lists = shared_lists(user_id)
    if filters.list_id is not None:
        lists = lists.where(Membership.list_id == filters.list_id)
    return lists.subquery("places")


def _in_list(filters: TodoFilters) -> ColumnElement[bool]:
    """In the list, in the words of the index that serves the filters."""
    if filters.tag is None and filters.q is None:
        return Todo.list_id == _LIST
    return array([Todo.list_id]).contains(array([_LIST]))


def _conditions(columns: Columns, filters: TodoFilters) -> dict[str, list[ColumnElement[bool]]]:
    """What the filters ask of a todo, by the column that is asked about."""
    found: dict[str, list[ColumnElement[bool]]] = {}
    if filters.parent_id is not None:
        found["parent_id"] = [columns["parent_id"] == filters.parent_id]
    if filters.priority:
        found["priority_rank"] = [columns["priority_rank"].in_([PRIORITY_RANKS[each] for each in filters.priority])]
    if filters.tag is not None:
        found["tags"] = [columns["tags"].contains([filters.tag])]
    if filters.assignee_id is not None:
        found["assignee_id"] = [columns["assignee_id"] == filters.assignee_id]
    if filters.due_before is not None or filters.due_after is not None:
        # of the column that the index is over, in which no due date is the last one
        found["due_order"] = [columns["due_order"] < min(filters.due_before or NO_DUE, NO_DUE)]
    if filters.due_after is not None:
        found["due_order"].append(columns["due_order"] >= filters.due_after)
    if filters.q is not None:
        # on its own, so that the words are found once and not for every todo
        words = select(func.evenstar_prefixes(filters.q)).scalar_subquery()
        found["search"] = [columns["search"].bool_op("@@")(words)]
    return found
