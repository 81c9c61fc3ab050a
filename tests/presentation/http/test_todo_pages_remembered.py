"""Pages of todos are remembered, and show what is so all the same: whatever changes, nothing stale is ever shown."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

import msgspec
import pytest
from litestar import Litestar
from sqlalchemy import update

from app.application.todos.pages import RememberedPages
from app.application.todos.schemas import TodoQuery
from app.domain.ordering import REBALANCE_ABOVE
from app.infrastructure.database.models import Todo
from tests.presentation.http.conftest import START, People, Person, SettableClock
from tests.presentation.http.lists import accept, invite
from tests.presentation.http.watch import DAILY, DAY, TIMED, Json, Scene, make_scene

pytestmark = pytest.mark.anyio

UNHEARD_OF: Final = "01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e8f"

Way = Callable[[Scene], Awaitable[object]]


def fields(name: str, **body: Any) -> Way:
    return lambda scene: scene.patch(name, **body)


def posts(name: str, verb: str, **body: Any) -> Way:
    return lambda scene: scene.post(scene.path(name, verb), body)


def of_list(verb: str) -> Way:
    return lambda scene: scene.post(f"/api/lists/{scene.shared['id']}/{verb}")


def moves(name: str, *, to: str = "", **names: str | None) -> Way:
    async def move(scene: Scene) -> None:
        body: Json = {key: value and scene.todos[value]["id"] for key, value in names.items()}
        if to:
            body["listId"] = (scene.private if to == "private" else scene.shared)["id"]
        await scene.post(scene.path(name, "move"), body)

    return move


def then(*ways: Way) -> Way:
    """One after the other, with a look in between."""

    async def do(scene: Scene) -> None:
        for way in ways[:-1]:
            await way(scene)
            await scene.watch.look()
        await ways[-1](scene)

    return do


def deletes(name: str) -> Way:
    return lambda scene: scene.delete(scene.path(name))


async def rebalance(scene: Scene) -> None:
    async with scene.app.state.unit_of_work.database.sessions.begin() as session:
        # as after many moves between two of them; where they stand is told by their versions too
        for name, position in (("plain", "a1"), ("timed", "a1" + "0" * (REBALANCE_ABOVE - 3) + "1")):
            query = update(Todo).where(Todo.id == UUID(scene.todos[name]["id"]))
            await session.execute(query.values(position=position, version=Todo.version + 1))
    await scene.watch.look()
    await moves("done", afterId="plain")(scene)


async def bulk(scene: Scene, *, atomic: bool, last: str = "") -> None:
    ids = {name: todo["id"] for name, todo in scene.todos.items()}
    operations: list[Json] = [
        {"op": "create", "todo": {"title": "Wine"}},
        {"op": "update", "id": ids["plain"], "todo": {"title": "Wine", "assigneeId": str(scene.editor.user.id)}},
        {"op": "complete", "id": ids["parent"]},
        {"op": "move", "id": ids["timed"], "to": {"listId": scene.private["id"]}},
        {"op": "delete", "id": ids["assigned"]},
    ]
    if last:
        operations.append({"op": "complete", "id": last})
    await scene.post("/api/todos/bulk", {"operations": operations, "atomic": atomic})


async def transfer(scene: Scene) -> None:
    await scene.post(f"/api/lists/{scene.shared['id']}/transfer", {"userId": str(scene.editor.user.id)})


async def remove_editor(scene: Scene) -> None:
    await scene.delete(f"/api/lists/{scene.shared['id']}/members/{scene.editor.user.id}")


async def leave(scene: Scene) -> None:
    await scene.delete(f"/api/lists/{scene.shared['id']}/members/{scene.editor.user.id}", by=scene.editor)


async def come_back(scene: Scene) -> None:
    token = (await invite(scene.owner, scene.shared["id"]))["token"]
    assert (await accept(scene.editor, token)).status_code == 200


async def demote(scene: Scene) -> None:
    path = f"/api/lists/{scene.shared['id']}/members/{scene.editor.user.id}"
    assert (await scene.owner.client.patch(path, json={"role": "viewer"})).status_code == 200


async def delete_list(scene: Scene) -> None:
    await scene.delete(f"/api/lists/{scene.shared['id']}")


def end_account(name: str) -> Way:
    async def end(scene: Scene) -> None:
        person: Person = getattr(scene, name)
        await scene.delete("/api/me", by=person)
        scene.watch.people = [each for each in scene.watch.people if each is not person]

    return end


async def live_elsewhere(scene: Scene) -> None:
    assert (await scene.owner.client.patch("/api/me", json={"timeZone": "Asia/Tokyo"})).status_code == 200
    await scene.patch("plain", due={"date": DAY})


async def add_below(scene: Scene) -> None:
    await scene.owner.add_todo(parentId=scene.todos["child"]["id"], title="Wine")


PATCHES: Final[tuple[Way, ...]] = (
    fields("plain", title="Wine"),
    fields("plain", notes="Wine"),
    fields("plain", notes=None),
    fields("plain", priority="urgent"),
    fields("plain", due={"date": DAY}),
    fields("timed", due={**TIMED, "time": "09:30:00.5"}),
    fields("timed", due={**TIMED, "timeZone": "Asia/Tokyo"}),
    fields("timed", due={"date": DAY}),
    fields("plain", due=None),
    fields("timed", recurrence=DAILY),
    fields("recurring", recurrence={**DAILY, "anchor": "completion"}),
    fields("recurring", recurrence=None),
    fields("plain", tags=["b", "a"]),
    fields("plain", tags=[]),
    fields("assigned", assigneeId=None),
    lambda scene: scene.patch("plain", assigneeId=str(scene.viewer.user.id)),
    fields("plain", status="completed"),
    fields("plain", completed=True),
    fields("parent", completed=True, title="Wine"),
    fields("done", completed=False),
    fields("inbox", status="cancelled"),
    fields("cancelled", status="open"),
    fields("plain"),
    fields("plain", title="Wine", notes=None, priority="low", due=TIMED, recurrence=DAILY,
           tags=["c"], assigneeId=None, status="open"),
)  # fmt: skip

WAYS: Final[dict[str, Way]] = {
    "complete": posts("plain", "complete"),
    "complete a parent": posts("parent", "complete"),
    "complete one in the middle": posts("child", "complete"),
    "complete an occurrence": posts("recurring", "complete", occurrence=DAY),
    "skip": posts("recurring", "skip", occurrence=DAY),
    "complete an occurrence with what is below": then(
        moves("plain", parentId="recurring"), posts("plain", "complete"), posts("recurring", "complete", occurrence=DAY)
    ),
    "reopen": posts("done", "reopen"),
    "reopen one below": then(posts("parent", "complete"), posts("grandchild", "reopen")),
    "add below what is completed": then(posts("parent", "complete"), add_below),
    "move below what is completed": then(posts("parent", "complete"), moves("plain", parentId="child")),
    "cancel": posts("plain", "cancel"),
    "cancel a parent": posts("parent", "cancel"),
    "move to the end": moves("plain"),
    "move behind": moves("plain", afterId="done"),
    "move ahead": moves("done", beforeId="plain"),
    "move below": moves("plain", parentId="grandchild"),
    "move out": moves("grandchild", parentId=None),
    "move to another list": moves("plain", to="private"),
    "move a tree to another list": moves("parent", to="private"),
    "move there and back": then(moves("parent", to="private"), moves("parent", to="shared")),
    "move an assignment to where the assignee is not": moves("assigned", to="private"),
    "positions that are made anew": rebalance,
    "duplicate": posts("plain", "duplicate"),
    "duplicate a tree": posts("parent", "duplicate"),
    "delete": deletes("plain"),
    "delete a tree": deletes("parent"),
    "restore": then(deletes("plain"), posts("plain", "restore")),
    "restore a tree": then(deletes("parent"), posts("parent", "restore")),
    "restore below what is completed": then(
        deletes("grandchild"), posts("parent", "complete"), posts("grandchild", "restore")
    ),
    "many at once": lambda scene: bulk(scene, atomic=False),
    "many at once or none": lambda scene: bulk(scene, atomic=True),
    "many of which one is refused": lambda scene: bulk(scene, atomic=False, last=UNHEARD_OF),
    "many that are undone": lambda scene: bulk(scene, atomic=True, last=UNHEARD_OF),
    "the list is archived": of_list("archive"),
    "the list is no longer archived": then(of_list("archive"), of_list("unarchive")),
    "the list is deleted": delete_list,
    "the list is restored": then(delete_list, of_list("restore")),
    "the list goes to another owner": transfer,
    "an assignee is removed": remove_editor,
    "an assignee leaves": leave,
    "an assignee comes back": then(leave, come_back),
    "an assignee becomes a viewer": demote,
    "an assignee's account ends": end_account("editor"),
    "the account of somebody who is assigned nothing ends": end_account("viewer"),
    "the owner's account ends": end_account("owner"),
    "somebody lives elsewhere": live_elsewhere,
}  # fmt: skip


@pytest.fixture
async def scene(app: Litestar, people: People) -> Scene:
    return await make_scene(app, people)


async def test_whatever_field_was_changed_pages_show_what_the_todos_themselves_show(scene: Scene) -> None:
    await scene.watch.look()
    for patch in PATCHES:
        await patch(scene)
        await scene.watch.look()


@pytest.mark.parametrize("way", WAYS)
async def test_whatever_has_changed_pages_show_what_the_todos_themselves_show(
    scene: Scene, clock: SettableClock, way: str
) -> None:
    # what happens at one instant is told apart like anything else
    assert clock.now() == START
    await scene.watch.look()
    assert len(scene.watch.ids) == len(scene.todos)
    await WAYS[way](scene)
    await scene.watch.look()


async def test_who_is_assigned_something_while_their_account_ends_leaves_it_with_a_new_version(scene: Scene) -> None:
    names = ["plain", "timed", "recurring", "done", "cancelled", "parent", "child"]
    editor = str(scene.editor.user.id)

    async def assign(name: str) -> int:
        return (await scene.owner.client.patch(scene.path(name), json={"assigneeId": editor})).status_code

    async def end() -> int:
        return (await scene.editor.client.delete("/api/me")).status_code

    scene.watch.people = [scene.owner]
    await scene.watch.look()
    statuses = await asyncio.gather(*map(assign, names[:3]), end(), *map(assign, names[3:]))
    assert statuses.pop(3) == 204
    await scene.watch.look()
    for name, status in zip(names, statuses, strict=True):
        todo = (await scene.owner.client.get(scene.path(name))).json()
        assert todo["assigneeId"] is None
        # once for the assignment, and once for its end
        assert (status, todo["version"]) in {
            (200, scene.todos[name]["version"] + 2),
            (422, scene.todos[name]["version"]),
        }


async def test_a_page_is_made_again_when_something_in_it_has_changed_and_not_before(app: Litestar, ada: Person) -> None:
    pages: RememberedPages = app.state.unit_of_work.tools.pages
    key = (ada.user.id.int, msgspec.json.encode(TodoQuery()))
    todo = await ada.add_todo()
    first = (await ada.client.get("/api/todos")).content
    kept = pages.find(key)
    assert kept is not None
    assert (await ada.client.get("/api/todos")).content == first
    assert pages.find(key) is kept
    await ada.client.patch(f"/api/todos/{todo['id']}", json={"title": "Wine"})
    assert "Wine" in (await ada.client.get("/api/todos")).text
    assert pages.find(key) is not kept


async def test_nobody_is_shown_a_page_that_another_one_is(scene: Scene) -> None:
    for person in (scene.owner, scene.viewer, scene.owner):
        shown = (await person.client.get("/api/todos")).json()["items"]
        assert len(shown) == len(scene.todos) - (2 if person is scene.viewer else 0)


async def test_what_is_emptied_shows_nothing(ada: Person) -> None:
    todo = await ada.add_todo()
    assert (await ada.client.get("/api/todos")).json()["items"] == [todo]
    await ada.client.delete(f"/api/todos/{todo['id']}")
    assert (await ada.client.get("/api/todos")).json() == {"items": [], "nextCursor": None}
    await ada.client.post(f"/api/todos/{todo['id']}/restore")
    assert len((await ada.client.get("/api/todos")).json()["items"]) == 1
