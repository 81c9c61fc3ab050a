"""What people do with their todos."""

from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from app.application.paging import CursorCodec
from app.application.todos.schemas import Todo, TodoCreate, TodoPage, TodoQuery, TodoUpdate
from app.domain.access import Actor, Permission
from app.domain.errors import NotFound, StaleVersion
from app.domain.ports import Clock
from app.infrastructure.database.repositories.todos import TodoRepository

Versions = frozenset[int] | None


class TodoService:
    """Decides over todos; every method takes the actor first, and what is not theirs does not exist."""

    def __init__(self, todos: TodoRepository, clock: Clock, cursors: CursorCodec) -> None:
        self._todos = todos
        self._clock = clock
        self._cursors = cursors

    async def list(self, actor: Actor, query: TodoQuery) -> TodoPage:
        """A page of the actor's todos, newest first."""
        actor.require(Permission.TODOS_READ)
        scope = f"todos:{actor.id}"
        after = None
        if query.cursor is not None:
            after = self._cursors.decode(query.cursor, tuple[datetime, UUID], scope)
        # one more than asked for tells whether there is a next page
        found = await self._todos.list_newest(Todo, actor, limit=query.limit + 1, after=after)
        items = found[: query.limit]
        next_cursor = None
        if len(found) > query.limit:
            next_cursor = self._cursors.encode((items[-1].created_at, items[-1].id), scope)
        return TodoPage(items, next_cursor)

    async def get(self, actor: Actor, todo_id: UUID) -> Todo:
        """One todo; raises `NotFound`."""
        actor.require(Permission.TODOS_READ)
        return await self._found(actor, todo_id)

    async def create(self, actor: Actor, data: TodoCreate) -> Todo:
        """Write a todo down."""
        actor.require(Permission.TODOS_WRITE)
        now = self._clock.now()
        return await self._todos.insert(
            Todo,
            {
                "id": uuid7(),
                "owner_id": actor.id,
                "title": data.title,
                "notes": data.notes,
                "completed_at": now if data.completed else None,
                "created_at": now,
                "updated_at": now,
            },
        )

    async def update(self, actor: Actor, todo_id: UUID, data: TodoUpdate, *, versions: Versions = None) -> Todo:
        """Change the fields that were sent; raises `NotFound`, or `StaleVersion` when at none of the `versions`."""
        actor.require(Permission.TODOS_WRITE)
        values = data.changes()
        if values:
            changed = await self._todos.change(Todo, actor, todo_id, self._stamped(values), versions=versions)
            if changed is not None:
                return changed
        return await self._found(actor, todo_id, versions=versions)

    async def delete(self, actor: Actor, todo_id: UUID, *, versions: Versions = None) -> None:
        """Delete a todo; raises `NotFound`, or `StaleVersion` when at none of the `versions`."""
        actor.require(Permission.TODOS_WRITE)
        if not await self._todos.remove(actor, todo_id, versions=versions):
            await self._found(actor, todo_id, versions=versions)

    async def _found(self, actor: Actor, todo_id: UUID, *, versions: Versions = None) -> Todo:
        todo = await self._todos.find(Todo, actor, todo_id)
        if todo is None:
            raise NotFound
        if versions is not None and todo.version not in versions:
            raise StaleVersion(current=todo)
        return todo

    def _stamped(self, values: dict[str, Any]) -> dict[str, Any]:
        now = self._clock.now()
        if "completed" in values:
            values["completed_at"] = now if values.pop("completed") else None
        return {**values, "updated_at": now}
