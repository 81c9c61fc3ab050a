from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.presentation.http.conftest import Person, SettableClock

pytestmark = pytest.mark.anyio


async def test_a_new_todo_is_answered_whole_with_its_place_and_its_tag(ada: Person) -> None:
    response = await ada.client.post("/api/todos", json={"title": "  Buy milk ", "notes": "Two litres"})
    assert response.status_code == 201
    todo = response.json()
    assert todo == {
        "id": todo["id"],
        "version": 1,
        "title": "Buy milk",
        "notes": "Two litres",
        "completed": False,
        "completedAt": None,
        "createdAt": "2030-01-01T00:00:00Z",
        "updatedAt": "2030-01-01T00:00:00Z",
    }
    assert response.headers["location"] == f"/api/todos/{todo['id']}"
    assert response.headers["etag"] == '"1"'
    assert (await ada.client.get(response.headers["location"])).json() == todo


async def test_ids_are_uuids_of_version_seven(ada: Person) -> None:
    assert (await ada.add_todo())["id"][14] == "7"


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


async def test_a_patch_changes_what_it_names_and_counts_the_version(ada: Person, clock: SettableClock) -> None:
    todo = await ada.add_todo(notes="Two litres")
    clock.advance(minutes=1)
    response = await ada.client.patch(f"/api/todos/{todo['id']}", json={"title": "Buy bread"})
    assert response.status_code == 200
    assert response.json() == {**todo, "title": "Buy bread", "version": 2, "updatedAt": "2030-01-01T00:01:00Z"}
    assert response.headers["etag"] == '"2"'


async def test_null_clears_the_notes_and_an_empty_patch_changes_nothing(ada: Person, clock: SettableClock) -> None:
    todo = await ada.add_todo(notes="Two litres")
    clock.advance(minutes=1)
    assert (await ada.client.patch(f"/api/todos/{todo['id']}", json={})).json() == todo
    cleared = (await ada.client.patch(f"/api/todos/{todo['id']}", json={"notes": None})).json()
    assert (cleared["notes"], cleared["title"]) == (None, "Buy milk")


async def test_completing_keeps_the_first_instant_and_reopening_clears_it(ada: Person, clock: SettableClock) -> None:
    todo = await ada.add_todo()
    path = f"/api/todos/{todo['id']}"
    first = (await ada.client.patch(path, json={"completed": True})).json()
    assert (first["completed"], first["completedAt"]) == (True, "2030-01-01T00:00:00Z")
    clock.advance(minutes=1)
    again = (await ada.client.patch(path, json={"completed": True})).json()
    assert again["completedAt"] == "2030-01-01T00:00:00Z"
    reopened = (await ada.client.patch(path, json={"completed": False})).json()
    assert (reopened["completed"], reopened["completedAt"]) == (False, None)


async def test_a_stale_change_meets_the_present_row_and_changes_nothing(ada: Person) -> None:
    todo = await ada.add_todo()
    path = f"/api/todos/{todo['id']}"
    current = (await ada.client.patch(path, json={"title": "Second"}, headers={"If-Match": '"1"'})).json()
    for stale in (
        await ada.client.patch(path, json={"title": "Third"}, headers={"If-Match": '"1"'}),
        await ada.client.delete(path, headers={"If-Match": '"1"'}),
        await ada.client.patch(path, json={"title": "Third"}, headers={"If-Match": 'W/"2"'}),
        await ada.client.patch(path, json={}, headers={"If-Match": '"1"'}),
    ):
        assert stale.status_code == 412
        assert stale.json()["code"] == "stale_version"
        assert stale.json()["current"] == current
    assert (await ada.client.get(path)).json() == current


@pytest.mark.parametrize("tags", ['"2"', "*", '"1", "2"', '"other", "2"'])
async def test_a_change_passes_with_the_present_tag_among_those_sent(ada: Person, tags: str) -> None:
    todo = await ada.add_todo()
    path = f"/api/todos/{todo['id']}"
    await ada.client.patch(path, json={"title": "Second"})
    response = await ada.client.patch(path, json={"title": "Third"}, headers={"If-Match": tags})
    assert (response.status_code, response.json().get("title")) == (200, "Third")


async def test_tags_without_quotes_are_refused(ada: Person) -> None:
    todo = await ada.add_todo()
    response = await ada.client.delete(f"/api/todos/{todo['id']}", headers={"If-Match": "1"})
    assert response.status_code == 422
    assert response.json()["issues"][0]["in"] == "header"


