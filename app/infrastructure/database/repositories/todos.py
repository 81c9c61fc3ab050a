"""Queries over todos; each of them carries who may see them."""

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import delete, select, update

from app.domain.access import Actor
from app.domain.todos import TodoStatus
from app.infrastructure.database.hot import Hot
from app.infrastructure.database.models import Reminder, Todo
from app.infrastructure.database.repositories.keyset import SortTerm
from app.infrastructure.database.repositories.projection import columns, maker
from app.infrastructure.database.repositories.todos_listing import TodoFilters, count_statement, page_statement
from app.infrastructure.database.repositories.todos_statements import (
    BOUND,
    GIVEN,
    REMEMBERED,
    change_statement,
    encoded_page_of_shape,
    find_statement,
    insert_statement,
    page_of_shape,
    shape_of,
)
from app.infrastructure.database.work import Repository

ViewT = TypeVar("ViewT", bound=msgspec.Struct)


class EncodedPageOf(NamedTuple):
    """A page as it is asked for: by a statement, with values."""

    hot: Hot
    values: dict[str, Any]


class EncodedRows(NamedTuple):
    """The rows of a page as JSON, each by what tells it from all others and from itself of before and after.

    With them goes what tells PostgreSQL which page this is: its signature, and when a row of it was last changed.
    """

    signature: str | None
    latest: datetime | None
    rows: Mapping[bytes, bytes]


NOTHING: Final = EncodedRows(None, None, {})
"""What is known of a page at first."""


