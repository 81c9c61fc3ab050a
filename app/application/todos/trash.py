"""The trash: what was deleted together comes back together, or goes for good."""

from typing import Final
from uuid import UUID

from msgspec import UNSET

from app.application.paging import CursorCodec, Pager
from app.application.todos.lifecycle import TodoLifecycle
from app.application.todos.schemas import Todo, TodoPage
from app.application.todos.schemas_placing import TrashQuery
from app.domain import lifecycle
from app.domain.access import Actor, Permission
from app.domain.ports import Clock
from app.domain.todos import TRASH_LIFETIME, ParentTrashed
from app.infrastructure.database import models
from app.infrastructure.database.repositories.keyset import SortTerm
from app.infrastructure.database.repositories.lists import ListRepository
from app.infrastructure.database.repositories.todos_places import TodoPlaceRepository
from app.infrastructure.database.repositories.todos_trash import TodoTrashRepository
from app.infrastructure.database.repositories.todos_trees import TodoTreeRepository

LATEST_FIRST: Final = SortTerm("deleted_at", descending=True)
BATCH: Final = 100
"""How many deletions are made final in one transaction."""


class TodoTrash:
    """Decides over what is in the trash."""

    def __init__(
        self,
        trees: TodoTreeRepository,
        places: TodoPlaceRepository,
        trash: TodoTrashRepository,
        lists: ListRepository,
        *,
        life: TodoLifecycle,
        clock: Clock,
        cursors: CursorCodec,
    ) -> None:
        self._trees = trees
        self._places = places
        self._trash = trash
        self._lists = lists
        self._life = life
        self._clock = clock
        self._cursors = cursors

    async def list(self, actor: Actor, query: TrashQuery) -> TodoPage:
        """A page of what was deleted by itself in the lists that the actor shares, the latest first."""
        actor.require(Permission.TODOS_READ)
        pager = Pager(self._cursors, actor, Todo, query, LATEST_FIRST)
        found = await self._trash.list_page(Todo, actor, pager.terms, limit=pager.limit, after=pager.after)
        total = await self._trash.count_all(actor) if query.include_total else UNSET
        return TodoPage(*pager.page(found), total)

    async def restore(self, actor: Actor, todo_id: UUID) -> Todo:
        """Bring back what was deleted with a todo; one that is not in the trash stays as it is.

        Raises `NotFound`, `Forbidden`, `ListArchived`, `ParentTrashed` for one that was deleted along with its parent
        or whose parent was deleted since, `TooDeep` where the parent has been moved meanwhile.
        """
        todo = (await self._life.writable(actor, todo_id, trashed=True)).todo
        if todo.deleted_at is not None:
            if todo.deletion_id != todo_id:
                raise ParentTrashed
            if todo.parent_id is not None:
                await self._check_parent(todo, todo.parent_id)
            await self._trash.restore(todo_id, self._clock.now())
            if todo.parent_id is not None:
                await self._life.mend(actor, todo_id)
        return await self._life.shown(actor, todo_id)

    async def purge(self, actor: Actor) -> int:
        """Delete for good some of what has been in the trash for longer than `TRASH_LIFETIME`; tells how much.

        It tells zero when nothing is left.
        """
        actor.require(Permission.ADMIN)
        before = self._clock.now() - TRASH_LIFETIME
        overdue = await self._trash.overdue(before, BATCH)
        await self._trees.lock_lists(set(overdue.values()))
        return await self._trash.purge(list(overdue), before)

    async def purge_lists(self, actor: Actor) -> int:
        """Delete for good some of the lists that have been in the trash for as long, as `purge` does with todos."""
        actor.require(Permission.ADMIN)
        return await self._lists.purge(self._clock.now() - TRASH_LIFETIME, BATCH)

    async def _check_parent(self, todo: models.Todo, parent_id: UUID) -> None:
        if not await self._places.lock(parent_id, todo.list_id):
            raise ParentTrashed
        above = await self._trees.line(parent_id)
        lifecycle.check_parent([*above, *await self._trash.batch(todo.id)], todo.id, parent_id)
