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
        "listId": todo["listId"],
        "parentId": None,
        "title": "Buy milk",
        "notes": "Two litres",
        "status": "open",
        "completed": False,
        "completedAt": None,
        "completedBy": None,
        "priority": "none",
        "due": None,
        "dueAt": None,
        "recurrence": None,
        "tags": [],
        "assigneeId": None,
        "position": todo["position"],
        "createdAt": "2030-01-01T00:00:00Z",
        "createdBy": str(ada.user.id),
        "updatedAt": "2030-01-01T00:00:00Z",
        "deletedAt": None,
    }
    assert response.headers["location"] == f"/api/todos/{todo['id']}"
    assert response.headers["etag"] == '"1"'
    assert (await ada.client.get(response.headers["location"])).json() == todo


async def test_ids_are_uuids_of_version_seven(ada: Person) -> None:
    assert (await ada.add_todo())["id"][14] == "7"


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


async def test_az2_somebody_elses_todo_reads_as_absent_and_stays_as_it_is(ada: Person, bob: Person) -> None:
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
