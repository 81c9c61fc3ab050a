"""Todos over HTTP."""

from typing import Final
from uuid import UUID

from litestar import Controller, delete, get, patch, post
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
from app.presentation.http.dependencies import provide_versions, query_of
from app.presentation.http.guards import requires
from app.presentation.http.limits import ORDINARY
from app.presentation.http.openapi import raises

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

    @get(guards=READ, operation_id="listTodos", summary="List todos", **query_of(TodoQuery))
    async def list_todos(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        parameters: NamedDependency[TodoQuery],
    ) -> TodoPage:
        """List the todos of all lists that you share, newest first unless told; each is matched on its own."""
        return await services.todos.list(actor, parameters)

    @post(guards=WRITE, operation_id="createTodo", summary="Create a todo", opt=raises(*WRITING, *CREATING))
    async def create_todo(
        self, services: NamedDependency[Services], actor: NamedDependency[Actor], data: JSONBody[TodoCreate]
    ) -> Todo:
        """Write a todo down, in your inbox unless you name a list."""
        return await services.todos.create(actor, data)

    @get("/{todoId:str}", guards=READ, operation_id="getTodo", summary="Get a todo")
    async def get_todo(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        todo_id: NamedDependency[UUID],
    ) -> Todo:
        """Look at one todo."""
        return await services.todos.get(actor, todo_id)

    @patch(
        "/{todoId:str}",
        guards=WRITE,
        operation_id="updateTodo",
        summary="Update a todo",
        opt=raises(*WRITING, TodoNotOpen, OccurrenceRequired),
        dependencies={"versions": Provide(provide_versions)},
    )
    async def update_todo(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        todo_id: NamedDependency[UUID],
        versions: NamedDependency[frozenset[int] | None],
        data: JSONBody[TodoUpdate],
    ) -> Todo:
        """Change the fields you send and no others.

        What `status` and `completed` ask for happens as by the routes for it, to the todos above and below too.
        """
        return await services.todos.update(actor, todo_id, data, versions=versions)

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
