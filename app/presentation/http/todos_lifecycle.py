"""The life of todos over HTTP."""

from uuid import UUID

from litestar import Controller, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from app.application.todos.schemas import Todo
from app.application.todos.schemas_lifecycle import Completion, OccurrenceChoice, Skip
from app.application.unit_of_work import Services
from app.domain.access import Actor
from app.domain.lifecycle import OccurrenceRequired, StaleOccurrence, TodoNotOpen, TodoNotRecurring
from app.domain.lists import ListArchived
from app.presentation.http.limits import ORDINARY
from app.presentation.http.openapi import raises
from app.presentation.http.todos import WRITE, provide_todo_id

OCCURRENCES = (ListArchived, OccurrenceRequired, StaleOccurrence, TodoNotOpen)


class TodoLifecycleController(Controller):
    """What becomes of a todo."""

    path = "/api/todos/{todoId:str}"
    tags = ["Todos"]
    guards = [ORDINARY, *WRITE]
    dependencies = {"todo_id": Provide(provide_todo_id)}

    @post(
        "/complete",
        operation_id="completeTodo",
        summary="Complete a todo",
        opt=raises(*OCCURRENCES),
        status_code=HTTP_200_OK,
    )
    async def complete_todo(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        todo_id: NamedDependency[UUID],
        data: JSONBody[OccurrenceChoice],
    ) -> Completion:
        """Complete a todo with all that is open below it.

        Of one that recurs, the occurrence that you name is completed: it moves on to the next one, and what is done
        below it is open again. After its last occurrence it is completed.
        """
        return await services.todo_lifecycle.complete(actor, todo_id, data)

    @post(
        "/skip",
        operation_id="skipTodo",
        summary="Skip an occurrence",
        opt=raises(*OCCURRENCES, TodoNotRecurring),
        status_code=HTTP_200_OK,
    )
    async def skip_todo(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        todo_id: NamedDependency[UUID],
        data: JSONBody[OccurrenceChoice],
    ) -> Skip:
        """Pass over the occurrence of a recurring todo that you name: it moves on to the next one."""
        return await services.todo_lifecycle.skip(actor, todo_id, data)

    @post(
        "/reopen", operation_id="reopenTodo", summary="Reopen a todo", opt=raises(ListArchived), status_code=HTTP_200_OK
    )
    async def reopen_todo(
        self, services: NamedDependency[Services], actor: NamedDependency[Actor], todo_id: NamedDependency[UUID]
    ) -> Todo:
        """Reopen a todo that is completed or cancelled, with all that is completed above it."""
        return await services.todo_lifecycle.reopen(actor, todo_id)

    @post(
        "/cancel",
        operation_id="cancelTodo",
        summary="Cancel a todo",
        opt=raises(ListArchived, TodoNotOpen),
        status_code=HTTP_200_OK,
    )
    async def cancel_todo(
        self, services: NamedDependency[Services], actor: NamedDependency[Actor], todo_id: NamedDependency[UUID]
    ) -> Todo:
        """Cancel a todo: it is not going to be done. What is below it stays as it is."""
        return await services.todo_lifecycle.cancel(actor, todo_id)
