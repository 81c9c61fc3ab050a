"""Moves from list to list: all below goes along, and who does not share the other list is left behind."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from litestar import Litestar
from sqlalchemy import select

from app.domain.sharing import ListRole
from app.infrastructure.database.models import Reminder, Todo
from db.factories import MembershipFactory, ReminderFactory
from tests.presentation.http.conftest import People, Person, SettableClock, store
from tests.presentation.http.places import add, look, move, moved, order
from tests.presentation.http.shared import Crew, archive, make_crew, told

pytestmark = pytest.mark.anyio


@pytest.fixture
async def crew(app: Litestar, people: People) -> Crew:
    return await make_crew(app, people)


async def join(app: Litestar, crew: Crew, person: Person, role: ListRole = ListRole.EDITOR) -> None:
    await store(app, MembershipFactory.build(list_id=UUID(crew.list_id), user_id=person.user.id, role=role))


async def test_invariant_5_a_todo_goes_to_another_list_with_all_below_it(
    app: Litestar, crew: Crew, clock: SettableClock
) -> None:
    owner = crew.owner
    shared = await add(owner, "ab", listId=crew.list_id)
    todo = await owner.add_todo(title="t")
    below = await owner.add_todo(title="x", parentId=todo["id"])
    gone = await owner.add_todo(title="y", parentId=todo["id"])
    gone_below = await owner.add_todo(title="z", parentId=gone["id"])
    await owner.client.delete(f"/api/todos/{gone['id']}")
    clock.advance(minutes=1)
    after = await moved(owner, todo, listId=crew.list_id, beforeId=shared["b"]["id"])
    assert after == {
        **todo,
        "listId": crew.list_id,
        "position": after["position"],
        "version": 2,
        "updatedAt": "2030-01-01T00:01:00Z",
    }
    assert await order(owner, listId=crew.list_id) == "atb"
    assert await order(owner, listId=todo["listId"]) == ""
    # whoever shares the list sees it from now on, with what was below it
    assert await look(crew.viewer, below) == {
        **below,
        "listId": crew.list_id,
        "version": 2,
        "updatedAt": "2030-01-01T00:01:00Z",
    }
    restored = await crew.editor.client.post(f"/api/todos/{gone['id']}/restore")
    assert (restored.status_code, restored.json()["listId"]) == (200, crew.list_id)
    assert await order(owner, parent=gone) == "z"
    assert (await look(crew.viewer, gone_below))["listId"] == crew.list_id
    assert await lists_of(app, todo, below, gone, gone_below) == {UUID(crew.list_id)}


async def lists_of(app: Litestar, *todos: dict[str, Any]) -> set[UUID]:
    async with app.state.unit_of_work.database.sessions.begin() as session:
        query = select(Todo.list_id).where(Todo.id.in_([UUID(todo["id"]) for todo in todos]))
        return set(await session.scalars(query))


async def test_in_another_list_a_todo_is_an_outermost_one_unless_told(crew: Crew) -> None:
    owner = crew.owner
    parent = await owner.add_todo(title="p")
    todos = await add(owner, "ab", parentId=parent["id"])
    target = await crew.add("q")
    assert (await moved(owner, todos["a"], listId=crew.list_id))["parentId"] is None
    assert (await moved(owner, todos["b"], listId=crew.list_id, parentId=target["id"]))["parentId"] == target["id"]
    assert await order(owner, listId=crew.list_id) == "qa"
    assert await order(owner, parent=target) == "b"
    # the list that it is in already is no other one
    assert (await moved(owner, todos["b"], listId=crew.list_id))["parentId"] == target["id"]


async def test_invariant_2_below_a_completed_todo_of_another_list_an_open_one_reopens_it(crew: Crew) -> None:
    target = await crew.add("q", completed=True)
    todo = await crew.owner.add_todo()
    await moved(crew.owner, todo, listId=crew.list_id, parentId=target["id"])
    assert (await look(crew.viewer, target))["status"] == "open"


async def test_invariant_6_who_does_not_share_the_other_list_is_neither_assigned_nor_reminded(
    app: Litestar, people: People, crew: Crew
) -> None:
    other = await make_crew(app, people)
    await join(app, other, crew.owner)
    await join(app, other, crew.viewer, ListRole.VIEWER)
    assigned = {
        name: await crew.add(name, assigneeId=str(person.user.id))
        for name, person in (("left", crew.editor), ("kept", crew.viewer))
    }
    below = await crew.add("below", parentId=assigned["kept"]["id"], assigneeId=str(crew.editor.user.id))
    remindable = [UUID(todo["id"]) for todo in (*assigned.values(), below)]
    who = [crew.owner.user.id, crew.editor.user.id, crew.viewer.user.id]
    await store(app, *(ReminderFactory.build(todo_id=todo, user_id=user) for todo in remindable for user in who))
    for todo in assigned.values():
        await moved(crew.owner, todo, listId=other.list_id)
    for todo, expected in ((assigned["left"], None), (assigned["kept"], str(crew.viewer.user.id)), (below, None)):
        assert (await look(other.owner, todo))["assigneeId"] == expected
    async with app.state.unit_of_work.database.sessions.begin() as session:
        query = select(Reminder.todo_id, Reminder.user_id).where(Reminder.todo_id.in_(remindable))
        left = {tuple(row) for row in await session.execute(query)}
    assert left == {(todo, user) for todo in remindable for user in (crew.owner.user.id, crew.viewer.user.id)}


async def test_both_lists_must_be_the_movers_to_write_in(app: Litestar, people: People, crew: Crew) -> None:
    other = await make_crew(app, people)
    todo = await crew.add()
    # what is not shared with the mover is not there, and who may only look at it may not put anything there
    for person, refusal in ((crew.editor, (404, "not_found")), (crew.owner, (404, "not_found"))):
        assert told(await move(person, todo, listId=other.list_id)) == refusal
    assert told(await move(crew.owner, todo, listId=str(uuid4()))) == (404, "not_found")
    await join(app, other, crew.owner, ListRole.VIEWER)
    assert told(await move(crew.owner, todo, listId=other.list_id)) == (403, "forbidden")
    await join(app, other, crew.viewer)
    assert told(await move(crew.viewer, todo, listId=other.list_id)) == (403, "forbidden")
    await join(app, other, crew.editor)
    await archive(app, other)
    assert told(await move(crew.editor, todo, listId=other.list_id)) == (409, "list_archived")
    assert await look(crew.owner, todo) == todo
    kept = await crew.editor.add_todo()
    await archive(app, crew)
    assert told(await move(crew.editor, todo, listId=kept["listId"])) == (409, "list_archived")
    assert await look(crew.owner, todo) == todo


async def test_siblings_and_parents_are_those_of_the_other_list(crew: Crew) -> None:
    owner = crew.owner
    todo, sibling = await owner.add_todo(), await owner.add_todo()
    below = await owner.add_todo(parentId=todo["id"])
    there = await crew.add()
    for name in ("afterId", "beforeId"):
        response = await move(owner, todo, listId=crew.list_id, **{name: sibling["id"]})
        assert told(response) == (422, "not_a_sibling")
        # without the list, the todo stays in its own
        assert told(await move(owner, todo, **{name: there["id"]})) == (422, "not_a_sibling")
    assert told(await move(owner, todo, listId=crew.list_id, parentId=sibling["id"])) == (422, "parent_not_found")
    assert told(await move(owner, todo, parentId=there["id"])) == (422, "parent_not_found")
    assert told(await move(owner, todo, listId=crew.list_id, parentId=below["id"])) == (422, "parent_cycle")
    deep = there
    for _ in range(2):
        deep = await crew.add(parentId=deep["id"])
    assert told(await move(owner, todo, listId=crew.list_id, parentId=deep["id"])) == (422, "too_deep")
    assert await look(owner, todo) == todo
