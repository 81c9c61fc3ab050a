"""The fields of a todo: each changed alone leaves all others as they are, and each has its limits."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from litestar import Litestar
from uuid_utils.compat import uuid7

from tests.presentation.http.conftest import People, Person, SettableClock
from tests.presentation.http.shared import Crew, archive, make_crew, told

pytestmark = pytest.mark.anyio

DUE = {"date": "2030-01-31", "time": "09:30:00", "timeZone": "Europe/Berlin"}
DAILY = {"rule": "FREQ=DAILY", "anchor": "schedule", "timeZone": "Europe/Berlin"}


@pytest.fixture
async def crew(app: Litestar, people: People) -> Crew:
    return await make_crew(app, people)


CHANGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"title": "  Bread "}, {"title": "Bread"}),
    ({"notes": None}, {"notes": None}),
    ({"notes": ""}, {"notes": ""}),
    ({"priority": "urgent"}, {"priority": "urgent"}),
    ({"tags": []}, {"tags": []}),
    ({"tags": [" a ", "b", "a"]}, {"tags": ["a", "b"]}),
    ({"assigneeId": None}, {"assigneeId": None}),
    ({"recurrence": None}, {"recurrence": None}),
    (
        {"due": {"date": "2030-02-28", "timeZone": "Europe/Berlin"}},
        {"due": {"date": "2030-02-28", "time": None, "timeZone": "Europe/Berlin"}, "dueAt": "2030-02-28T22:59:59Z"},
    ),
    ({"recurrence": {**DAILY, "anchor": "completion"}}, {"recurrence": {**DAILY, "anchor": "completion"}}),
    ({"status": "cancelled"}, {"status": "cancelled"}),
    ({"due": DUE}, {}),
    ({"completed": False}, {}),
]


@pytest.mark.parametrize(("sent", "expected"), CHANGES)
async def test_each_field_alone_leaves_all_others(
    crew: Crew, clock: SettableClock, sent: dict[str, Any], expected: dict[str, Any]
) -> None:
    assignee = str(crew.viewer.user.id)
    given: dict[str, Any] = {"notes": "Rye", "priority": "high", "tags": ["a"], "assigneeId": assignee}
    todo = await crew.add(due=DUE, recurrence=DAILY, **given)
    assert {name: todo[name] for name in ("due", "recurrence", *given)} == {"due": DUE, "recurrence": DAILY, **given}
    clock.advance(minutes=1)
    path = f"/api/todos/{todo['id']}"
    answer = await crew.editor.client.patch(path, json=sent)
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    touched = {"version": changed["version"], "updatedAt": changed["updatedAt"]}
    assert changed == {**todo, **expected, **touched}
    assert changed["version"] <= 2
    assert (await crew.viewer.client.get(path)).json() == changed


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "open", "completed": True},
        {"status": "completed", "completed": False},
        {"status": "cancelled", "completed": True},
    ],
)
async def test_status_and_completed_must_not_contradict_each_other(ada: Person, fields: dict[str, Any]) -> None:
    todo = await ada.add_todo()
    for answer in (
        await ada.client.post("/api/todos", json={"title": "Buy milk", **fields}),
        await ada.client.patch(f"/api/todos/{todo['id']}", json=fields),
    ):
        assert told(answer) == (422, "validation_failed")
        assert answer.json()["issues"][0]["path"] == ["completed"]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "completed", "completed": True}, "completed"),
        ({"completed": True}, "completed"),
        ({"status": "cancelled", "completed": False}, "cancelled"),
        ({"status": "open", "completed": False}, "open"),
        ({"completed": False}, "open"),
    ],
)
async def test_a_todo_may_be_written_down_as_it_stands(ada: Person, fields: dict[str, Any], status: str) -> None:
    todo = await ada.add_todo(**fields)
    assert (todo["status"], todo["completed"]) == (status, status == "completed")
    by = str(ada.user.id) if status == "completed" else None
    assert (todo["completedBy"], todo["completedAt"] is None) == (by, by is None)


async def test_a_client_may_choose_the_id_and_is_told_when_it_is_in_use(ada: Person, bob: Person) -> None:
    own = str(uuid7())
    todo = await ada.add_todo(id=own)
    assert todo["id"] == own
    child = await ada.add_todo(parentId=own)
    grandchild = await ada.add_todo(parentId=child["id"])
    for parent in (None, own, child["id"], grandchild["id"]):
        again = await ada.client.post("/api/todos", json={"title": "Again", "id": own, "parentId": parent})
        assert told(again) == (409, "todo_exists")
    assert told(await bob.client.post("/api/todos", json={"title": "Mine", "id": own})) == (409, "todo_exists")
    assert (await ada.client.get(f"/api/todos/{own}")).json()["title"] == "Buy milk"


@pytest.mark.parametrize("given", ["7f3c2b1a-5d4e-4f60-8a9b-0c1d2e3f4a5b", str(UUID(int=0)), "x", 7, None])
async def test_an_id_of_another_kind_is_refused(ada: Person, given: Any) -> None:
    answer = await ada.client.post("/api/todos", json={"title": "Buy milk", "id": given})
    assert told(answer) == (422, "validation_failed")
    assert answer.json()["issues"][0]["path"] == ["id"]


@pytest.mark.parametrize(
    ("tags", "path"),
    [
        (["x" * 61], ["tags", 0]),
        (["a", " "], ["tags", 1]),
        ([f"{number}" for number in range(21)], ["tags"]),
        ([None], ["tags", 0]),
        ("a", ["tags"]),
        (None, ["tags"]),
    ],
)
async def test_tags_have_their_limits(ada: Person, tags: Any, path: list[Any]) -> None:
    todo = await ada.add_todo(tags=["x" * 60, *(f"{number}" for number in range(19))])
    for answer in (
        await ada.client.post("/api/todos", json={"title": "Buy milk", "tags": tags}),
        await ada.client.patch(f"/api/todos/{todo['id']}", json={"tags": tags}),
    ):
        assert told(answer) == (422, "validation_failed")
        assert answer.json()["issues"][0]["path"] == path


async def test_only_a_member_of_the_list_is_to_do_it(crew: Crew) -> None:
    todo = await crew.add(assigneeId=str(crew.viewer.user.id))
    path = f"/api/todos/{todo['id']}"
    for somebody in (str(crew.stranger.user.id), str(uuid4())):
        body = {"title": "Buy milk", "listId": crew.list_id, "assigneeId": somebody}
        assert told(await crew.owner.client.post("/api/todos", json=body)) == (422, "not_a_member")
        assert told(await crew.owner.client.patch(path, json={"assigneeId": somebody})) == (422, "not_a_member")
        both = {"assigneeId": somebody, "due": DUE}
        assert told(await crew.owner.client.patch(path, json=both)) == (422, "not_a_member")
    assert (await crew.owner.client.get(path)).json() == todo


async def test_todos_nest_four_levels_deep_in_one_list(crew: Crew) -> None:
    above = await crew.add()
    for _ in range(3):
        above = await crew.owner.add_todo(parentId=above["id"])
        assert above["listId"] == crew.list_id
    deep = await crew.owner.client.post("/api/todos", json={"title": "Deep", "parentId": above["id"]})
    assert told(deep) == (422, "too_deep")
    theirs, hidden = await crew.owner.add_todo(), await crew.stranger.add_todo()
    for parent in (theirs["id"], hidden["id"], str(uuid4())):
        body = {"title": "Part", "listId": crew.list_id, "parentId": parent}
        assert told(await crew.owner.client.post("/api/todos", json=body)) == (422, "parent_not_found")
    trashed = await crew.add()
    await crew.owner.client.delete(f"/api/todos/{trashed['id']}")
    body = {"title": "Part", "parentId": trashed["id"]}
    assert told(await crew.owner.client.post("/api/todos", json=body)) == (422, "parent_not_found")


WRITES: list[tuple[str, str, Any]] = [
    ("PATCH", "", {"title": "Bread"}),
    ("PATCH", "", {"completed": True}),
    ("PATCH", "", {"due": DUE}),
    ("DELETE", "", None),
    ("POST", "/complete", {}),
    ("POST", "/skip", {}),
    ("POST", "/reopen", None),
    ("POST", "/cancel", None),
]


@pytest.mark.parametrize(("method", "suffix", "body"), WRITES)
async def test_every_write_is_for_those_who_may_and_for_living_lists(
    app: Litestar, crew: Crew, method: str, suffix: str, body: Any
) -> None:
    todo = await crew.add()
    path = f"/api/todos/{todo['id']}{suffix}"
    stale = {"If-Match": '"9"'} if not suffix else {}
    for headers in ({}, stale):
        assert told(await crew.viewer.client.request(method, path, json=body, headers=headers)) == (403, "forbidden")
        assert told(await crew.stranger.client.request(method, path, json=body, headers=headers)) == (404, "not_found")
    await archive(app, crew)
    for person in (crew.owner, crew.editor):
        assert told(await person.client.request(method, path, json=body)) == (409, "list_archived")
    assert told(await crew.viewer.client.request(method, path, json=body)) == (403, "forbidden")
    assert (await crew.viewer.client.get(f"/api/todos/{todo['id']}")).json() == todo


async def test_so_is_writing_a_todo_down(app: Litestar, crew: Crew) -> None:
    todo = await crew.add()
    bodies: list[dict[str, Any]] = [{"listId": crew.list_id}, {"parentId": todo["id"]}]
    for body in ({"title": "Bread", **each} for each in bodies):
        refused = await crew.stranger.client.post("/api/todos", json=body)
        assert told(refused) == ((404, "not_found") if "listId" in body else (422, "parent_not_found"))
        assert told(await crew.viewer.client.post("/api/todos", json=body)) == (403, "forbidden")
    await archive(app, crew)
    for body in ({"title": "Bread", **each} for each in bodies):
        assert told(await crew.editor.client.post("/api/todos", json=body)) == (409, "list_archived")
