"""Pages as they were last sent: one that has not changed since is not fetched, made and encoded again.

Of one that has, only the rows are fetched that have changed.

Whether it has changed is the database's to say each time, by the ids and versions of its rows: a row shows the same for
as long as it has the same version, as its ETag promises.
"""

from collections import OrderedDict
from typing import Final, NamedTuple

from app.application.paging import Pager
from app.application.schemas import Encoded
from app.application.todos.schemas import Todo
from app.infrastructure.database.repositories.todos import EncodedPageOf, EncodedRows

REMEMBERED_BYTES: Final = 16 * 1024 * 1024
"""What the pages of a process take together, some overhead aside; the longest unused is forgotten first."""

# whoever asked, as a number, whose hash is not computed in Python
Key = tuple[int, bytes]


class RememberedPage(NamedTuple):
    """A page with all that it takes to ask for it again, and the rows that it was made of."""

    pager: Pager[Todo]
    asked: EncodedPageOf
    known: EncodedRows
    page: Encoded

    @property
    def size(self) -> int:
        """Its bytes: those of the page, and those of the rows, which are the same again and what is between them."""
        return 2 * len(self.page.json)


class RememberedPages:
    """Pages by who asked, and for what."""

    def __init__(self, size: int = REMEMBERED_BYTES) -> None:
        self._size = size
        self._taken = 0
        self._pages: OrderedDict[Key, RememberedPage] = OrderedDict()

    def find(self, key: Key) -> RememberedPage | None:
        """The page that was last sent."""
        found = self._pages.get(key)
        if found is not None:
            self._pages.move_to_end(key)
        return found

    def keep(self, key: Key, page: RememberedPage) -> None:
        """Remember the page in the place of the one before it."""
        self._forget(self._pages.pop(key, None))
        self._pages[key] = page
        self._taken += page.size
        while self._taken > self._size:
            self._forget(self._pages.popitem(last=False)[1])

    def _forget(self, page: RememberedPage | None) -> None:
        if page is not None:
            self._taken -= page.size
