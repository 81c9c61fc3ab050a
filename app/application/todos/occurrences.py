"""What became of the occurrences of recurring todos."""

from typing import Final
from uuid import UUID

from msgspec import UNSET

from app.application.paging import CursorCodec, Pager
from app.application.todos.schemas_lifecycle import Occurrence, OccurrencePage, OccurrenceQuery
from app.domain.access import Actor, Permission
from app.domain.errors import NotFound
from app.infrastructure.database.repositories.keyset import SortTerm
from app.infrastructure.database.repositories.occurrences import OccurrenceRepository
from app.infrastructure.database.repositories.todos_trees import TodoTreeRepository

LATEST_FIRST: Final = SortTerm("created_at", descending=True)


class OccurrenceService:
    """Shows the history of a todo to all who share its list."""

    def __init__(self, occurrences: OccurrenceRepository, trees: TodoTreeRepository, cursors: CursorCodec) -> None:
        self._occurrences = occurrences
        self._trees = trees
        self._cursors = cursors

    async def list(self, actor: Actor, todo_id: UUID, query: OccurrenceQuery) -> OccurrencePage:
        """A page of the occurrences that were dealt with, the latest first; raises `NotFound`."""
        actor.require(Permission.TODOS_READ)
        standing = await self._trees.stand(actor, todo_id, lock=False)
        if standing is None or standing.todo.deleted_at is not None:
            raise NotFound
        pager = Pager(self._cursors, actor, Occurrence, query, LATEST_FIRST, within=todo_id)
        found = await self._occurrences.list_page(
            Occurrence, todo_id, pager.terms, limit=pager.limit, after=pager.after
        )
        total = await self._occurrences.count_all(todo_id) if query.include_total else UNSET
        return OccurrencePage(*pager.page(found), total)