class TodoRepository(Repository[Todo]):
    """Finds and stores todos."""

    model_type = Todo

    async def list_page(
        self,
        schema: type[ViewT],
        actor: Actor,
        filters: TodoFilters,
        terms: Sequence[SortTerm],
        *,
        limit: int,
        after: Sequence[object] | None,
    ) -> list[ViewT]:
        """The next `limit` todos behind the position, in the order of the terms."""
        make = maker(schema)
        shape = shape_of(filters)
        if shape is None:
            statement = page_statement(columns(schema, Todo), actor.id, filters, terms, limit=limit, after=after)
            return [make(row) for row in await self.session.execute(statement)]
        hot = page_of_shape(schema, shape, tuple(terms), continued=after is not None)
        return [make(row) for row in await self.work.fetch(hot, _asked(actor, filters, limit, after))]

    def page_of(
        self,
        schema: type[ViewT],
        actor: Actor,
        filters: TodoFilters,
        terms: Sequence[SortTerm],
        *,
        limit: int,
        after: Sequence[object] | None,
    ) -> EncodedPageOf | None:
        """The same page, to be asked for again and again as JSON; None where only `list_page` has it."""
        shape = shape_of(filters)
        if shape is None:
            return None
        hot = encoded_page_of_shape(schema, shape, tuple(terms), continued=after is not None)
        return EncodedPageOf(hot, _asked(actor, filters, limit, after))

    async def list_encoded(self, page: EncodedPageOf, known: EncodedRows = NOTHING) -> EncodedRows:
        """The page's todos; what is `known` of it where nothing has changed, and otherwise by its help."""
        values = {**page.values, "known": known.signature, "since": known.latest}
        [(signature, keys, changed, texts, latest)] = await self.work.fetch(page.hot, values)
        if signature == known.signature:
            return known
        if keys is None:
            return NOTHING
        rows = {**known.rows, **dict(zip(changed or (), texts or (), strict=True))}
        try:
            rows = dict(zip(keys, map(rows.__getitem__, keys), strict=True))
        except KeyError:
            # one that has not changed is new to the page, or has by a clock that is behind the others
            return await self.list_encoded(page)
        return EncodedRows(signature, latest, rows)

    async def count_all(self, actor: Actor, filters: TodoFilters) -> int:
        """How many todos all pages have together."""
        return (await self.session.execute(count_statement(actor.id, filters))).scalar_one()

    def find(self, schema: type[ViewT], actor: Actor, todo_id: UUID) -> Awaitable[ViewT | None]:
        """One todo, or None when there is none that the actor may see."""
        return self._one(schema, find_statement(schema), {"todo_id": todo_id, "user_id": actor.id})

    def insert(
        self,
        schema: type[ViewT],
        actor: Actor,
        list_id: UUID | None,
        values: Mapping[str, Any],
        *,
        sole: bool = False,
        shared: bool = False,
    ) -> Awaitable[ViewT | None]:
        """Store a new todo in a list, or in the inbox, and return it; None when the actor may not write there.

        Who made it and who has done it is the actor, and when is the `created_at` among the values.
        Where it is the `sole` thing that its unit of work writes, it may be committed at once, and where its id is
        nobody else's to give, `shared`, together with others'.
        """
        names = tuple(values)
        hot = insert_statement(schema, names, inbox=list_id is None, done=_is_done(values), shared=shared)
        given = _named(names, values)
        given["user_id"], given["list_id"] = actor.id, list_id
        return self._one(schema, hot, given, sole=sole)

    def change(
        self,
        schema: type[ViewT],
        actor: Actor,
        todo_id: UUID,
        values: Mapping[str, Any],
        *,
        versions: frozenset[int] | None = None,
        alone: bool = False,
        sole: bool = False,
    ) -> Awaitable[ViewT | None]:
        """Set the named columns and count the version up; None when no todo has the id and one of the versions.

        With a status it is the actor who has done it, if anybody has, at the `updated_at` among the values.
        Nor is one changed that the actor may not write, or, where it must stand `alone`, that recurs, was cancelled,
        has other todos above or below it, or reminders; nor one that somebody else holds. A todo that is done already
        keeps when and by whom it was. `sole` is as in `insert`.
        """
        names = tuple(values)
        hot = change_statement(
            schema,
            names,
            done=_is_done(values),
            alone=alone,
            versioned=versions is not None,
        )
        given = _named(names, values)
        given["todo_id"], given["user_id"], given["versions"] = todo_id, actor.id, versions
        return self._one(schema, hot, given, sole=sole)

    async def release(self, list_id: UUID, user_id: UUID, now: datetime) -> None:
        """End what a person had to do with a list's todos: their assignments and their reminders."""
        await self.session.execute(
            update(Todo)
            .where(Todo.list_id == list_id, Todo.assignee_id == user_id)
            .values(assignee_id=None, version=Todo.version + 1, updated_at=now)
            .execution_options(synchronize_session=False)
        )
        of_list = select(Todo.id).where(Todo.list_id == list_id)
        await self.session.execute(
            delete(Reminder)
            .where(Reminder.user_id == user_id, Reminder.todo_id.in_(of_list))
            .execution_options(synchronize_session=False)
        )

    async def _one(
        self, schema: type[ViewT], hot: Hot, values: Mapping[str, Any], *, sole: bool = True
    ) -> ViewT | None:
        rows = await self.work.fetch(hot, values, alone=sole)
        return maker(schema)(rows[0]) if rows else None


def _asked(actor: Actor, filters: TodoFilters, limit: int, after: Sequence[object] | None) -> dict[str, Any]:
    """What a page is asked for, by the names of its statement's binds."""
    values: dict[str, Any] = {"user_id": actor.id, "limit": limit}
    values |= {name: value for name, value in filters.given().items() if name in BOUND and value is not None}
    values |= {f"after_{index}": value for index, value in enumerate(after or ())}
    return values


def _is_done(values: Mapping[str, Any]) -> bool:
    return values.get("status") is TodoStatus.COMPLETED


def _named(names: tuple[str, ...], values: Mapping[str, Any]) -> dict[str, Any]:
    return dict(zip(_given_names(names), values.values(), strict=True))


@lru_cache(REMEMBERED)
def _given_names(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(GIVEN + name for name in names)
