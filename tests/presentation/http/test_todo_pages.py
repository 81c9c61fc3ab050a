"""Pages of todos: complete, in order, and bound to whom and what they were asked for."""

import pytest

from tests.presentation.http.conftest import Person, SettableClock

pytestmark = pytest.mark.anyio


async def test_pages_go_from_newest_to_oldest_without_gap_or_repetition(ada: Person, clock: SettableClock) -> None:
    made: list[str] = []
    for number in range(7):
        # pairs at the same instant: the id decides between them
        if number % 2:
            clock.advance(seconds=1)
        made.append((await ada.add_todo(title=f"Todo {number}"))["id"])
    seen: list[str] = []
    parameters: dict[str, str | int] = {"limit": 3}
    while True:
        page = (await ada.client.get("/api/todos", params=parameters)).json()
        seen += [todo["id"] for todo in page["items"]]
        if page["nextCursor"] is None:
            break
        assert len(page["items"]) == 3
        parameters["cursor"] = page["nextCursor"]
    assert seen == made[::-1]


async def test_a_page_holds_twenty_unless_told(ada: Person) -> None:
    for _ in range(21):
        await ada.add_todo()
    page = (await ada.client.get("/api/todos")).json()
    assert len(page["items"]) == 20
    assert page["nextCursor"] is not None


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1_0", "+5", "٣", "9" * 400, "x", ""])
async def test_a_limit_that_is_no_number_from_1_to_100_is_refused(ada: Person, limit: str) -> None:
    response = await ada.client.get("/api/todos", params={"limit": limit})
    assert response.status_code == 422
    assert [(issue["path"], issue["in"]) for issue in response.json()["issues"]] == [(["limit"], "query")]


async def test_a_cursor_is_good_for_its_owner_alone(ada: Person, bob: Person) -> None:
    for _ in range(2):
        await ada.add_todo()
    cursor = (await ada.client.get("/api/todos?limit=1")).json()["nextCursor"]
    for client, text in ((bob.client, cursor), (ada.client, cursor[:-2] + "AA"), (ada.client, "not-a-cursor")):
        response = await client.get("/api/todos", params={"cursor": text})
        assert response.status_code == 422
        assert response.json()["issues"][0]["path"] == ["cursor"]


async def test_unknown_and_repeated_parameters_are_refused(ada: Person) -> None:
    unknown = await ada.client.get("/api/todos?colour=red")
    assert unknown.status_code == 422
    assert unknown.json()["issues"][0]["keys"] == ["colour"]
    assert (await ada.client.get("/api/todos?limit=1&limit=2")).status_code == 400


async def all_pages(person: Person, **parameters: str | int | bool) -> list[str]:
    seen: list[str] = []
    while True:
        page = (await person.client.get("/api/todos", params=parameters)).json()
        seen += [todo["title"] for todo in page["items"]]
        if page["nextCursor"] is None:
            return seen
        parameters["cursor"] = page["nextCursor"]


async def five_todos(person: Person, clock: SettableClock) -> list[str]:
    """Made a, b, c, d, e; changed in the order c, a, and b is done."""
    ids: dict[str, str] = {}
    for title in "abcde":
        clock.advance(seconds=1)
        ids[title] = (await person.add_todo(title=title))["id"]
    for title, change in (("c", {"notes": "x"}), ("b", {"completed": True}), ("a", {"notes": "x"})):
        clock.advance(seconds=1)
        await person.client.patch(f"/api/todos/{ids[title]}", json=change)
    return list(ids.values())


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("createdAt", "abcde"),
        ("-createdAt", "edcba"),
        ("updatedAt", "decba"),
        ("-updatedAt", "abced"),
        ("-updatedAt,createdAt", "abced"),
    ],
)
async def test_todos_come_in_the_order_asked_for(ada: Person, clock: SettableClock, sort: str, expected: str) -> None:
    await five_todos(ada, clock)
    assert "".join(await all_pages(ada, sort=sort, limit=2)) == expected


async def test_equals_are_told_apart_in_either_direction(ada: Person) -> None:
    for title in "abcde":
        await ada.add_todo(title=title)
    for sort in ("createdAt", "-createdAt", "updatedAt,-createdAt", "-updatedAt,createdAt"):
        assert sorted(await all_pages(ada, sort=sort, limit=2)) == list("abcde")


async def test_the_filter_and_the_total_go_together(ada: Person, clock: SettableClock) -> None:
    await five_todos(ada, clock)
    assert await all_pages(ada, completed="true") == ["b"]
    assert await all_pages(ada, completed="false", limit=3) == list("edca")
    page = (await ada.client.get("/api/todos?completed=false&includeTotal=true&limit=1")).json()
    assert (page["total"], len(page["items"])) == (4, 1)
    assert "total" not in (await ada.client.get("/api/todos?includeTotal=false")).json()


@pytest.mark.parametrize(
    "parameters", ["sort=passwordHash", "sort=ownerId", "sort=createdAt,-createdAt", "sort=,", "sort=title;drop table"]
)
async def test_az3_only_listed_fields_sort_and_each_once(ada: Person, parameters: str) -> None:
    response = await ada.client.get(f"/api/todos?{parameters}")
    assert response.status_code == 422
    assert response.json()["issues"][0]["path"][0] == "sort"


async def test_a_cursor_is_bound_to_its_sort_and_filters(ada: Person, clock: SettableClock) -> None:
    await five_todos(ada, clock)
    cursor = (await ada.client.get("/api/todos?limit=1&sort=createdAt")).json()["nextCursor"]
    for parameters in ("sort=-createdAt", "", "sort=createdAt&completed=true", "sort=createdAt,updatedAt"):
        response = await ada.client.get(f"/api/todos?{parameters}&cursor={cursor}")
        assert (response.status_code, response.json()["issues"][0]["path"]) == (422, ["cursor"])
    assert (await ada.client.get(f"/api/todos?sort=createdAt&limit=50&cursor={cursor}")).status_code == 200
