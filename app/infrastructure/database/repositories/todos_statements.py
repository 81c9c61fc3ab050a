"""The statements over todos that nearly every request is about, each written once for all its executions."""

from dataclasses import fields
from functools import lru_cache
from typing import Any, Final, cast

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    String,
    Table,
    Uuid,
    and_,
    any_,
    exists,
    func,
    insert,
    select,
    update,
)

from app.domain.todos import TodoStatus
from app.infrastructure.database.models import Reminder, Todo, TodoList
from app.infrastructure.database.repositories.keyset import SortTerm
from app.infrastructure.database.repositories.projection import columns
from app.infrastructure.database.repositories.todos_listing import TodoFilters, page_statement
from app.infrastructure.database.repositories.visibility import shared_lists, writable_lists
from app.infrastructure.database.statements import Hot, given

REMEMBERED: Final = 512
"""Statements of each kind: which columns are written and which filters there are makes them different."""

GIVEN: Final = "given_"
"""What the names of binds begin with that are not to be taken for columns."""

Shape = tuple[object, ...]

_USER: Final[Any] = given("user_id", Uuid())
_TODO: Final[Any] = given("todo_id", Uuid())
_LIST: Final[Any] = given("list_id", Uuid())
_LIMIT: Final[Any] = given("limit", Integer())
_VERSIONS: Final[Any] = given("versions", ARRAY(BigInteger()))
_TABLE: Final = cast("Table", Todo.__table__)
# filters whose values a statement does not depend on, and those that have few values; it does on all others
_BOUND: Final[dict[str, Any]] = {"list_id": Uuid(), "parent_id": Uuid(), "assignee_id": Uuid(), "q": String()}
_FEW: Final = ("status", "completed")
_OTHERS: Final = tuple(field.name for field in fields(TodoFilters) if field.name not in {*_BOUND, *_FEW})


@lru_cache(REMEMBERED)
def find_statement(schema: type[msgspec.Struct]) -> Hot:
    """One todo that the person may see: `todo_id`, `user_id`."""
    return Hot(
        select(*columns(schema, Todo)).where(
            Todo.id == _TODO, Todo.deleted_at.is_(None), Todo.list_id.in_(shared_lists(_USER))
        )
    )


@lru_cache(REMEMBERED)
def insert_statement(schema: type[msgspec.Struct], names: tuple[str, ...], *, inbox: bool) -> Hot:
    """A new todo in the list `list_id` or the inbox, if `user_id` may write there; the columns named `given_`."""
    place = writable_lists(_USER).where(
        and_(TodoList.is_inbox, TodoList.owner_id == _USER) if inbox else TodoList.id == _LIST
    )
    # held until the end of the transaction, so that no list is archived or deleted under a new todo
    found = place.with_for_update(of=TodoList, key_share=True, read=True).cte("place")
    chosen = {name: _given(name) for name in names}
    return Hot(
        insert(_TABLE)
        .from_select(["list_id", *chosen], select(found.c.list_id, *chosen.values()), include_defaults=False)
        .returning(*columns(schema, Todo))
    )


@lru_cache(REMEMBERED)
def change_statement(
    schema: type[msgspec.Struct], names: tuple[str, ...], *, done: bool, alone: bool, versioned: bool
) -> Hot:
    """Set the columns named `given_` of `todo_id`, if `user_id` may, and it is at one of the `versions`.

    Where the todo is `done` by it, one that was done already keeps when and by whom it was.
    """
    conditions: list[ColumnElement[bool]] = [Todo.id == _TODO, Todo.deleted_at.is_(None)]
    if versioned:
        conditions.append(Todo.version == any_(_VERSIONS))
    if alone:
        conditions += [
            Todo.parent_id.is_(None),
            Todo.has_subtasks.is_(False),
            Todo.recurrence_rule.is_(None),
            Todo.status != TodoStatus.CANCELLED,
            ~exists().where(Reminder.todo_id == Todo.id),
        ]
    chosen: dict[str, Any] = {name: _given(name) for name in names}
    if done:
        chosen |= {name: func.coalesce(_TABLE.c[name], chosen[name]) for name in ("completed_at", "completed_by")}
    # whoever waited for the todo here would hold it, or its list of before, while asking for its list
    free = select(Todo.id).where(*conditions, Todo.list_id.in_(writable_lists(_USER)))
    return Hot(
        update(_TABLE)
        .where(Todo.id == free.with_for_update(key_share=True, skip_locked=True).scalar_subquery())
        .values(version=Todo.version + 1, **chosen)
        .returning(*columns(schema, Todo))
    )


def shape_of(filters: TodoFilters) -> Shape | None:
    """What a listing's statement depends on: which filters there are; None where it depends on their values too."""
    if any(getattr(filters, name) for name in _OTHERS):
        return None
    return (tuple(filters.status), filters.completed, *(getattr(filters, name) is not None for name in _BOUND))


@lru_cache(REMEMBERED)
def page_of_shape(schema: type[msgspec.Struct], shape: Shape, terms: tuple[SortTerm, ...], *, continued: bool) -> Hot:
    """The page of `page_statement`: `user_id`, `limit`, filters by their names, and `after_` with a term's number."""
    values: dict[str, Any] = dict(zip(_FEW, shape, strict=False))
    values |= {
        name: given(name, kind) for (name, kind), there in zip(_BOUND.items(), shape[len(_FEW) :], strict=True) if there
    }
    after = [given(f"after_{index}", _TABLE.c[term.column].type) for index, term in enumerate(terms)]
    return Hot(
        page_statement(
            columns(schema, Todo),
            _USER,
            TodoFilters(**values),
            terms,
            limit=_LIMIT,
            after=after if continued else None,
        )
    )


def _given(name: str) -> BindParameter[Any]:
    return given(GIVEN + name, _TABLE.c[name].type)
