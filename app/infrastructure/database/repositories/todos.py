"""Queries over todos; each of them carries whose they are."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from sqlalchemy import ColumnElement, delete, func, insert, select, true, update

from app.domain.access import Actor
from app.infrastructure.database.models import Todo
from app.infrastructure.database.repositories.keyset import SortTerm, in_order
from app.infrastructure.database.repositories.projection import columns

ViewT = TypeVar("ViewT", bound=msgspec.Struct)


class TodoRepository(SQLAlchemyAsyncRepository[Todo]):
    """Finds and stores todos."""

    model_type = Todo

    async def list_page(
        self,
        schema: type[ViewT],
        actor: Actor,
        terms: Sequence[SortTerm],
        *,
        limit: int,
        after: Sequence[object] | None,
        completed: bool | None,
    ) -> list[ViewT]:
        """The next `limit` todos behind the position, in the order of the terms."""
        query = select(*columns(schema, Todo)).where(*self._matching(actor, completed=completed)).limit(limit)
        return [schema(*row) for row in await self.session.execute(in_order(query, Todo, terms, after))]

    async def count_all(self, actor: Actor, *, completed: bool | None) -> int:
        """How many todos all pages have together."""
        query = select(func.count()).select_from(Todo).where(*self._matching(actor, completed=completed))
        return (await self.session.execute(query)).scalar_one()

    async def find(self, schema: type[ViewT], actor: Actor, todo_id: UUID) -> ViewT | None:
        """One todo, or None when there is none that the actor may see."""
        query = select(*columns(schema, Todo)).where(Todo.id == todo_id, self.visible_to(actor))
        row = (await self.session.execute(query)).one_or_none()
        return None if row is None else schema(*row)

    async def insert(self, schema: type[ViewT], values: Mapping[str, Any]) -> ViewT:
        """Store a new todo and return it as stored."""
        statement = insert(Todo).values(**values).returning(*columns(schema, Todo))
        return schema(*(await self.session.execute(statement)).one())

    async def change(
        self,
        schema: type[ViewT],
        actor: Actor,
        todo_id: UUID,
        values: Mapping[str, Any],
        *,
        versions: frozenset[int] | None,
    ) -> ViewT | None:
        """Set the named columns and count the version up; None when no visible todo has the id and one of the versions.

        A todo that is done already keeps the instant at which it was.
        """
        if values.get("completed_at") is not None:
            values = {**values, "completed_at": func.coalesce(Todo.completed_at, values["completed_at"])}
        statement = (
            update(Todo)
            .where(Todo.id == todo_id, self.visible_to(actor), self._at(versions))
            .values(version=Todo.version + 1, **values)
            .returning(*columns(schema, Todo))
        )
        row = (await self.session.execute(statement)).one_or_none()
        return None if row is None else schema(*row)

    async def remove(self, actor: Actor, todo_id: UUID, *, versions: frozenset[int] | None) -> bool:
        """Delete the todo; False when no visible todo has the id and one of the versions."""
        statement = (
            delete(Todo).where(Todo.id == todo_id, self.visible_to(actor), self._at(versions)).returning(Todo.id)
        )
        return (await self.session.execute(statement)).one_or_none() is not None

    def _matching(self, actor: Actor, *, completed: bool | None) -> list[ColumnElement[bool]]:
        filters = [] if completed is None else [Todo.completed.is_(completed)]
        return [self.visible_to(actor), *filters]

    def visible_to(self, actor: Actor) -> ColumnElement[bool]:
        """The clause that every query over todos carries."""
        return Todo.owner_id == actor.id

    def _at(self, versions: frozenset[int] | None) -> ColumnElement[bool]:
        return true() if versions is None else Todo.version.in_(versions)
