"""Queries over todos; each of them carries who may see them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, literal, select, true, update

from app.domain.access import Actor
from app.domain.todos import TodoStatus
from app.infrastructure.database.models import Reminder, Todo, TodoList
from app.infrastructure.database.repositories.keyset import SortTerm
from app.infrastructure.database.repositories.projection import columns, maker
from app.infrastructure.database.repositories.todos_listing import TodoFilters, count_statement, page_statement
from app.infrastructure.database.repositories.visibility import shared_lists, writable_lists

ViewT = TypeVar("ViewT", bound=msgspec.Struct)


class TodoRepository(SQLAlchemyAsyncRepository[Todo]):
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
        statement = page_statement(columns(schema, Todo), actor.id, filters, terms, limit=limit, after=after)
        make = maker(schema)
        return [make(row) for row in await self.session.execute(statement)]

    async def count_all(self, actor: Actor, filters: TodoFilters) -> int:
        """How many todos all pages have together."""
        return (await self.session.execute(count_statement(actor.id, filters))).scalar_one()

    async def find(self, schema: type[ViewT], actor: Actor, todo_id: UUID) -> ViewT | None:
        """One todo, or None when there is none that the actor may see."""
        query = select(*columns(schema, Todo)).where(Todo.id == todo_id, Todo.deleted_at.is_(None), self._shared(actor))
        row = (await self.session.execute(query)).one_or_none()
        return None if row is None else maker(schema)(row)

    async def insert(
        self, schema: type[ViewT], actor: Actor, list_id: UUID | None, values: Mapping[str, Any]
    ) -> ViewT | None:
        """Store a new todo in a list, or in the inbox, and return it; None when the actor may not write there."""
        lists = writable_lists(actor.id)
        place = lists.where(
            and_(TodoList.is_inbox, TodoList.owner_id == actor.id) if list_id is None else TodoList.id == list_id
        )
        # held until the end of the transaction, so that no list is archived or deleted under a new todo
        place = place.with_for_update(of=TodoList, key_share=True, read=True)
        table = Todo.__table__
        found = place.cte("place")
        chosen = {name: literal(value, table.c[name].type) for name, value in values.items()}
        statement = (
            insert(Todo)
            .from_select(["list_id", *chosen], select(found.c.list_id, *chosen.values()), include_defaults=False)
            .returning(*columns(schema, Todo))
        )
        row = (await self.session.execute(statement)).one_or_none()
        return None if row is None else maker(schema)(row)

    async def change(
        self,
        schema: type[ViewT],
        actor: Actor,
        todo_id: UUID,
        values: Mapping[str, Any],
        *,
        versions: frozenset[int] | None = None,
        alone: bool = False,
    ) -> ViewT | None:
        """Set the named columns and count the version up; None when no todo has the id and one of the versions.

        Nor is one changed that the actor may not write, or, where it must stand `alone`, that recurs, was cancelled,
        has other todos above or below it, or reminders; nor one that somebody else holds. A todo that is done already
        keeps when and by whom it was.
        """
        conditions = [Todo.id == todo_id, Todo.deleted_at.is_(None), self._at(versions)]
        if alone:
            conditions += [
                Todo.parent_id.is_(None),
                Todo.has_subtasks.is_(False),
                Todo.recurrence_rule.is_(None),
                Todo.status != TodoStatus.CANCELLED,
                ~exists().where(Reminder.todo_id == Todo.id),
            ]
        if values.get("completed_at") is not None:
            values = {
                **values,
                "completed_at": func.coalesce(Todo.completed_at, values["completed_at"]),
                "completed_by": func.coalesce(Todo.completed_by, values["completed_by"]),
            }
        # whoever waited for the todo here would hold it, or its list of before, while asking for its list
        free = select(Todo.id).where(*conditions, Todo.list_id.in_(writable_lists(actor.id)))
        statement = (
            update(Todo)
            .where(Todo.id == free.with_for_update(key_share=True, skip_locked=True).scalar_subquery())
            .values(version=Todo.version + 1, **values)
            .returning(*columns(schema, Todo))
            .execution_options(synchronize_session=False)
        )
        row = (await self.session.execute(statement)).one_or_none()
        return None if row is None else maker(schema)(row)

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

    def _shared(self, actor: Actor) -> ColumnElement[bool]:
        """The clause that every query over todos carries."""
        return Todo.list_id.in_(shared_lists(actor.id))

    def _at(self, versions: frozenset[int] | None) -> ColumnElement[bool]:
        return true() if versions is None else Todo.version.in_(versions)
