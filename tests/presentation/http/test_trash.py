"""The trash: what is deleted together comes back together, and is gone for good after thirty days."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from litestar import Litestar
from sqlalchemy import update

from app.domain.sharing import ListRole
from app.infrastructure.database.models import TodoList
from db.factories import MembershipFactory
from db.factories.base import NOW
from tests.presentation.http.conftest import People, Person, SettableClock, store
from tests.presentation.http.places import add, look, moved, order
from tests.presentation.http.shared import archive, make_crew, told

pytestmark = pytest.mark.anyio


async def trash(person: Person, todo: dict[str, Any]) -> None:
    assert (await person.client.delete(f"/api/todos/{todo['id']}")).status_code == 204


async def restore(person: Person, todo: dict[str, Any]) -> tuple[int, str | None]:
    return told(await person.client.post(f"/api/todos/{todo['id']}/restore"))


async def trashed(person: Person, **parameters: str | int) -> str:
    """The titles of all pages."""
    found = ""
    while True:
        response = await person.client.get("/api/trash", params=parameters)
        assert response.status_code == 200, response.text
        page = response.json()
        found += "".join(todo["title"] for todo in page["items"])
        if page["nextCursor"] is None:
            return found
        parameters["cursor"] = page["nextCursor"]


async def test_invariant_4_a_todo_is_deleted_with_all_below_it_and_comes_back_with_them(
    ada: Person, clock: SettableClock
) -> None:
    todos = await add(ada, "ab")
    below = await add(ada, "xy", parentId=todos["a"]["id"])
    lowest = await ada.add_todo(title="z", parentId=below["x"]["id"])
    clock.advance(minutes=1)
    await trash(ada, todos["a"])
    for gone in (todos["a"], *below.values(), lowest):
        assert told(await ada.client.get(f"/api/todos/{gone['id']}")) == (404, "not_found")
    assert await order(ada) == "b"
    (shown,) = (await ada.client.get("/api/trash")).json()["items"]
    at = "2030-01-01T00:01:00Z"
    assert shown == {**todos["a"], "deletedAt": at, "updatedAt": at, "version": 2}
    clock.advance(minutes=1)
    response = await ada.client.post(f"/api/todos/{todos['a']['id']}/restore")
    assert response.json() == {**todos["a"], "updatedAt": "2030-01-01T00:02:00Z", "version": 3}
    assert response.headers["etag"] == '"3"'
    assert (await order(ada), await order(ada, parent=todos["a"])) == ("ab", "xy")
    assert await look(ada, lowest) == {**lowest, "updatedAt": "2030-01-01T00:02:00Z", "version": 3}
    assert await trashed(ada) == ""


async def test_invariant_4_what_was_deleted_by_itself_before_stays_in_the_trash(ada: Person) -> None:
    todo = await ada.add_todo(title="a")
    below = await add(ada, "xy", parentId=todo["id"])
    await trash(ada, below["x"])
    await trash(ada, todo)
    # one whose parent is in the trash has no place to come back to
    assert await restore(ada, below["x"]) == (409, "parent_trashed")
    # and one that was deleted along comes back along
    assert await restore(ada, below["y"]) == (409, "parent_trashed")
    assert await restore(ada, todo) == (200, None)
    assert (await order(ada), await order(ada, parent=todo)) == ("a", "y")
    assert await trashed(ada) == "x"
    assert await restore(ada, below["x"]) == (200, None)
    assert await order(ada, parent=todo) == "xy"


async def test_to_restore_what_is_not_in_the_trash_changes_nothing(ada: Person) -> None:
    todo = await ada.add_todo()
    response = await ada.client.post(f"/api/todos/{todo['id']}/restore")
    assert (response.status_code, response.json()) == (200, todo)
    assert told(await ada.client.post(f"/api/todos/{uuid4()}/restore")) == (404, "not_found")


async def test_invariant_2_below_a_todo_completed_since_an_open_one_reopens_it(ada: Person) -> None:
    todo = await ada.add_todo(title="a")
    below = await add(ada, "xy", parentId=todo["id"])
    await ada.client.patch(f"/api/todos/{below['y']['id']}", json={"completed": True})
    await trash(ada, below["x"])
    await trash(ada, below["y"])
    await ada.client.patch(f"/api/todos/{todo['id']}", json={"completed": True})
    assert await restore(ada, below["y"]) == (200, None)
    assert (await look(ada, todo))["status"] == "completed"
    assert await restore(ada, below["x"]) == (200, None)
    assert [(await look(ada, each))["status"] for each in (todo, *below.values())] == ["open", "open", "completed"]


async def test_what_no_longer_fits_below_a_moved_parent_stays_in_the_trash(ada: Person) -> None:
    first = await ada.add_todo(title="a")
    second = await ada.add_todo(title="b", parentId=first["id"])
    parent = await ada.add_todo(title="p")
    child = await ada.add_todo(title="x", parentId=parent["id"])
    await ada.add_todo(title="y", parentId=child["id"])
    await trash(ada, child)
    await moved(ada, parent, parentId=second["id"])
    assert await restore(ada, child) == (422, "too_deep")
    assert await trashed(ada) == "x"
    await moved(ada, parent, parentId=first["id"])
    assert await restore(ada, child) == (200, None)
    assert await order(ada, parent=child) == "y"


async def test_a_todo_in_the_trash_is_nowhere_else(ada: Person) -> None:
    todos = await add(ada, "ab")
    await trash(ada, todos["a"])
    path = f"/api/todos/{todos['a']['id']}"
    for method, suffix, body in (
        ("GET", "", None),
        ("PATCH", "", {"title": "c"}),
        ("PATCH", "", {"completed": True}),
        ("PATCH", "", {}),
        ("DELETE", "", None),
        ("POST", "/complete", {}),
        ("POST", "/skip", {}),
        ("POST", "/reopen", None),
        ("POST", "/cancel", None),
        ("POST", "/move", {}),
        ("POST", "/duplicate", None),
    ):
        response = await ada.client.request(method, path + suffix, json=body)
        assert told(response) == (404, "not_found"), f"{method} {suffix}"
    below = await ada.client.post("/api/todos", json={"title": "x", "parentId": todos["a"]["id"]})
    assert told(below) == (422, "parent_not_found")
    assert await order(ada) == "b"
    assert await restore(ada, todos["a"]) == (200, None)
    assert await order(ada) == "ab"


async def test_the_trash_shows_the_latest_deletion_first_page_by_page(ada: Person, clock: SettableClock) -> None:
    todos = await add(ada, "abcdefg")
    for title in "cagebdf":
        await trash(ada, todos[title])
        clock.advance(seconds=1)
    assert await trashed(ada) == "fdbegac"
    assert await trashed(ada, limit=2) == "fdbegac"
    page = (await ada.client.get("/api/trash?limit=1&includeTotal=true")).json()
    assert (page["total"], [todo["title"] for todo in page["items"]]) == (7, ["f"])
    # what was deleted in one instant is told apart by the ids
    more = await add(ada, "hij")
    for todo in more.values():
        await trash(ada, todo)
    assert await trashed(ada, limit=1) == "jihfdbegac"


async def test_a_cursor_of_the_trash_is_good_there_and_for_its_owner_alone(ada: Person, bob: Person) -> None:
    for person in (ada, bob):
        for todo in (await add(person, "ab")).values():
            await trash(person, todo)
    cursor = (await ada.client.get("/api/trash?limit=1")).json()["nextCursor"]
    for person, path in ((bob, "/api/trash"), (ada, "/api/todos")):
        response = await person.client.get(path, params={"cursor": cursor})
        assert told(response) == (422, "validation_failed")
    assert told(await ada.client.get("/api/trash?sort=createdAt")) == (422, "validation_failed")


async def test_the_trash_of_a_list_is_for_those_who_share_it(app: Litestar, people: People) -> None:
    crew = await make_crew(app, people)
    todo = await crew.add("a")
    own = await crew.viewer.add_todo(title="o")
    assert told(await crew.viewer.client.delete(f"/api/todos/{todo['id']}")) == (403, "forbidden")
    await trash(crew.editor, todo)
    await trash(crew.viewer, own)
    assert [await trashed(each) for each in (crew.owner, crew.editor, crew.viewer, crew.stranger)] == [
        "a", "a", "oa", "",
    ]  # fmt: skip
    assert await restore(crew.stranger, todo) == (404, "not_found")
    assert await restore(crew.viewer, todo) == (403, "forbidden")
    joining = MembershipFactory.build(list_id=UUID(crew.list_id), user_id=crew.stranger.user.id, role=ListRole.EDITOR)
    await store(app, joining)
    assert await restore(crew.stranger, todo) == (200, None)
    await trash(crew.owner, todo)
    await archive(app, crew)
    assert await trashed(crew.viewer) == "oa"
    assert await restore(crew.owner, todo) == (409, "list_archived")
    assert told(await crew.owner.client.delete(f"/api/todos/{own['id']}")) == (404, "not_found")
    # nor is there anything to be seen or had of a list that is in the trash itself
    async with app.state.unit_of_work.database.sessions.begin() as session:
        gone = update(TodoList).where(TodoList.id == UUID(crew.list_id))
        await session.execute(gone.values(archived_at=None, deleted_at=NOW))
    assert await trashed(crew.owner) == ""
    assert await restore(crew.owner, todo) == (404, "not_found")


async def test_nothing_of_an_archived_list_is_deleted(app: Litestar, people: People) -> None:
    crew = await make_crew(app, people)
    todo = await crew.add()
    await archive(app, crew)
    assert told(await crew.owner.client.delete(f"/api/todos/{todo['id']}")) == (409, "list_archived")
    assert await look(crew.owner, todo) == todo
