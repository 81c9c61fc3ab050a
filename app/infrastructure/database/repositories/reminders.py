"""Queries over reminders; each that shows or removes one carries whose it must be."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import (
    ColumnElement,
    Interval,
    and_,
    any_,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from app.domain.access import Actor
from app.domain.todos import ReminderStatus, TodoStatus
from app.infrastructure.database.models import Reminder, Todo
from app.infrastructure.database.repositories.projection import columns
from app.infrastructure.database.work import Repository

ViewT = TypeVar("ViewT", bound=msgspec.Struct)


class ReminderRepository(Repository[Reminder]):
    """Finds and stores reminders of todos that the caller was found to see."""

    model_type = Reminder

    async def list_own(self, schema: type[ViewT], actor: Actor, todo_id: UUID) -> list[ViewT]:
        """The actor's reminders of a todo, in the order in which they come."""
        query = select(*columns(schema, Reminder)).where(self._own(actor, todo_id))
        found = await self.session.execute(query.order_by(Reminder.fire_at, Reminder.id))
        return [schema(*row) for row in found]

    async def find_own(self, schema: type[ViewT], actor: Actor, todo_id: UUID, reminder_id: UUID) -> ViewT | None:
        """One of the actor's reminders of a todo, or None."""
        query = select(*columns(schema, Reminder)).where(Reminder.id == reminder_id, self._own(actor, todo_id))
        row = (await self.session.execute(query)).one_or_none()
        return None if row is None else schema(*row)

    async def count_own(self, actor: Actor, todo_id: UUID) -> int:
        """How many reminders of a todo the actor has."""
        query = select(func.count()).select_from(Reminder).where(self._own(actor, todo_id))
        return (await self.session.execute(query)).scalar_one()

    async def insert(self, schema: type[ViewT], values: Mapping[str, Any]) -> ViewT:
        """Store one and return it."""
        statement = insert(Reminder).values(**values).returning(*columns(schema, Reminder))
        return schema(*(await self.session.execute(statement)).one())

    async def remove_own(
        self, actor: Actor, todo_id: UUID, reminder_id: UUID, *, versions: frozenset[int] | None
    ) -> bool:
        """Delete one of the actor's reminders; False when there is none with the id and one of the versions."""
        at = true() if versions is None else Reminder.version.in_(versions)
        statement = (
            delete(Reminder)
            .where(Reminder.id == reminder_id, self._own(actor, todo_id), at)
            .returning(Reminder.id)
            .execution_options(synchronize_session=False)
        )
        return await self.session.scalar(statement) is not None

    async def rearm(self, todo_id: UUID, due_at: datetime | None, now: datetime) -> None:
        """Have the reminders that count back from a todo's due date wait for the new one; without one they end.

        Only while the todo is open does anybody wait, and only for what is still ahead. Where one would come at the
        same moment as another of the same person's that is of that moment alone, it takes its place.
        """
        counted_back = and_(Reminder.todo_id == todo_id, Reminder.minutes_before.is_not(None))
        if due_at is None:
            pending = Reminder.status == ReminderStatus.PENDING
            await self._change(and_(counted_back, pending), now, status=ReminderStatus.CANCELLED)
            return
        minute = literal(timedelta(minutes=1), Interval)
        other = aliased(Reminder)
        moved = select(literal(due_at, Reminder.fire_at.type) - minute * other.minutes_before).where(
            other.todo_id == todo_id, other.user_id == Reminder.user_id, other.minutes_before.is_not(None)
        )
        await self.session.execute(
            delete(Reminder)
            .where(Reminder.todo_id == todo_id, Reminder.minutes_before.is_(None), Reminder.fire_at.in_(moved))
            .execution_options(synchronize_session=False)
        )
        fire_at = literal(due_at, Reminder.fire_at.type) - minute * Reminder.minutes_before
        waits = and_(fire_at > now, Todo.status == TodoStatus.OPEN)
        await self._change(
            and_(counted_back, Todo.id == Reminder.todo_id), now, fire_at=fire_at, status=_status_where(waits)
        )

    async def follow(self, todo_ids: Collection[UUID], now: datetime) -> None:
        """Have the reminders of todos whose status has changed end with them, or wait again if still ahead."""
        is_open = Todo.status == TodoStatus.OPEN
        # one that counts back from a due date that is gone has no moment
        comes = and_(Reminder.fire_at > now, or_(Reminder.minutes_before.is_(None), Todo.due_at.is_not(None)))
        concerned = or_(
            and_(~is_open, Reminder.status == ReminderStatus.PENDING),
            and_(is_open, Reminder.status == ReminderStatus.CANCELLED, comes),
        )
        of_todos = Reminder.todo_id == any_(literal(list(todo_ids), ARRAY(Todo.id.type)))
        await self._change(and_(of_todos, Todo.id == Reminder.todo_id, concerned), now, status=_status_where(is_open))

    async def _change(self, condition: ColumnElement[bool], now: datetime, **values: object) -> None:
        await self.session.execute(
            update(Reminder)
            .where(condition)
            .values(version=Reminder.version + 1, updated_at=now, **values)
            .execution_options(synchronize_session=False)
        )

    def _own(self, actor: Actor, todo_id: UUID) -> ColumnElement[bool]:
        return and_(Reminder.todo_id == todo_id, Reminder.user_id == actor.id)


def _status_where(waits: ColumnElement[bool]) -> ColumnElement[str]:
    return case((waits, ReminderStatus.PENDING.value), else_=ReminderStatus.CANCELLED.value)