@pytest.mark.parametrize("held", ['"1"', 'W/"1"', '"7", "1"', "*"])
async def test_whoever_has_the_present_version_is_spared_the_body(ada: Person, held: str) -> None:
    todo = await ada.add_todo()
    response = await ada.client.get(f"/api/todos/{todo['id']}", headers={"If-None-Match": held})
    assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", '"1"')


async def test_a_deleted_todo_is_gone(ada: Person) -> None:
    todo = await ada.add_todo()
    path = f"/api/todos/{todo['id']}"
    deleted = await ada.client.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    for response in (
        await ada.client.get(path),
        await ada.client.patch(path, json={"title": "Back?"}),
        await ada.client.delete(path),
    ):
        assert response.status_code == 404
        assert response.json()["code"] == "not_found"
    assert (await ada.client.get("/api/todos")).json()["items"] == []


async def test_somebody_elses_todo_reads_as_absent_and_stays_as_it_is(ada: Person, bob: Person) -> None:
    todo = await ada.add_todo()
    absent = await bob.client.get(f"/api/todos/{uuid4()}")
    path = f"/api/todos/{todo['id']}"
    for response in (
        await bob.client.get(path),
        await bob.client.patch(path, json={"title": "Mine now"}),
        await bob.client.patch(path, json={}),
        await bob.client.delete(path),
        await bob.client.delete(path, headers={"If-Match": '"1"'}),
        await bob.client.patch(path, json={"title": "Mine now"}, headers={"If-Match": '"9"'}),
    ):
        assert response.status_code == 404
        assert _unsigned(response) == _unsigned(absent)
    assert (await bob.client.get("/api/todos")).json()["items"] == []
    assert (await ada.client.get(path)).json() == todo


def _unsigned(response: httpx.Response) -> dict[str, object]:
    return {name: value for name, value in response.json().items() if name not in {"instance", "requestId"}}


@pytest.mark.parametrize("method", ["GET", "POST", "GET one", "PATCH one", "DELETE one"])
async def test_without_a_token_there_is_nothing_to_see(client: httpx.AsyncClient, method: str) -> None:
    verb, _, one = method.partition(" ")
    path = f"/api/todos/{uuid4()}" if one else "/api/todos"
    response = await client.request(verb, path, json={} if verb in {"POST", "PATCH"} else None)
    assert response.status_code == 401
    assert response.json()["code"] == "unauthenticated"
    assert response.headers["www-authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    "todo_id", ["1", "x", "0" * 32, "{00000000-0000-0000-0000-000000000000}", "%00", "..%2f..", "urn:uuid:0", "٣"]
)
async def test_a_path_that_holds_no_uuid_is_refused(ada: Person, todo_id: str) -> None:
    response = await ada.client.get(f"/api/todos/{todo_id}")
    assert response.status_code in {404, 422}
    if response.status_code == 422:
        assert [(issue["path"], issue["in"]) for issue in response.json()["issues"]] == [(["todoId"], "path")]


BODY_FAULTS: list[tuple[Any, list[tuple[str, list[str]]]]] = [
    ({}, [("invalid_type", ["title"])]),
    ({"title": ""}, [("too_small", ["title"]), ("invalid_format", ["title"])]),
    ({"title": " \t"}, [("invalid_format", ["title"])]),
    ({"title": "x" * 501}, [("too_big", ["title"])]),
    ({"title": "x", "notes": "y" * 16385}, [("too_big", ["notes"])]),
    (
        {"title": 1, "notes": 2, "completed": "yes"},
        [("invalid_type", [f]) for f in ("title", "notes", "completed")],
    ),
    ({"title": "x", "ownerId": "y", "createdAt": "z"}, [("unrecognized_keys", [])]),
    ([], [("invalid_type", [])]),
    ({"title": "a\u0000b"}, [("invalid_format", ["title"])]),
]


@pytest.mark.parametrize(("body", "expected"), BODY_FAULTS)
async def test_every_fault_of_a_body_is_named(ada: Person, body: object, expected: list[tuple[str, list[str]]]) -> None:
    response = await ada.client.post("/api/todos", json=body)
    assert response.status_code == 422
    assert [(issue["code"], issue["path"]) for issue in response.json()["issues"]] == expected
    assert (await ada.client.get("/api/todos")).json()["items"] == []


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
async def test_only_listed_fields_sort_and_each_once(ada: Person, parameters: str) -> None:
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
