"""Where todos stand, and the trash, over HTTP."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from app.application.todos.schemas import Todo, TodoPage
from app.application.todos.schemas_placing import TodoMove, TrashQuery
from app.application.unit_of_work import Services
from app.domain.access import Actor
from app.domain.lifecycle import ParentCycle, ParentNotFound, TooDeep
from app.domain.lists import ListArchived
from app.domain.ordering import NotASibling
from app.domain.todos import ParentTrashed
from app.presentation.http.dependencies import query_of
from app.presentation.http.limits import ORDINARY
from app.presentation.http.openapi import raises
from app.presentation.http.responses import rows_at
from app.presentation.http.todos import READ, WRITE, TodoController, provide_todo_id


class TodoPlacingController(Controller):
    """Where a todo stands."""

    path = "/api/todos/{todoId:str}"
    tags = ["Todos"]
    guards = [ORDINARY, *WRITE]
    dependencies = {"todo_id": Provide(provide_todo_id)}

    @post(
        "/move",
        operation_id="moveTodo",
        summary="Move a todo",
        opt=raises(ListArchived, NotASibling, ParentCycle, ParentNotFound, TooDeep),
        status_code=HTTP_200_OK,
    )
    async def move_todo(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        todo_id: NamedDependency[UUID],
        data: JSONBody[TodoMove],
    ) -> Todo:
        """Put a todo behind or ahead of another one, or else at the end, with all below it.

        In another list nobody is assigned to it, or reminded of it, who does not share that list. What is completed
        above an open todo is open again.
        """
        return await services.todo_placing.move(actor, todo_id, data)

    @post(
        "/duplicate",
        operation_id="duplicateTodo",
        summary="Duplicate a todo",
        opt=raises(ListArchived) | rows_at(TodoController.path),
    )
    async def duplicate_todo(
        self, services: NamedDependency[Services], actor: NamedDependency[Actor], todo_id: NamedDependency[UUID]
    ) -> Todo:
        """Make a copy of a todo and of all below it, right behind it.

        All of the copy is open, and nobody is reminded of it. Its recurrence begins anew with the present due date.
        """
        return await services.todo_placing.duplicate(actor, todo_id)

    @post(
        "/restore",
        operation_id="restoreTodo",
        summary="Restore a todo",
        opt=raises(ListArchived, ParentTrashed, TooDeep),
        status_code=HTTP_200_OK,
    )
    async def restore_todo(
        self, services: NamedDependency[Services], actor: NamedDependency[Actor], todo_id: NamedDependency[UUID]
    ) -> Todo:
        """Bring a todo back from the trash with all that was deleted along with it.

        One that is not in the trash stays as it is.
        """
        return await services.todo_trash.restore(actor, todo_id)


class TrashController(Controller):
    """The trash."""

    path = "/api/trash"
    tags = ["Todos"]
    guards = [ORDINARY, *READ]

    @get(operation_id="listTrash", summary="List the trash", **query_of(TrashQuery))
    async def list_trash(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        parameters: NamedDependency[TrashQuery],
    ) -> TodoPage:
        """List the todos that were deleted in the last 30 days, the latest first.

        What was deleted along with one of them comes back with it.
        """
        return await services.todo_trash.list(actor, parameters)
