"""Todos over HTTP."""

from typing import Any, Final
from uuid import UUID

from litestar import Controller, delete
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody

from app.application.todos.schemas import Todo, TodoCreate, TodoPage, TodoQuery, TodoUpdate
from app.application.unit_of_work import Services
from app.domain.access import Actor, Permission
from app.domain.due import InvalidDue
from app.domain.errors import NotFound
from app.domain.lifecycle import OccurrenceRequired, ParentNotFound, TodoNotOpen, TooDeep
from app.domain.lists import ListArchived
from app.domain.rrule import InvalidRecurrence
from app.domain.sharing import NotAMember
from app.domain.todos import TodoExists
from app.presentation.http.decoding import parse_uuid
from app.presentation.http.dependencies import provide_versions
from app.presentation.http.guards import requires
from app.presentation.http.handlers import get, patch, post
from app.presentation.http.limits import ORDINARY
from app.presentation.http.openapi import raises
from app.presentation.http.parameters import QUERY_KEY, VERSIONS
from app.presentation.http.serving import AnyRequest, path_id, query, serve, versions

WRITING: Final = (InvalidDue, InvalidRecurrence, ListArchived, NotAMember)
CREATING: Final = (NotFound, ParentNotFound, TodoExists, TooDeep)
READ: Final = [requires(Permission.TODOS_READ)]
WRITE: Final = [requires(Permission.TODOS_WRITE)]


async def provide_todo_id(todoId: FromPath[str]) -> UUID:  # noqa: N803 -- as the path has it, in camel case
    """The todo that the path names."""
    return parse_uuid("todoId", todoId)


class TodoController(Controller):
    """Todos one by one."""

    path = "/api/todos"
    tags = ["Todos"]
    guards = [ORDINARY]
    dependencies = {"todo_id": Provide(provide_todo_id)}

    @get(guards=READ, operation_id="listTodos", summary="List todos", opt={QUERY_KEY: TodoQuery})
    async def list_todos(self, request: AnyRequest) -> TodoPage:
        """List the todos of all lists that you share, newest first unless told; each is matched on its own."""
        asked = query(request, TodoQuery)
        page: Any = await serve(request, lambda services: services.todo_listing.list(request.user, asked))
        return page

    @post(guards=WRITE, operation_id="createTodo", summary="Create a todo", opt=raises(*WRITING, *CREATING))
    async def create_todo(self, request: AnyRequest, data: JSONBody[TodoCreate]) -> Todo:
        """Write a todo down, in your inbox unless you name a list."""
        return await serve(request, lambda services: services.todos.create(request.user, data))

    @get("/{todoId:str}", guards=READ, operation_id="getTodo", summary="Get a todo")
    async def get_todo(self, request: AnyRequest) -> Todo:
        """Look at one todo."""
        return await serve(request, lambda services: services.todos.get(request.user, path_id(request, "todoId")))

    @patch(
        "/{todoId:str}",
        guards=WRITE,
        operation_id="updateTodo",
        summary="Update a todo",
        opt={VERSIONS: True, **raises(*WRITING, TodoNotOpen, OccurrenceRequired)},
    )
    async def update_todo(self, request: AnyRequest, data: JSONBody[TodoUpdate]) -> Todo:
        """Change the fields you send and no others.

        What `status` and `completed` ask for happens as by the routes for it, to the todos above and below too.
        """
        todo_id, met = path_id(request, "todoId"), versions(request)
        return await serve(request, lambda services: services.todos.update(request.user, todo_id, data, versions=met))

    @delete(
        "/{todoId:str}",
        guards=WRITE,
        operation_id="deleteTodo",
        summary="Delete a todo",
        opt=raises(ListArchived),
        dependencies={"versions": Provide(provide_versions)},
    )
    async def delete_todo(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        todo_id: NamedDependency[UUID],
        versions: NamedDependency[frozenset[int] | None],
    ) -> None:
        """Put a todo in the trash with all below it, as one batch, for 30 days."""
        await services.todos.delete(actor, todo_id, versions=versions)
