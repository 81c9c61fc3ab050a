"""The life of todos: completed, reopened, cancelled, skipped, and what that means for those above and below."""

import datetime as dt
from uuid import UUID

from uuid_utils.compat import uuid7

from app.application.todos.schemas import Todo
from app.application.todos.schemas_lifecycle import Completion, Occurrence, OccurrenceChoice, Skip
from app.application.todos.timing import due_values, stored_due, stored_recurrence, zone_of
from app.domain import lifecycle
from app.domain.access import Actor, Permission
from app.domain.due import Due
from app.domain.errors import NotFound, Unauthenticated
from app.domain.lifecycle import OccurrenceRequired, StaleOccurrence, TodoNotOpen
from app.domain.lists import check_not_archived
from app.domain.ports import Clock
from app.domain.recurrence import Recurrence
from app.domain.sharing import ListPermission, require
from app.domain.todos import OccurrenceOutcome, TodoStatus
from app.infrastructure.database import models
from app.infrastructure.database.repositories.occurrences import OccurrenceRepository
from app.infrastructure.database.repositories.reminders import ReminderRepository
from app.infrastructure.database.repositories.todos import TodoRepository
from app.infrastructure.database.repositories.todos_trees import Standing, TodoTreeRepository


class TodoLifecycle:
    """Decides over the life of todos, one at a time in each list."""

    def __init__(
        self,
        todos: TodoRepository,
        trees: TodoTreeRepository,
        occurrences: OccurrenceRepository,
        reminders: ReminderRepository,
        clock: Clock,
    ) -> None:
        self._todos = todos
        self._trees = trees
        self._occurrences = occurrences
        self._reminders = reminders
        self._clock = clock

    async def complete(self, actor: Actor, todo_id: UUID, data: OccurrenceChoice) -> Completion:
        """Complete a todo with all that is open below it; one that recurs moves on to its next occurrence.

        Raises `NotFound`, `Forbidden`, `ListArchived`, `TodoNotOpen`, `OccurrenceRequired`, `StaleOccurrence`.
        """
        if data.occurrence is None and (done := await self._set_alone(actor, todo_id, TodoStatus.COMPLETED)):
            return Completion(None, done)
        todo = (await self.writable(actor, todo_id)).todo
        due, recurrence = stored_due(todo), stored_recurrence(todo)
        if due is None or recurrence is None:
            if data.occurrence is not None and (due is None or due.date != data.occurrence):
                raise StaleOccurrence
            await self.set_status(actor, todo, TodoStatus.COMPLETED)
            return Completion(None, await self.shown(actor, todo_id))
        if todo.status is not TodoStatus.OPEN:
            raise TodoNotOpen
        lifecycle.check_occurrence(due.date, data.occurrence)
        occurrence = await self._advance(actor, todo, due, recurrence, OccurrenceOutcome.COMPLETED)
        return Completion(occurrence, await self.shown(actor, todo_id))

    async def skip(self, actor: Actor, todo_id: UUID, data: OccurrenceChoice) -> Skip:
        """Pass over an occurrence of a recurring todo; raises as `complete` does, and `TodoNotRecurring`."""
        todo = (await self.writable(actor, todo_id)).todo
        due, recurrence = stored_due(todo), stored_recurrence(todo)
        lifecycle.check_skip(todo.status, recurs=recurrence is not None)
        if due is None or recurrence is None:
            raise NotFound
        lifecycle.check_occurrence(due.date, data.occurrence)
        occurrence = await self._advance(actor, todo, due, recurrence, OccurrenceOutcome.SKIPPED)
        return Skip(occurrence, await self.shown(actor, todo_id))

    async def reopen(self, actor: Actor, todo_id: UUID) -> Todo:
        """Reopen a todo with what is completed above it; raises `NotFound`, `Forbidden`, `ListArchived`."""
        if reopened := await self._set_alone(actor, todo_id, TodoStatus.OPEN):
            return reopened
        todo = (await self.writable(actor, todo_id)).todo
        await self.set_status(actor, todo, TodoStatus.OPEN)
        return await self.shown(actor, todo_id)

    async def cancel(self, actor: Actor, todo_id: UUID) -> Todo:
        """Cancel a todo; raises `NotFound`, `Forbidden`, `ListArchived`, and `TodoNotOpen` if it is completed."""
        todo = (await self.writable(actor, todo_id)).todo
        await self.set_status(actor, todo, TodoStatus.CANCELLED)
        return await self.shown(actor, todo_id)

    async def writable(
        self, actor: Actor, todo_id: UUID, *, lock: bool = True, beside: UUID | None = None, trashed: bool = False
    ) -> Standing:
        """A todo that the actor may change, locked with its list, and with the list `beside`.

        Only where `trashed` it may be in the trash. Raises `NotFound`, `Forbidden`, `ListArchived`.
        """
        actor.require(Permission.TODOS_WRITE)
        standing = await self._trees.stand(actor, todo_id, lock=lock, beside=beside)
        if standing is None or not (trashed or standing.todo.deleted_at is None):
            raise NotFound
        require(standing.role, ListPermission.TODOS_WRITE)
        check_not_archived(standing.archived_at)
        return standing

    async def check_list(self, actor: Actor, list_id: UUID | None) -> None:
        """Refuse a list, or the inbox, that the actor may not write in.

        Raises `NotFound`, `Forbidden`, `ListArchived`, and `Unauthenticated` for whoever has no inbox.
        """
        place = await self._trees.place(actor, list_id)
        if place is None:
            # everyone has an inbox
            raise Unauthenticated if list_id is None else NotFound
        require(place.role, ListPermission.TODOS_WRITE)
        check_not_archived(place.archived_at)

    async def set_status(
        self, actor: Actor, todo: models.Todo, status: TodoStatus, *, recurs: bool | None = None
    ) -> bool:
        """Give a locked todo a status, and those above and below it theirs; tells whether its own has changed.

        `recurs` tells whether it still will, where that changes too. Raises `TodoNotOpen`, and `OccurrenceRequired`
        for one that recurs and is to be completed.
        """
        if status is TodoStatus.CANCELLED:
            changes = lifecycle.cancel(lifecycle.Node(todo.id, todo.parent_id, todo.status))
        else:
            family = await self._trees.family(todo.id)
            if status is TodoStatus.COMPLETED:
                if recurs is None:
                    recurs = todo.recurrence_rule is not None
                if recurs and todo.status is TodoStatus.OPEN:
                    raise OccurrenceRequired
                changes = lifecycle.complete(family, todo.id)
            else:
                changes = lifecycle.reopen(family, todo.id)
        await self._trees.set_status(changes, by=actor.id, now=self._clock.now())
        return todo.id in changes

    async def _set_alone(self, actor: Actor, todo_id: UUID, status: TodoStatus) -> Todo | None:
        """Give a todo that stands by itself a status; None where that is not for one statement to do."""
        actor.require(Permission.TODOS_WRITE)
        values = {"status": status, "updated_at": self._clock.now()}
        return await self._todos.change(Todo, actor, todo_id, values, alone=True, sole=True)

    async def mend(self, actor: Actor, todo_id: UUID) -> None:
        """Reopen what is completed above a todo, if it or one below it is open, after it was put there."""
        changes = lifecycle.mend(await self._trees.family(todo_id))
        await self._trees.set_status(changes, by=actor.id, now=self._clock.now())

    async def shown(self, actor: Actor, todo_id: UUID) -> Todo:
        """A todo as it is now; raises `NotFound`."""
        todo = await self._todos.find(Todo, actor, todo_id)
        if todo is None:
            raise NotFound
        return todo

    async def _advance(
        self, actor: Actor, todo: models.Todo, due: Due, recurrence: Recurrence, outcome: OccurrenceOutcome
    ) -> Occurrence:
        """Log the occurrence and move the series on, or complete the todo where that was the last one."""
        now = self._clock.now()
        start, used = todo.recurrence_start or due.date, todo.recurrence_used or 1
        coming = recurrence.next_due(due, start=start, used=used, at=now)
        family = await self._trees.family(todo.id)
        if coming is None:
            await self._trees.set_status(lifecycle.complete(family, todo.id), by=actor.id, now=now)
        else:
            await self._trees.set_status(lifecycle.renew(family, todo.id), by=actor.id, now=now)
            values = due_values(coming, zone_of(coming, recurrence) or dt.UTC)
            await self._trees.set_values(todo.id, {**values, "recurrence_used": used + 1, "updated_at": now})
            await self._reminders.rearm(todo.id, values["due_at"], now)
        return await self._occurrences.log(
            Occurrence,
            {
                "id": uuid7(),
                "todo_id": todo.id,
                "scheduled_for": due.date,
                "outcome": outcome,
                "user_id": actor.id,
                "created_at": now,
                "updated_at": now,
            },
        )
