"""The order of lists: pages, sorting, and moving one among the others."""

import asyncio
import random
from typing import Any
from uuid import uuid4

import pytest
from litestar import Litestar

from app.domain.ordering import REBALANCE_ABOVE
from app.domain.sharing import ListRole
from tests.presentation.http.conftest import Person, SettableClock
from tests.presentation.http.lists import add_list, all_lists, inbox_of, names, share, told

pytestmark = pytest.mark.anyio


async def lists_of(person: Person, letters: str) -> dict[str, str]:
    """Lists called by the letters, in their order behind the inbox."""
    return {letter: (await add_list(person, letter))["id"] for letter in letters}


async def move(person: Person, list_id: str, **place: str) -> dict[str, Any]:
    response = await person.client.post(f"/api/lists/{list_id}/move", json=place)
    assert response.status_code == 200, response.text
    return dict(response.json())


@pytest.mark.parametrize(
    ("moved", "place", "expected"),
    [
        ("c", {"beforeId": "a"}, "cabd"),
        ("c", {"beforeId": "b"}, "acbd"),
        ("c", {"afterId": "a"}, "acbd"),
        ("a", {"afterId": "d"}, "bcda"),
        ("a", {"afterId": "b"}, "bacd"),
        ("b", {"afterId": "a"}, "abcd"),
        ("b", {"beforeId": "c"}, "abcd"),
        ("d", {"beforeId": "c"}, "abdc"),
    ],
)
async def test_a_list_goes_where_it_is_put(ada: Person, moved: str, place: dict[str, str], expected: str) -> None:
    ids = await lists_of(ada, "abcd")
    answer = await move(ada, ids[moved], **{name: ids[letter] for name, letter in place.items()})
    assert "".join(await names(ada)) == f"Inbox{expected}"
    assert answer in await all_lists(ada)
    # who stays where they are has not changed
    assert answer["version"] == (1 if expected == "abcd" else 2)


async def test_new_lists_go_behind_those_that_were_moved_to_the_end(ada: Person) -> None:
    ids = await lists_of(ada, "ab")
    await move(ada, ids["a"], afterId=ids["b"])
    await move(ada, (await inbox_of(ada))["id"], afterId=ids["a"])
    await add_list(ada, "c")
    assert await names(ada) == ["b", "a", "Inbox", "c"]


async def test_a_list_moves_among_its_owners_lists_and_no_others(app: Litestar, ada: Person, bob: Person) -> None:
    ids, others = await lists_of(ada, "abc"), await lists_of(bob, "x")
    await share(app, others["x"], ada, ListRole.EDITOR)
    await ada.client.delete(f"/api/lists/{ids['c']}")
    for sibling in (others["x"], ids["c"], ids["a"], str(uuid4())):
        for place in ("afterId", "beforeId"):
            response = await ada.client.post(f"/api/lists/{ids['a']}/move", json={place: sibling})
            assert told(response) == (422, "not_a_sibling")
    assert sorted(await names(ada)) == ["Inbox", "a", "b", "x"]


async def test_a_place_is_told_in_one_way(ada: Person) -> None:
    ids = await lists_of(ada, "abc")
    path = f"/api/lists/{ids['a']}/move"
    for place in ({}, {"afterId": ids["b"], "beforeId": ids["c"]}):
        response = await ada.client.post(path, json=place)
        assert told(response) == (422, "validation_failed")
        assert [(issue["code"], issue["path"]) for issue in response.json()["issues"]] == [("custom", [])]
    for body in ({"afterId": None}, {"afterId": "b"}, {"position": "a1"}):
        assert told(await ada.client.post(path, json=body)) == (422, "validation_failed")


async def test_invariant_5_parallel_moves_never_make_equal_positions(ada: Person) -> None:
    ids = await lists_of(ada, "abcdef")
    for _ in range(3):
        answers = await asyncio.gather(
            *(
                ada.client.post(f"/api/lists/{ids[letter]}/move", json={"afterId": ids["a"]})
                for letter in random.sample("bcdef", 5)
            ),
            ada.client.post("/api/lists", json={"name": "new"}),
        )
        assert {answer.status_code for answer in answers} <= {200, 201}
    found = await all_lists(ada)
    assert len({each["position"] for each in found}) == len(found) == 10
    assert [each["name"] for each in found][:2] == ["Inbox", "a"]


