"""Todos with those above and below them: one at a time works on the trees of a list."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, any_, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from app.domain.access import Actor
from app.domain.lifecycle import Changes, Node
from app.domain.sharing import ListRole
from app.domain.todos import TodoStatus
from app.infrastructure.database.hot import Hot
from app.infrastructure.database.models import Membership, Todo, TodoList
from app.infrastructure.database.repositories.reminders import ReminderRepository
from app.infrastructure.database.repositories.todos_families import (
    below,
    branch_statement,
    family_statement,
    line_statement,
)
from app.infrastructure.database.repositories.visibility import shared_lists
from app.infrastructure.database.work import Repository


@dataclass(frozen=True, slots=True)
class Place:
    """What a list lets a person do."""

    role: ListRole
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing(Place):
    """The same of the list that a todo is in, and the todo's row as it is."""

    todo: Todo


class TodoTreeRepository(Repository[Todo]):
    """Finds todos with their places, locks their lists, and changes several todos at once."""

    model_type = Todo

    async def stand(
        self, actor: Actor, todo_id: UUID, *, lock: bool = True, beside: UUID | None = None
    ) -> Standing | None:
        """The todo in its list, trashed or not, or None when the actor shares no such list.

        With `lock` the list stays locked until the transaction ends, and the todo with it: whoever changes places
        or works on trees waits, and so does no reader and nobody who changes a single todo elsewhere in the list.
        The list `beside` is locked along with it.
        """
        query = (
            select(Todo, Membership.role, TodoList.archived_at)
            .join(TodoList, TodoList.id == Todo.list_id)
            .join(Membership, Membership.list_id == Todo.list_id)
            .where(Todo.id == todo_id, Membership.user_id == actor.id, TodoList.deleted_at.is_(None))
            .execution_options(populate_existing=True)
        )
        if not lock:
            return await self._stand(query)
        of_todo = select(Todo.list_id).where(Todo.id == todo_id).scalar_subquery()
        lists = shared_lists(actor.id).where(or_(Membership.list_id == of_todo, Membership.list_id == beside))
        while True:
            async with self.session.begin_nested() as savepoint:
                # on its own, so that what is read next is read after the waiting
                locked = await self.lock_lists(lists)
                standing = await self._stand(query.with_for_update(of=Todo, key_share=True))
                if standing is None or standing.todo.list_id in locked:
                    return standing
                # moved to another list meanwhile: who kept the lock while waiting for that one's might wait forever
                await savepoint.rollback()

    async def _stand(self, query: Select[Any]) -> Standing | None:
        row = (await self.session.execute(query)).one_or_none()
        return None if row is None else Standing(row[1], row[2], row[0])

    async def place(self, actor: Actor, list_id: UUID | None) -> Place | None:
        """What a list, or the inbox, lets the person do; None when they share no such list."""
        query = (
            select(Membership.role, TodoList.archived_at)
            .join(TodoList, TodoList.id == Membership.list_id)
            .where(
                Membership.user_id == actor.id,
                TodoList.deleted_at.is_(None),
                and_(TodoList.is_inbox, TodoList.owner_id == actor.id) if list_id is None else TodoList.id == list_id,
            )
        )
        row = (await self.session.execute(query)).one_or_none()
        return None if row is None else Place(row[0], row[1])

    async def lock_lists(self, ids: Any) -> frozenset[UUID]:
        """Lock lists, by their ids or a query of them, in an order that all keep to; tells which there are.

        Inboxes come first, as they do for whoever locks a person's lists before one of them.
        """
        query = select(TodoList.id).where(TodoList.id.in_(ids)).order_by(TodoList.is_inbox.desc(), TodoList.id)
        return frozenset(await self.session.scalars(query.with_for_update(key_share=True)))

    async def lock_all(
        self, actor: Actor, lists: Collection[UUID], todos: Collection[UUID], *, inbox: bool = False
    ) -> None:
        """Lock these lists, those that these todos are in and the `inbox`, as far as the actor shares them."""
        of_todos = select(Todo.list_id).where(Todo.id.in_(todos))
        named = or_(Membership.list_id.in_(lists), Membership.list_id.in_(of_todos))
        if inbox:
            named = or_(named, and_(TodoList.is_inbox, TodoList.owner_id == actor.id))
        await self.lock_lists(shared_lists(actor.id).where(named))

    async def release(self, user_id: UUID, now: datetime) -> None:
        """End a person's assignments in all lists, trashed or not; until the transaction ends, they are given none."""
        theirs = Membership.user_id == user_id
        await self.lock_lists(select(Membership.list_id).where(theirs))
        await self.session.execute(select(Membership.id).where(theirs).with_for_update())
        await self.session.execute(
            update(Todo)
            .where(Todo.assignee_id == user_id)
            .values(assignee_id=None, version=Todo.version + 1, updated_at=now)
            .execution_options(synchronize_session=False)
        )

    async def family(self, todo_id: UUID) -> list[Node]:
        """The todo, those above it and those below it, none of them trashed."""
        return await self._nodes(family_statement(), todo_id)

    async def branch(self, todo_id: UUID) -> list[Node]:
        """Those of them that are below the todo."""
        return await self._nodes(branch_statement(), todo_id)

    async def line(self, todo_id: UUID) -> list[Node]:
        """The todo and those of them that are above it."""
        return await self._nodes(line_statement(), todo_id)

    async def _nodes(self, hot: Hot, todo_id: UUID) -> list[Node]:
        rows = await self.work.fetch(hot, {"todo_id": todo_id}, alone=False)
        return [Node(row[0], row[1], TodoStatus(row[2])) for row in rows]

    async def set_status(self, changes: Changes, *, by: UUID, now: datetime) -> None:
        """Give each todo the status that is told for it, and count its version up; its reminders go along."""
        for status in set(changes.values()):
            done = status is TodoStatus.COMPLETED
            # one array, for there may be more of them than a statement can have parameters
            ids = [todo_id for todo_id, told in changes.items() if told is status]
            await self.session.execute(
                update(Todo)
                .where(Todo.id == any_(literal(ids, ARRAY(Todo.id.type))))
                .values(
                    status=status,
                    completed_at=now if done else None,
                    completed_by=by if done else None,
                    version=Todo.version + 1,
                    updated_at=now,
                )
                .execution_options(synchronize_session=False)
            )
        if changes:
            await ReminderRepository(session=self.work).follow(changes, now)

    async def set_values(self, todo_id: UUID, values: Mapping[str, Any], *, counted: bool = False) -> None:
        """Set columns of a todo that is locked, and count its version up unless this change is counted already."""
        await self.session.execute(
            update(Todo)
            .where(Todo.id == todo_id)
            .values(version=Todo.version + int(not counted), **values)
            .execution_options(synchronize_session=False)
        )

    async def mark_parents(self, ids: Collection[UUID]) -> None:
        """Remember that todos have others below them."""
        await self.session.execute(
            update(Todo)
            .where(Todo.id.in_(ids), Todo.has_subtasks.is_(False))
            .values(has_subtasks=True)
            .execution_options(synchronize_session=False)
        )

    async def trash(self, todo_id: UUID, now: datetime) -> None:
        """Put a todo and all below it that is not there yet in the trash, as one batch."""
        found = below(todo_id)
        await self.session.execute(
            update(Todo)
            .where(or_(Todo.id == todo_id, Todo.id.in_(select(found.c.id))))
            .values(deleted_at=now, deletion_id=todo_id, version=Todo.version + 1, updated_at=now)
            .execution_options(synchronize_session=False)
        )
