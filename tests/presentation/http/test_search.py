"""What is searched for is found by the beginnings of words and by looks, in the lists that one shares alone."""

from typing import Any

import pytest
from litestar import Litestar

from app.domain.sharing import ListRole
from db.factories import MembershipFactory
from tests.presentation.http.conftest import Person, store

pytestmark = pytest.mark.anyio


async def found(person: Person, q: str, **parameters: Any) -> list[str]:
    """The titles on all pages."""
    titles: list[str] = []
    while True:
        response = await person.client.get("/api/search", params={"q": q, **parameters})
        assert response.status_code == 200, response.text
        page = response.json()
        titles += [hit["todo"]["title"] for hit in page["items"]]
        if page["nextCursor"] is None:
            return titles
        parameters["cursor"] = page["nextCursor"]


async def test_invariant_7_words_are_found_by_their_beginnings_and_by_their_looks(ada: Person) -> None:
    for title in ("Landingpages", "Buy milk", "Fetch bread"):
        await ada.add_todo(title=title)
    assert await found(ada, "landing") == ["Landingpages"]
    assert await found(ada, "lnading") == ["Landingpages"]
    assert await found(ada, "milkk") == ["Buy milk"]
    assert await found(ada, "mil bu") == ["Buy milk"]
    assert await found(ada, "zzzzzz") == []


@pytest.mark.parametrize("q", ["creme brulee", "CRÈME brûlée", "crème Brûl", "\uff23\uff32\uff25\uff2d\uff25"])
async def test_invariant_7_accents_case_and_width_make_no_difference(ada: Person, q: str) -> None:
    await ada.add_todo(title="Crème brûlée")
    assert await found(ada, q) == ["Crème brûlée"]


async def test_titles_come_before_notes(ada: Person) -> None:
    await ada.add_todo(title="Buy quinces")
    await ada.add_todo(title="Make jam", notes="Of quinces")
    await ada.add_todo(title="Quinces")
    assert await found(ada, "quinces") == ["Quinces", "Buy quinces", "Make jam"]


@pytest.mark.parametrize(
    "q",
    [
        "%",
        "_",
        "\\",
        "'",
        "' | '",
        "a:*",
        "!milk",
        "milk & !bread",
        "<->",
        "(",
        ":*",
        "½ ﷺ ŉ",
        "'; DROP TABLE todos; --",
    ],
)
async def test_what_means_something_to_a_database_is_plain_text(ada: Person, q: str) -> None:
    await ada.add_todo(title="Something else")
    assert await found(ada, q) == []
    assert (await ada.client.get("/api/todos", params={"q": q})).json()["items"] == []
    await ada.add_todo(title=f"x{q}")
    assert (await ada.client.get("/api/search", params={"q": f"x{q}"})).status_code == 200


async def test_parts_of_addresses_and_of_words_with_hyphens_are_words(ada: Person) -> None:
    await ada.add_todo(title="See https://example.com/some-page?x=1 <b>now</b>")
    for q in ("example", "page", "some-pa", "com/some", "now"):
        assert await found(ada, q) == ["See https://example.com/some-page?x=1 <b>now</b>"], q


async def test_pages_of_hits_neither_repeat_nor_drop_any(ada: Person) -> None:
    titles = [f"Milk {number}" for number in range(7)] + ["Milk and bread", "Much ado about milk"]
    for title in titles:
        await ada.add_todo(title=title)
    paged = await found(ada, "milk", limit=2)
    assert paged == await found(ada, "milk")
    assert sorted(paged) == sorted(titles)
    assert paged[-1] == "Much ado about milk"


async def test_hits_are_told_with_scores_that_fall(ada: Person) -> None:
    for title in ("Milk", "Buy milk", "Buy milkshakes"):
        await ada.add_todo(title=title)
    hits = (await ada.client.get("/api/search?q=milk")).json()["items"]
    scores = [hit["score"] for hit in hits]
    assert len(hits) == 3
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] > 0


async def test_a_cursor_is_bound_to_the_search_and_to_the_searcher(ada: Person, bob: Person) -> None:
    for _ in range(2):
        await ada.add_todo(title="Milk")
    cursor = (await ada.client.get("/api/search?q=milk&limit=1")).json()["nextCursor"]
    assert (await ada.client.get("/api/search", params={"q": "milk", "cursor": cursor})).status_code == 200
    for person, parameters in (
        (bob, {"q": "milk"}),
        (ada, {"q": "mil"}),
        (ada, {"q": "milk", "listId": str(ada.user.id)}),
    ):
        response = await person.client.get("/api/search", params=parameters | {"cursor": cursor})
        assert response.status_code == 422
        assert response.json()["issues"][0]["path"] == ["cursor"]


async def test_nothing_is_found_in_the_trash_or_where_it_is_not_shared(app: Litestar, ada: Person, bob: Person) -> None:
    todo = await ada.add_todo(title="Milk", tags=["dairy"])
    assert await found(bob, "milk") == await found(bob, "milkk") == []
    assert await found(bob, "milk", listId=todo["listId"]) == []
    await store(app, MembershipFactory.build(list_id=todo["listId"], user_id=bob.user.id, role=ListRole.VIEWER))
    await bob.add_todo(title="Milk too")
    assert sorted(await found(bob, "milk")) == ["Milk", "Milk too"]
    assert await found(bob, "milk", listId=todo["listId"]) == ["Milk"]
    await ada.client.delete(f"/api/todos/{todo['id']}")
    assert await found(bob, "milk") == ["Milk too"]
    assert (await ada.client.get("/api/tags")).json() == {"items": []}


@pytest.mark.parametrize("query", ["", "q=", f"q={'x' * 201}", "q=%00", "q=x&limit=0", "q=x&sort=createdAt"])
async def test_a_search_for_nothing_or_for_too_much_is_refused(ada: Person, query: str) -> None:
    response = await ada.client.get(f"/api/search?{query}")
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")


async def test_tags_are_listed_by_name_with_how_many_todos_have_them(app: Litestar, ada: Person, bob: Person) -> None:
    for tags in (["errands", "Ämter"], ["errands"], ["zoo", "errands"], []):
        todo = await ada.add_todo(tags=tags)
    expected = [{"name": "Ämter", "count": 1}, {"name": "errands", "count": 3}, {"name": "zoo", "count": 1}]
    assert (await ada.client.get("/api/tags")).json() == {"items": expected}
    assert (await bob.client.get("/api/tags")).json() == {"items": []}
    await store(app, MembershipFactory.build(list_id=todo["listId"], user_id=bob.user.id, role=ListRole.VIEWER))
    await bob.add_todo(tags=["zoo"])
    assert (await bob.client.get("/api/tags")).json()["items"][-1] == {"name": "zoo", "count": 2}
    of_list = await bob.client.get("/api/tags", params={"listId": todo["listId"]})
    assert of_list.json() == {"items": expected}
    assert (await ada.client.get("/api/tags?listId=7")).status_code == 422
