"""Reminders, and the history of recurring todos, over HTTP."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody

from app.application.todos.schemas_lifecycle import OccurrencePage, OccurrenceQuery
from app.application.todos.schemas_reminders import Reminder, ReminderCreate, ReminderList
from app.application.unit_of_work import Services
from app.domain.access import Actor
from app.domain.lifecycle import TodoNotOpen
from app.domain.lists import ListArchived
from app.domain.todos import ReminderExists, ReminderNeedsDue, TooManyReminders
from app.presentation.http.decoding import parse_uuid
from app.presentation.http.dependencies import provide_versions, query_of
from app.presentation.http.limits import ORDINARY
from app.presentation.http.openapi import raises
from app.presentation.http.todos import READ, WRITE, provide_todo_id


async def provide_reminder_id(reminderId: FromPath[str]) -> UUID:  # noqa: N803 -- as the path has it, in camel case
    """The reminder that the path names."""
    return parse_uuid("reminderId", reminderId)


class OccurrenceController(Controller):
    """What became of a todo's occurrences."""

    path = "/api/todos/{todoId:str}/occurrences"
    tags = ["Todos"]
    guards = [ORDINARY]
    dependencies = {"todo_id": Provide(provide_todo_id)}

    @get(guards=READ, operation_id="listOccurrences", summary="List occurrences", **query_of(OccurrenceQuery))
    async def list_occurrences(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        todo_id: NamedDependency[UUID],
        parameters: NamedDependency[OccurrenceQuery],
    ) -> OccurrencePage:
        """List the occurrences of a recurring todo that were completed or skipped, the latest first."""
        return await services.occurrences.list(actor, todo_id, parameters)


class ReminderController(Controller):
    """The caller's own reminders of a todo."""

    path = "/api/todos/{todoId:str}/reminders"
    tags = ["Todos"]
    guards = [ORDINARY]
    dependencies = {"todo_id": Provide(provide_todo_id), "reminder_id": Provide(provide_reminder_id)}

    @get(guards=READ, operation_id="listReminders", summary="List your reminders of a todo")
    async def list_reminders(
        self, services: NamedDependency[Services], actor: NamedDependency[Actor], todo_id: NamedDependency[UUID]
    ) -> ReminderList:
        """List your own reminders of a todo, in the order in which they come; there are at most 20."""
        return await services.reminders.list(actor, todo_id)

    @post(
        guards=WRITE,
        operation_id="createReminder",
        summary="Be reminded of a todo",
        opt=raises(ListArchived, ReminderExists, ReminderNeedsDue, TodoNotOpen, TooManyReminders),
    )
    async def create_reminder(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        todo_id: NamedDependency[UUID],
        data: JSONBody[ReminderCreate],
    ) -> Reminder:
        """Be reminded of an open todo, whatever your role in its list: nobody else is, or sees it.

        It goes along when the due date changes or the todo recurs, if it counts back from there. It is cancelled while
        the todo is not open or has no due date, and then comes all the same if its moment is still ahead.
        """
        return await services.reminders.create(actor, todo_id, data)

    @get("/{reminderId:str}", guards=READ, operation_id="getReminder", summary="Get one of your reminders")
    async def get_reminder(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        todo_id: NamedDependency[UUID],
        reminder_id: NamedDependency[UUID],
    ) -> Reminder:
        """Look at one of your own reminders."""
        return await services.reminders.get(actor, todo_id, reminder_id)

    @delete(
        "/{reminderId:str}",
        guards=WRITE,
        operation_id="deleteReminder",
        summary="Delete one of your reminders",
        opt=raises(ListArchived),
        dependencies={"versions": Provide(provide_versions)},
    )
    async def delete_reminder(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        todo_id: NamedDependency[UUID],
        reminder_id: NamedDependency[UUID],
        versions: NamedDependency[frozenset[int] | None],
    ) -> None:
        """Be reminded of it no more."""
        await services.reminders.delete(actor, todo_id, reminder_id, versions=versions)
