"""Finding todos by what is said in them, and by their tags."""

from typing import Final
from uuid import UUID

import msgspec

from app.application.paging import CursorCodec
from app.application.todos.schemas import Todo
from app.application.todos.schemas_searching import SearchHit, SearchPage, SearchQuery, TagCount, TagList, TagQuery
from app.domain.access import Actor, Permission
from app.infrastructure.database.repositories.todos_searching import TodoSearchRepository

_Position: Final = tuple[int, UUID]


class TodoSearch:
    """Looks through the todos that the actor sees."""

    def __init__(self, todos: TodoSearchRepository, cursors: CursorCodec) -> None:
        self._todos = todos
        self._cursors = cursors

    async def search(self, actor: Actor, query: SearchQuery) -> SearchPage:
        """A page of what is found, the best first; raises `ValidationFailed` for a cursor of another search."""
        actor.require(Permission.TODOS_READ)
        asked = msgspec.json.encode([query.q, query.list_id]).decode()
        scope = f"search:{actor.id}:{asked}"
        after = None if query.cursor is None else self._cursors.decode(query.cursor, _Position, scope)
        found = await self._todos.search(Todo, actor, query.q, query.list_id, limit=query.limit + 1, after=after)
        hits = [SearchHit(score, todo) for score, todo in found[: query.limit]]
        if len(found) <= query.limit:
            return SearchPage(hits, None)
        return SearchPage(hits, self._cursors.encode((hits[-1].score, hits[-1].todo.id), scope))

    async def list_tags(self, actor: Actor, query: TagQuery) -> TagList:
        """The tags of the todos that the actor sees, and how many todos have each."""
        actor.require(Permission.TODOS_READ)
        return TagList([TagCount(name, count) for name, count in await self._todos.count_tags(actor, query.list_id)])
