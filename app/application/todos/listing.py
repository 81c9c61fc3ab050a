"""Pages of todos, as the JSON that they are sent as."""

from datetime import datetime
from typing import Final

import msgspec

from app.application.paging import CursorCodec, Pager, SortKey
from app.application.schemas import Encoded
from app.application.todos.filters import filters_of
from app.application.todos.pages import Key, RememberedPage, RememberedPages
from app.application.todos.schemas import Todo, TodoQuery
from app.domain.access import Actor, Permission
from app.infrastructure.database.models.todos import NO_DUE, PRIORITY_RANKS
from app.infrastructure.database.repositories.keyset import SortTerm
from app.infrastructure.database.repositories.todos import EncodedPageOf, EncodedRows, TodoRepository

NEWEST_FIRST: Final = SortTerm("created_at", descending=True)
SORT_KEYS: Final[dict[str, SortKey[Todo]]] = {
    "due_at": SortKey("due_order", datetime, lambda todo: todo.due_at or NO_DUE),
    "priority": SortKey("priority_rank", int, lambda todo: PRIORITY_RANKS[todo.priority]),
}

_encode: Final = msgspec.json.Encoder().encode


class TodoListing:
    """Lists todos; every method takes the actor first, and lists what that person sees."""

    def __init__(self, todos: TodoRepository, cursors: CursorCodec, pages: RememberedPages) -> None:
        self._todos = todos
        self._cursors = cursors
        self._pages = pages

    async def list(self, actor: Actor, query: TodoQuery) -> Encoded:
        """A page of the todos that the actor sees, newest first unless told, for whoever only hands it on."""
        actor.require(Permission.TODOS_READ)
        key = (actor.id.int, _encode(query))
        last = self._pages.find(key)
        if last is None:
            page = await self._first(actor, query, key)
        else:
            found = await self._todos.list_encoded(last.asked, last.known)
            page = last.page if found is last.known else self._keep(key, last.pager, last.asked, found)
        if query.include_total:
            total = await self._todos.count_all(actor, filters_of(query))
            return Encoded(b'%b,"total":%d}' % (page.json.removesuffix(b"}"), total))
        return page

    async def _first(self, actor: Actor, query: TodoQuery, key: Key) -> Encoded:
        """A page that nothing is remembered of."""
        filters = filters_of(query)
        pager = Pager(self._cursors, actor, Todo, query, NEWEST_FIRST, keys=SORT_KEYS)
        asked = self._todos.page_of(Todo, actor, filters, pager.terms, limit=pager.limit, after=pager.after)
        if asked is None:
            todos = await self._todos.list_page(Todo, actor, filters, pager.terms, limit=pager.limit, after=pager.after)
            return pager.page_encoded([_encode(todo) for todo in todos])
        return self._keep(key, pager, asked, await self._todos.list_encoded(asked))

    def _keep(self, key: Key, pager: Pager[Todo], asked: EncodedPageOf, found: EncodedRows) -> Encoded:
        page = pager.page_encoded(list(found.rows.values()))
        self._pages.keep(key, RememberedPage(pager, asked, found, page))
        return page
