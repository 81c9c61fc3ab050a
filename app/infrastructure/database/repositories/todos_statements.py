"""The statements over todos that nearly every request is about, each written once for all its executions."""

from collections.abc import Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any, Final, cast

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    String,
    Table,
    Uuid,
    and_,
    any_,
    case,
    exists,
    func,
    insert,
    literal,
    null,
    select,
    true,
    update,
)
from sqlalchemy import (
    cast as sql_cast,
)
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from app.domain.todos import TodoStatus
from app.infrastructure.database.hot import Hot, given
from app.infrastructure.database.models import Reminder, Todo, TodoList
from app.infrastructure.database.repositories.encoding import TOLD_BY, encoded
from app.infrastructure.database.repositories.keyset import SortTerm
from app.infrastructure.database.repositories.projection import columns
from app.infrastructure.database.repositories.todos_listing import TodoFilters, page_statement
from app.infrastructure.database.repositories.visibility import shared_lists, writable_lists
from app.infrastructure.database.sharing import Shared, asked, beside

REMEMBERED: Final = 512
"""Statements of each kind: which columns are written and which filters there are makes them different."""

GIVEN: Final = "given_"
"""What the names of binds begin with that are not to be taken for columns."""

Shape = tuple[object, ...]

_STATUS: Final = frozenset({"status", "updated_at"})

# the columns that take whatever a caller may send, and those of a new todo that no caller has a say in
_UNREFUSED: Final = _STATUS | {"title", "notes", "priority", "due_date", "due_time", "due_at"}
_MADE: Final = frozenset({"id", "position", "created_at"})

_USER: Final[Any] = given("user_id", Uuid())
_TODO: Final[Any] = given("todo_id", Uuid())
_LIST: Final[Any] = given("list_id", Uuid())
_LIMIT: Final[Any] = given("limit", Integer())
_KNOWN: Final[Any] = given("known", String())
_SINCE: Final[Any] = given("since", DateTime(timezone=True))
_VERSIONS: Final[Any] = given("versions", ARRAY(BigInteger()))
_TABLE: Final = cast("Table", Todo.__table__)
# filters whose values a statement does not depend on, and those that have few values; it does on all others
BOUND: Final[dict[str, Any]] = {"list_id": Uuid(), "parent_id": Uuid(), "assignee_id": Uuid(), "q": String()}
_FEW: Final = ("status", "completed")
_OTHERS: Final = tuple(field.name for field in fields(TodoFilters) if field.name not in {*BOUND, *_FEW})


@lru_cache(REMEMBERED)
def find_statement(schema: type[msgspec.Struct]) -> Hot:
    """One todo that the person may see: `todo_id`, `user_id`."""
    return Shared(
        select(*columns(schema, Todo)).where(
            Todo.id == _TODO, Todo.deleted_at.is_(None), Todo.list_id.in_(shared_lists(_USER))
        )
    )


@lru_cache(REMEMBERED)
def insert_statement(
    schema: type[msgspec.Struct], names: tuple[str, ...], *, inbox: bool, done: bool, shared: bool = False
) -> Hot:
    """A new todo in the list `list_id` or the inbox, if `user_id` may write there; the columns named `given_`.

    `created_at` is among them; it is whose row it is, and when it was made, that tell who has `done` it, and when.
    With an id that nobody else can give it may be `shared`, and is where nothing else in it may be refused.
    """
    place = writable_lists(_USER).where(
        and_(TodoList.is_inbox, TodoList.owner_id == _USER) if inbox else TodoList.id == _LIST
    )
    # held until the end of the transaction, so that no list is archived or deleted under a new todo
    found = place.with_for_update(of=TodoList, key_share=True, read=True).cte("place")
    told = {name: _given(name) for name in names}
    alone = _insert(schema, select(found.c.list_id), told, _USER, done=done)
    if not shared or not (_UNREFUSED | _MADE).issuperset(names):
        return Hot(alone)
    replaced, types = beside(place.with_for_update(of=TodoList, key_share=True, read=True, skip_locked=True))
    free = replaced.lateral("place")
    table = asked({**types, **{GIVEN + name: _TABLE.c[name].type for name in names}})
    chosen = select(free.c.list_id).select_from(table.join(free, true()))
    told = {name: table.c[GIVEN + name] for name in names}
    together = _insert(schema, chosen, told, table.c[_USER.key], done=done).returning(Todo.id.label("by"))
    return Shared(alone, together, by=GIVEN + "id", again=True)


