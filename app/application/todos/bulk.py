"""Many todos at once: all or nothing, or each by itself."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final
from uuid import UUID

from msgspec import UnsetType

from app.application.todos.lifecycle import TodoLifecycle
from app.application.todos.placing import TodoPlacing
from app.application.todos.schemas import Todo
from app.application.todos.schemas_bulk import (
    BulkComplete,
    BulkCreate,
    BulkMove,
    BulkOperation,
    BulkProblem,
    BulkResult,
    BulkResults,
    BulkStatus,
    BulkUpdate,
    TodoBulk,
)
from app.application.todos.schemas_lifecycle import OccurrenceChoice
from app.application.todos.service import TodoService
from app.domain.access import Actor, Permission
from app.domain.errors import Issue, Kind, Refusal, ValidationFailed
from app.infrastructure.database.repositories.todos_trees import TodoTreeRepository

Attempt = Callable[[], AbstractAsyncContextManager[object]]
"""Opens a part of the transaction, which an exception undoes."""

# of the request as a whole, whichever operation it met
_WHOLE: Final = frozenset({Kind.UNAUTHENTICATED, Kind.INTERNAL, Kind.UNAVAILABLE})


class _Undone(Exception):
    """All of it is to be undone."""


class TodoBulkService:
    """Does what the services for single todos do, with all lists concerned locked beforehand."""

    def __init__(
        self,
        todos: TodoService,
        life: TodoLifecycle,
        placing: TodoPlacing,
        trees: TodoTreeRepository,
        attempt: Attempt,
    ) -> None:
        self._todos = todos
        self._life = life
        self._placing = placing
        self._trees = trees
        self._attempt = attempt

    async def run(self, actor: Actor, data: TodoBulk) -> BulkResults:
        """Do one operation after the other; what is refused is told in its result.

        If `atomic`, the first refusal undoes what was done and ends the matter. Raises what concerns the request as
        a whole: `Forbidden` for a token without the scope, `Unavailable`.
        """
        actor.require(Permission.TODOS_WRITE)
        lists, todos = _named(data.operations)
        await self._trees.lock_all(actor, lists, todos, inbox=_names_no_list(data.operations))
        results: list[BulkResult] = []
        if not data.atomic:
            for index, operation in enumerate(data.operations):
                results.append(await self._result(actor, index, operation))
            return BulkResults(any(result.status is BulkStatus.DONE for result in results), results)
        try:
            async with self._attempt():
                for index, operation in enumerate(data.operations):
                    results.append(await self._result(actor, index, operation))
                    _require_done(results[-1])
        except _Undone:
            undone = [BulkResult(result.index, BulkStatus.UNDONE, None, None) for result in results[:-1]]
            after = range(len(results), len(data.operations))
            skipped = [BulkResult(index, BulkStatus.SKIPPED, None, None) for index in after]
            return BulkResults(applied=False, results=[*undone, results[-1], *skipped])
        return BulkResults(applied=True, results=results)

    async def _result(self, actor: Actor, index: int, operation: BulkOperation) -> BulkResult:
        try:
            async with self._attempt():
                return BulkResult(index, BulkStatus.DONE, await self._do(actor, operation), None)
        except Refusal as refusal:
            if refusal.kind in _WHOLE:
                raise
            current = refusal.current if isinstance(refusal.current, Todo) else None
            return BulkResult(index, BulkStatus.REFUSED, current, _problem(index, operation, refusal))

    async def _do(self, actor: Actor, operation: BulkOperation) -> Todo | None:
        if isinstance(operation, BulkCreate):
            return await self._todos.create(actor, operation.todo)
        if isinstance(operation, BulkUpdate):
            versions = _versions(operation.if_match)
            return await self._todos.update(actor, operation.id, operation.todo, versions=versions)
        if isinstance(operation, BulkComplete):
            choice = OccurrenceChoice(occurrence=operation.occurrence)
            return (await self._life.complete(actor, operation.id, choice)).todo
        if isinstance(operation, BulkMove):
            return await self._placing.move(actor, operation.id, operation.to)
        return await self._todos.delete(actor, operation.id, versions=_versions(operation.if_match))


def _require_done(result: BulkResult) -> None:
    if result.status is not BulkStatus.DONE:
        raise _Undone


def _versions(if_match: int | None) -> frozenset[int] | None:
    return None if if_match is None else frozenset({if_match})


def _named(operations: list[BulkOperation]) -> tuple[set[UUID], set[UUID]]:
    """The lists and the todos that the operations name."""
    lists: set[UUID] = set()
    todos: set[UUID] = set()
    for operation in operations:
        place = operation.todo if isinstance(operation, BulkCreate) else None
        if isinstance(operation, BulkMove):
            place = operation.to
        if not isinstance(operation, BulkCreate):
            todos.add(operation.id)
        if place is not None:
            if not isinstance(place.list_id, UnsetType):
                lists.add(place.list_id)
            if not isinstance(place.parent_id, UnsetType) and place.parent_id is not None:
                todos.add(place.parent_id)
    return lists, todos


def _names_no_list(operations: list[BulkOperation]) -> bool:
    return any(isinstance(each, BulkCreate) and isinstance(each.todo.list_id, UnsetType) for each in operations)


def _problem(index: int, operation: BulkOperation, refusal: Refusal) -> BulkProblem:
    issues = refusal.issues if isinstance(refusal, ValidationFailed) else ()
    part = "to" if isinstance(operation, BulkMove) else "todo"
    placed = [
        Issue(issue.code, ("operations", index, part, *issue.path), issue.message, issue.location, issue.params)
        for issue in issues
    ]
    return BulkProblem(refusal.code, refusal.title, refusal.detail, [issue.shown() for issue in placed])