async def test_invariant_5_a_rebalance_shortens_positions_and_is_nobodys_change(
    app: Litestar, ada: Person, clock: SettableClock
) -> None:
    ids = await lists_of(ada, "abc")
    long = "V" * REBALANCE_ABOVE
    async with app.state.unit_of_work.database.engine.begin() as connection:
        for letter, position in (("a", f"a1{long}"), ("b", f"a1{long}1")):
            await connection.exec_driver_sql("UPDATE lists SET position = $1 WHERE id = $2", (position, ids[letter]))
    await ada.client.delete(f"/api/lists/{(await add_list(ada, 'trashed'))['id']}")
    clock.advance(minutes=1)
    moved = await move(ada, ids["c"], beforeId=ids["b"])
    found = await all_lists(ada)
    assert [each["name"] for each in found] == ["Inbox", "a", "c", "b"]
    assert max(len(each["position"]) for each in found) < REBALANCE_ABOVE // 2
    assert moved in found
    changed = {each["name"]: (each["updatedAt"], each["version"]) for each in found}
    assert changed.pop("c") == ("2030-01-01T00:01:00Z", 2)
    assert set(changed.values()) == {("2030-01-01T00:00:00Z", 2)}
    await add_list(ada, "new")
    assert (await names(ada))[-1] == "new"


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("position", ["in", "b", "c", "a"]),
        ("-position", ["a", "c", "b", "in"]),
        ("name", ["a", "b", "c", "in"]),
        ("-name", ["in", "c", "b", "a"]),
        ("createdAt", ["in", "b", "c", "a"]),
        ("-createdAt", ["a", "c", "b", "in"]),
        ("updatedAt", ["in", "c", "a", "b"]),
        ("-updatedAt,name", ["b", "a", "c", "in"]),
    ],
)
async def test_lists_come_in_the_order_asked_for(
    ada: Person, clock: SettableClock, sort: str, expected: list[str]
) -> None:
    ids: dict[str, str] = {}
    # databases differ in where capitals go
    await ada.client.patch(f"/api/lists/{(await inbox_of(ada))['id']}", json={"name": "in"})
    for letter in "bca":
        clock.advance(seconds=1)
        ids |= await lists_of(ada, letter)
    clock.advance(seconds=1)
    await ada.client.patch(f"/api/lists/{ids['b']}", json={"colour": "#000000"})
    assert await names(ada, sort=sort, limit=2) == expected
    assert await names(ada, sort=sort, limit=1) == expected


async def test_the_longest_names_make_no_cursor_too_long(ada: Person) -> None:
    for _ in range(2):
        await add_list(ada, "\x01\U0001f60e" * 60)
    for sort in ("name", "name,position", "-position,name"):
        assert len(await names(ada, sort=sort, limit=1)) == 3


async def test_the_total_is_that_of_the_state(ada: Person) -> None:
    ids = await lists_of(ada, "abcd")
    await ada.client.post(f"/api/lists/{ids['a']}/archive")
    await ada.client.delete(f"/api/lists/{ids['b']}")
    await ada.client.post(f"/api/lists/{ids['c']}/archive")
    await ada.client.delete(f"/api/lists/{ids['c']}")
    for state, total, found in (("active", 2, ["Inbox", "d"]), ("archived", 1, ["a"]), ("trashed", 2, ["b", "c"])):
        page = (await ada.client.get(f"/api/lists?state={state}&includeTotal=true&limit=1")).json()
        assert (page["total"], len(page["items"])) == (total, 1)
        assert await names(ada, state=state) == found
    assert "total" not in (await ada.client.get("/api/lists")).json()


@pytest.mark.parametrize(
    "parameters", ["sort=ownerId", "sort=role", "sort=name,-name", "sort=name,position,createdAt", "state=gone"]
)
async def test_az3_only_listed_fields_sort_and_each_once(ada: Person, parameters: str) -> None:
    response = await ada.client.get(f"/api/lists?{parameters}")
    assert told(response) == (422, "validation_failed")


async def test_a_cursor_is_good_for_its_caller_and_its_listing_alone(ada: Person, bob: Person) -> None:
    await lists_of(ada, "ab")
    cursor = (await ada.client.get("/api/lists?limit=1")).json()["nextCursor"]
    for person, parameters in ((bob, ""), (ada, "&sort=name"), (ada, "&state=archived")):
        response = await person.client.get(f"/api/lists?cursor={cursor}{parameters}")
        assert (response.status_code, response.json()["issues"][0]["path"]) == (422, ["cursor"])
