"""Queries over reminders."""

from datetime import datetime
from uuid import UUID

from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from sqlalchemy import delete, exists, func, literal, update
from sqlalchemy.orm import aliased

from app.domain.todos import ReminderStatus
from app.infrastructure.database.models import Reminder


class ReminderRepository(SQLAlchemyAsyncRepository[Reminder]):
    """Finds and stores reminders."""

    model_type = Reminder

    async def rearm(self, todo_id: UUID, due_at: datetime | None, now: datetime) -> None:
        """Have the reminders that count back from a todo's due date wait for the new one; without one they end.

        One that would come at the same moment as another of the same person's ends too.
        """
        counted_back = Reminder.minutes_before.is_not(None)
        if due_at is None:
            await self._change(todo_id, now, status=ReminderStatus.CANCELLED)
            return
        fire_at = literal(due_at, Reminder.fire_at.type) - func.make_interval(0, 0, 0, 0, 0, Reminder.minutes_before)
        other = aliased(Reminder)
        taken = exists().where(
            other.todo_id == todo_id,
            other.user_id == Reminder.user_id,
            other.minutes_before.is_(None),
            other.fire_at == fire_at,
        )
        await self.session.execute(
            delete(Reminder)
            .where(Reminder.todo_id == todo_id, counted_back, taken)
            .execution_options(synchronize_session=False)
        )
        await self._change(todo_id, now, status=ReminderStatus.PENDING, fire_at=fire_at)

    async def _change(self, todo_id: UUID, now: datetime, **values: object) -> None:
        await self.session.execute(
            update(Reminder)
            .where(Reminder.todo_id == todo_id, Reminder.minutes_before.is_not(None))
            .values(version=Reminder.version + 1, updated_at=now, **values)
            .execution_options(synchronize_session=False)
        )
