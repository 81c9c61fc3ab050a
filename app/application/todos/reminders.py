"""What people are reminded of, each for themselves."""

from datetime import datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from app.application.todos.schemas_reminders import Reminder, ReminderCreate, ReminderList
from app.domain.access import Actor, Permission
from app.domain.due import FIRST_DAY, LAST_DAY
from app.domain.errors import Issue, IssueCode, NotFound, StaleVersion, ValidationFailed
from app.domain.lifecycle import TodoNotOpen
from app.domain.lists import check_not_archived
from app.domain.ports import Clock
from app.domain.todos import ReminderNeedsDue, ReminderStatus, TodoStatus, check_reminder_count
from app.infrastructure.database import models
from app.infrastructure.database.repositories.reminders import ReminderRepository
from app.infrastructure.database.repositories.todos_trees import Standing, TodoTreeRepository


class ReminderService:
    """Decides over reminders: everyone who sees a todo has their own, whatever their role."""

    def __init__(self, reminders: ReminderRepository, trees: TodoTreeRepository, clock: Clock) -> None:
        self._reminders = reminders
        self._trees = trees
        self._clock = clock

    async def list(self, actor: Actor, todo_id: UUID) -> ReminderList:
        """The actor's reminders of a todo, in the order in which they come; raises `NotFound`."""
        actor.require(Permission.TODOS_READ)
        await self._standing(actor, todo_id)
        return ReminderList(await self._reminders.list_own(Reminder, actor, todo_id))

    async def get(self, actor: Actor, todo_id: UUID, reminder_id: UUID) -> Reminder:
        """One of the actor's reminders; raises `NotFound`."""
        actor.require(Permission.TODOS_READ)
        await self._standing(actor, todo_id)
        return await self._found(actor, todo_id, reminder_id)

    async def create(self, actor: Actor, todo_id: UUID, data: ReminderCreate) -> Reminder:
        """Have the actor reminded of an open todo; at a moment that has passed, at once.

        Raises `NotFound`, `ListArchived`, `TodoNotOpen`, `ReminderNeedsDue`, `TooManyReminders`, `ReminderExists`.
        """
        actor.require(Permission.TODOS_WRITE)
        _check(data)
        # under the lock no other reminder is made, no due date changes, and nobody loses the list
        standing = await self._standing(actor, todo_id, lock=True)
        check_not_archived(standing.archived_at)
        if standing.todo.status is not TodoStatus.OPEN:
            raise TodoNotOpen
        fire_at = _moment(data, standing.todo)
        check_reminder_count(await self._reminders.count_own(actor, todo_id))
        now = self._clock.now()
        values = {
            "id": uuid7(),
            "version": 1,
            "todo_id": todo_id,
            "user_id": actor.id,
            "fire_at": fire_at,
            "minutes_before": data.minutes_before,
            "status": ReminderStatus.PENDING,
            "created_at": now,
            "updated_at": now,
        }
        return await self._reminders.insert(Reminder, values)

    async def delete(
        self, actor: Actor, todo_id: UUID, reminder_id: UUID, *, versions: frozenset[int] | None = None
    ) -> None:
        """Take one of the actor's reminders back.

        Raises `NotFound`, `ListArchived`, and `StaleVersion` when it is at none of the `versions`.
        """
        actor.require(Permission.TODOS_WRITE)
        standing = await self._standing(actor, todo_id)
        check_not_archived(standing.archived_at)
        if not await self._reminders.remove_own(actor, todo_id, reminder_id, versions=versions):
            raise StaleVersion(current=await self._found(actor, todo_id, reminder_id))

    async def _standing(self, actor: Actor, todo_id: UUID, *, lock: bool = False) -> Standing:
        standing = await self._trees.stand(actor, todo_id, lock=lock)
        if standing is None or standing.todo.deleted_at is not None:
            raise NotFound
        return standing

    async def _found(self, actor: Actor, todo_id: UUID, reminder_id: UUID) -> Reminder:
        reminder = await self._reminders.find_own(Reminder, actor, todo_id, reminder_id)
        if reminder is None:
            raise NotFound
        return reminder


def _check(data: ReminderCreate) -> None:
    if (data.fire_at is None) is (data.minutes_before is None):
        raise ValidationFailed([Issue(IssueCode.CUSTOM, (), "Expected either `fireAt` or `minutesBefore`")])
    # the ends of what a datetime holds mean infinity to the driver
    if data.fire_at is not None and not FIRST_DAY <= data.fire_at.date() <= LAST_DAY:
        raise ValidationFailed([Issue(IssueCode.CUSTOM, ("fireAt",), f"Expected {FIRST_DAY} to {LAST_DAY}")])


def _moment(data: ReminderCreate, todo: models.Todo) -> datetime:
    if data.fire_at is not None:
        return data.fire_at
    if todo.due_at is None:
        raise ReminderNeedsDue
    return todo.due_at - timedelta(minutes=data.minutes_before or 0)
