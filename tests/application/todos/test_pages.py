"""Pages that were sent are remembered, each for whoever asked for it, up to so many bytes."""

from uuid import UUID

from app.application.paging import CursorCodec, Pager
from app.application.schemas import Encoded
from app.application.todos.listing import NEWEST_FIRST
from app.application.todos.pages import Key, RememberedPage, RememberedPages
from app.application.todos.schemas import Todo, TodoQuery
from app.domain.access import Actor
from app.infrastructure.database.repositories.todos import EncodedPageOf, EncodedRows
from app.infrastructure.database.repositories.todos_statements import find_statement

ADA, BOB = 1, 2
PAGER = Pager(CursorCodec(b"key"), Actor(UUID(int=ADA)), Todo, TodoQuery(), NEWEST_FIRST)
ASKED = EncodedPageOf(find_statement(Todo), {})


def page(size: int, signature: str = "") -> RememberedPage:
    """One whose todos take so many bytes, once for the page and once each for itself."""
    return RememberedPage(PAGER, ASKED, EncodedRows(signature, None, {}), Encoded(b"x" * size))


def kept(pages: RememberedPages, *names: str) -> str:
    """The names of those pages that are still there, which counts as using them."""
    return "".join(name for name in names if pages.find(key(name)) is not None)


def key(name: str) -> Key:
    return ADA, name.encode()


def test_a_page_is_found_by_who_asked_and_for_what() -> None:
    pages = RememberedPages(20)
    sent = page(1)
    pages.keep((ADA, b"a"), sent)
    assert pages.find((ADA, b"a")) is sent
    assert pages.find((BOB, b"a")) is None
    assert pages.find((ADA, b"b")) is None


def test_the_one_that_was_sent_last_takes_the_place_and_the_room_of_the_one_before_it() -> None:
    pages = RememberedPages(20)
    pages.keep(key("a"), page(4))
    for number in range(20):
        last = page(6, str(number))
        pages.keep(key("b"), last)
        assert pages.find(key("b")) is last
    assert kept(pages, "a", "b") == "ab"


def test_what_takes_too_much_together_is_forgotten_from_the_longest_unused_on() -> None:
    pages = RememberedPages(20)
    for name, size in {"a": 3, "b": 3, "c": 4}.items():
        pages.keep(key(name), page(size))
    assert kept(pages, "b", "c", "a") == "bca"
    # one byte too many, for which the first of them goes, and no more
    pages.keep(key("d"), page(1))
    assert kept(pages, "c", "a", "d", "b") == "cad"
    pages.keep(key("e"), page(9))
    assert kept(pages, "a", "c", "d", "e") == "de"


def test_what_is_replaced_counts_as_used() -> None:
    pages = RememberedPages(6)
    for name in "aba":
        pages.keep(key(name), page(1))
    pages.keep(key("c"), page(2))
    assert kept(pages, "a", "b", "c") == "ac"


def test_what_is_forgotten_leaves_all_of_its_room() -> None:
    pages = RememberedPages(20)
    for _ in range(5):
        for name in "abcde":
            pages.keep(key(name), page(5))
        assert kept(pages, *"abcde") == "de"


def test_a_page_that_is_too_large_by_itself_is_not_kept_and_later_ones_are() -> None:
    pages = RememberedPages(20)
    pages.keep(key("a"), page(11))
    assert kept(pages, "a") == ""
    pages.keep(key("b"), page(10))
    assert kept(pages, "b") == "b"