@lru_cache(REMEMBERED)
def change_statement(
    schema: type[msgspec.Struct], names: tuple[str, ...], *, done: bool, alone: bool, versioned: bool
) -> Hot:
    """Set the columns named `given_` of `todo_id`, if `user_id` may, and it is at one of the `versions`.

    `updated_at` is among them, and with the status goes who has done it, and when, as it is `done` by this or no more.
    One that was done already keeps that, and where the status is all that is set, one that has it already its version.
    Where nothing in it may be refused, and no version is asked for, it is shared.
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
    # whoever waited for the todo here would hold it, or its list of before, while asking for its list
    free = (
        select(Todo.id)
        .where(*conditions, Todo.list_id.in_(writable_lists(_USER)))
        .with_for_update(key_share=True, skip_locked=True)
    )
    statement = _change(schema, {name: _given(name) for name in names}, _USER, done=done)
    single = statement.where(Todo.id == free.scalar_subquery())
    if versioned or not _UNREFUSED.issuperset(names):
        return Hot(single)
    replaced, types = beside(free)
    found = replaced.lateral("free")
    table = asked({**types, **{GIVEN + name: _TABLE.c[name].type for name in names}})
    joined = select(found.c.id, *table.c).select_from(table.join(found, true())).subquery("chosen")
    change = _change(schema, {name: joined.c[GIVEN + name] for name in names}, joined.c[_USER.key], done=done)
    return Shared(single, change.where(Todo.id == joined.c.id).returning(Todo.id.label("by")), by="todo_id")


def _insert(
    schema: type[msgspec.Struct], place: Select[Any], told: dict[str, Any], user: Any, *, done: bool
) -> ReturningInsert[Any]:
    now = told["created_at"]
    made = {**told, "updated_at": now, "created_by": user, "version": literal(1, BigInteger())}
    if done:
        made |= {"completed_at": now, "completed_by": user}
    statement = insert(_TABLE).from_select(
        ["list_id", *made], place.add_columns(*made.values()), include_defaults=False
    )
    return statement.returning(*columns(schema, Todo))


def _change(schema: type[msgspec.Struct], told: dict[str, Any], user: Any, *, done: bool) -> ReturningUpdate[Any]:
    now = told["updated_at"]
    chosen = dict(told)
    changes: ColumnElement[int] = literal(1)
    if told.keys() == _STATUS:
        # whoever completes what is completed changes nothing
        same = _TABLE.c.status == sql_cast(told["status"], String())
        changes = case((same, 0), else_=1)
        chosen["updated_at"] = case((same, _TABLE.c.updated_at), else_=now)
    if "status" in told:
        ends = {"completed_at": now, "completed_by": user}
        chosen |= {name: func.coalesce(_TABLE.c[name], end) if done else null() for name, end in ends.items()}
    return update(_TABLE).values(version=Todo.version + changes, **chosen).returning(*columns(schema, Todo))


def shape_of(filters: TodoFilters) -> Shape | None:
    """What a listing's statement depends on: which filters there are; None where it depends on their values too."""
    if any(getattr(filters, name) for name in _OTHERS):
        return None
    return (tuple(filters.status), filters.completed, *(getattr(filters, name) is not None for name in BOUND))


@lru_cache(REMEMBERED)
def page_of_shape(schema: type[msgspec.Struct], shape: Shape, terms: tuple[SortTerm, ...], *, continued: bool) -> Hot:
    """The page of `page_statement`: `user_id`, `limit`, filters by their names, and `after_` with a term's number."""
    return Hot(_page_of_shape(columns(schema, Todo), shape, terms, continued=continued))


@lru_cache(REMEMBERED)
def encoded_page_of_shape(
    schema: type[msgspec.Struct], shape: Shape, terms: tuple[SortTerm, ...], *, continued: bool
) -> Hot:
    """The same page as one row of `encoded`; `known` and `since` tell what the caller has of it."""
    told_by = [_TABLE.c[name] for name in TOLD_BY]
    page = _page_of_shape(told_by, shape, terms, continued=continued)
    statement = encoded(schema, Todo, page, known=_KNOWN, since=_SINCE)
    # words are looked for in many todos, and nobody else waits for that
    return Hot(statement) if shape[-1] else Shared(statement)


def _page_of_shape(
    shown: Sequence[Column[Any]], shape: Shape, terms: tuple[SortTerm, ...], *, continued: bool
) -> Select[Any]:
    values: dict[str, Any] = dict(zip(_FEW, shape, strict=False))
    values |= {
        name: given(name, kind) for (name, kind), there in zip(BOUND.items(), shape[len(_FEW) :], strict=True) if there
    }
    after = [given(f"after_{index}", _TABLE.c[term.column].type) for index, term in enumerate(terms)]
    return page_statement(
        shown,
        _USER,
        TodoFilters(**values),
        terms,
        limit=_LIMIT,
        after=after if continued else None,
    )


def _given(name: str) -> BindParameter[Any]:
    return given(GIVEN + name, _TABLE.c[name].type)
