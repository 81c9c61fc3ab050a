"""What people do with their todos."""

from typing import Any, Final
from uuid import UUID

from msgspec import UNSET
from uuid_utils.compat import uuid7

from app.application.paging import CursorCodec, Pager
from app.application.todos.schemas import Todo, TodoCreate, TodoPage, TodoQuery, TodoUpdate
from app.domain.access import Actor, Permission
from app.domain.errors import NotFound, StaleVersion
from app.domain.ports import Clock
from app.infrastructure.database.repositories.keyset import SortTerm
from app.infrastructure.database.repositories.todos import TodoRepository

Versions = frozenset[int] | None
NEWEST_FIRST: Final = SortTerm("created_at", descending=True)


class TodoService:
    """Decides over todos; every method takes the actor first, and what is not theirs does not exist."""

    def __init__(self, todos: TodoRepository, clock: Clock, cursors: CursorCodec) -> None:
        self._todos = todos
        self._clock = clock
        self._cursors = cursors

    async def list(self, actor: Actor, query: TodoQuery) -> TodoPage:
        """A page of the actor's todos, newest first unless told."""
        actor.require(Permission.TODOS_READ)
        pager = Pager(self._cursors, actor, Todo, query, NEWEST_FIRST)
        found = await self._todos.list_page(
            Todo, actor, pager.terms, limit=pager.limit, after=pager.after, completed=query.completed
        )
        total = await self._todos.count_all(actor, completed=query.completed) if query.include_total else UNSET
        return TodoPage(*pager.page(found), total)

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
