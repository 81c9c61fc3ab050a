"""Moves within a list: the order that results, and what is refused."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from litestar import Litestar
from sqlalchemy import update

from app.domain.ordering import REBALANCE_ABOVE, key_of
from app.infrastructure.database.models import Todo
from tests.presentation.http.conftest import People, Person, SettableClock
from tests.presentation.http.places import add, all_todos, look, move, moved, order
from tests.presentation.http.shared import archive, make_crew, told

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("what", "where", "sibling", "expected"),
    [
        ("a", "afterId", "c", "bcad"),
        ("a", "afterId", "d", "bcda"),
        ("d", "beforeId", "a", "dabc"),
        ("d", "beforeId", "c", "abdc"),
        ("b", "afterId", "a", "abcd"),
        ("b", "beforeId", "c", "abcd"),
        ("a", None, None, "bcda"),
        ("d", None, None, "abcd"),
    ],
)
async def test_invariant_5_a_todo_goes_behind_or_ahead_of_another_or_to_the_end(
    ada: Person, what: str, where: str | None, sibling: str | None, expected: str
) -> None:
    todos = await add(ada, "abcd")
    body = {} if where is None or sibling is None else {where: todos[sibling]["id"]}
    await moved(ada, todos[what], **body)
    assert await order(ada) == expected


async def test_a_move_is_a_change_of_the_moved_todo_alone(ada: Person, clock: SettableClock) -> None:
    todos = await add(ada, "abc")
    clock.advance(minutes=1)
    response = await move(ada, todos["c"], beforeId=todos["b"]["id"])
    after = response.json()
    assert after == {
        **todos["c"],
        "position": after["position"],
        "version": 2,
        "updatedAt": "2030-01-01T00:01:00Z",
    }
    assert todos["a"]["position"] < after["position"] < todos["b"]["position"]
    assert response.headers["etag"] == '"2"'
    assert [await look(ada, todos[each]) for each in "ab"] == [todos["a"], todos["b"]]


async def test_a_new_todo_comes_behind_one_that_was_moved_to_the_end(ada: Person) -> None:
    todos = await add(ada, "ab")
    await moved(ada, todos["a"])
    await moved(ada, todos["b"], afterId=todos["a"]["id"])
    await add(ada, "c")
    assert await order(ada) == "abc"


async def test_a_todo_goes_below_another_and_out_again_with_all_below_it(ada: Person) -> None:
    todos = await add(ada, "abc")
    below = await add(ada, "xy", parentId=todos["b"]["id"])
    await moved(ada, todos["b"], parentId=todos["a"]["id"])
    assert await order(ada) == "ac"
    assert await order(ada, parent=todos["a"]) == "b"
    assert await order(ada, parent=todos["b"]) == "xy"
    # what is left out stays as it is
    await moved(ada, below["y"], beforeId=below["x"]["id"])
    assert await order(ada, parent=todos["b"]) == "yx"
    await moved(ada, todos["b"], parentId=None, beforeId=todos["a"]["id"])
    assert await order(ada) == "bac"
    assert await order(ada, parent=todos["b"]) == "yx"


async def test_invariant_2_whoever_is_put_below_a_completed_todo_while_open_reopens_it(ada: Person) -> None:
    todos = await add(ada, "abcd")
    below = await ada.add_todo(title="x", parentId=todos["a"]["id"])
    await ada.client.patch(f"/api/todos/{todos['a']['id']}", json={"completed": True})
    # a cancelled one has nothing to reopen, unless something below it is open
    await ada.client.post(f"/api/todos/{todos['b']['id']}/cancel")
    await moved(ada, todos["b"], parentId=below["id"])
    assert [(await look(ada, todo))["status"] for todo in (todos["a"], below)] == ["completed", "completed"]
    await add(ada, "y", parentId=todos["c"]["id"])
    await ada.client.post(f"/api/todos/{todos['c']['id']}/cancel")
    await moved(ada, todos["c"], parentId=below["id"])
    reopened = [await look(ada, todo) for todo in (todos["a"], below)]
    assert [(todo["status"], todo["completedAt"]) for todo in reopened] == [("open", None), ("open", None)]
    assert (await look(ada, todos["c"]))["status"] == "cancelled"


async def test_invariant_2_a_todo_that_got_others_below_it_completes_with_them(ada: Person) -> None:
    todos = await add(ada, "ab")
    await moved(ada, todos["b"], parentId=todos["a"]["id"])
    await ada.client.patch(f"/api/todos/{todos['a']['id']}", json={"completed": True})
    assert (await look(ada, todos["b"]))["completed"]


async def test_invariant_5_a_rebalance_changes_what_is_shown_but_not_when_it_was_updated(
    app: Litestar, ada: Person, clock: SettableClock
) -> None:
    todos = await add(ada, "abcd")
    gone = await ada.add_todo(title="gone")
    await ada.client.delete(f"/api/todos/{gone['id']}")
    await put(app, todos["a"], "a1")
    # as after many moves between a and b: nothing fits in but a longer key
    await put(app, todos["b"], "a1" + "0" * (REBALANCE_ABOVE - 3) + "1")
    clock.advance(minutes=1)
    before = {title: await look(ada, todo) for title, todo in todos.items()}
    after = {"d": await moved(ada, todos["d"], afterId=todos["a"]["id"])}
    assert (after["d"]["version"], after["d"]["updatedAt"]) == (2, "2030-01-01T00:01:00Z")
    after |= {title: await look(ada, todos[title]) for title in "abc"}
    assert await order(ada) == "adbc"
    for title in "abc":
        assert after[title] == {**before[title], "position": after[title]["position"], "version": 2}
        assert after[title]["position"] != before[title]["position"]
    assert all(len(todo["position"]) < REBALANCE_ABOVE / 2 for todo in after.values())
    # those in the trash have their places too
    assert (await ada.client.post(f"/api/todos/{gone['id']}/restore")).status_code == 200
    assert len({todo["position"] for todo in await all_todos(ada)}) == 5
    await add(ada, "e")
    assert (await all_todos(ada))[-1]["title"] == "e"


async def test_behind_what_a_clock_ahead_has_placed_there_is_room_all_the_same(app: Litestar, ada: Person) -> None:
    todos = await add(ada, "abc")
    future = key_of(2**100)
    await put(app, todos["c"], future)
    after = await moved(ada, todos["a"])
    await moved(ada, todos["b"], afterId=todos["a"]["id"])
    assert await order(ada) == "cab"
    assert after["position"] > future
    await put(app, todos["a"], future + "0" * (REBALANCE_ABOVE - len(future)) + "1")
    await moved(ada, todos["b"], beforeId=todos["a"]["id"])
    assert await order(ada) == "cba"
    assert (await look(ada, todos["c"]))["position"] > future


async def put(app: Litestar, todo: dict[str, Any], position: str) -> None:
    async with app.state.unit_of_work.database.sessions.begin() as session:
        await session.execute(update(Todo).where(Todo.id == UUID(todo["id"])).values(position=position))


async def test_a_sibling_is_one_that_stands_where_the_todo_is_to_go(ada: Person, bob: Person) -> None:
    todos = await add(ada, "abc")
    below = await ada.add_todo(title="x", parentId=todos["b"]["id"])
    await ada.client.delete(f"/api/todos/{todos['c']['id']}")
    bobs = await bob.add_todo()
    for name in ("afterId", "beforeId"):
        for other in (todos["a"], below, todos["c"], bobs, {"id": str(uuid4())}):
            response = await move(ada, todos["a"], **{name: other["id"]})
            assert told(response) == (422, "not_a_sibling"), other
        # nor does it where it is to leave them
        response = await move(ada, todos["a"], **{name: todos["b"]["id"]}, parentId=todos["b"]["id"])
        assert told(response) == (422, "not_a_sibling")
    assert await look(ada, todos["a"]) == todos["a"]


async def test_a_parent_is_a_todo_of_the_list_that_is_not_below_the_moved_one(ada: Person, bob: Person) -> None:
    todos = await add(ada, "ab")
    below = await ada.add_todo(parentId=todos["a"]["id"])
    further = await ada.add_todo(parentId=below["id"])
    await ada.client.delete(f"/api/todos/{todos['b']['id']}")
    bobs = await bob.add_todo()
    for parent in (todos["b"], bobs, {"id": str(uuid4())}):
        assert told(await move(ada, todos["a"], parentId=parent["id"])) == (422, "parent_not_found")
    for parent in (todos["a"], below, further):
        assert told(await move(ada, todos["a"], parentId=parent["id"])) == (422, "parent_cycle")
    assert await look(ada, todos["a"]) == todos["a"]


async def test_todos_are_not_moved_deeper_than_four_levels(ada: Person) -> None:
    chain: list[dict[str, Any]] = []
    for _ in range(3):
        chain.append(await ada.add_todo(parentId=chain[-1]["id"] if chain else None))
    todos = await add(ada, "ab")
    below = await ada.add_todo(title="x", parentId=todos["a"]["id"])
    assert told(await move(ada, todos["a"], parentId=chain[2]["id"])) == (422, "too_deep")
    await moved(ada, below, parentId=chain[2]["id"])
    assert told(await move(ada, todos["b"], parentId=below["id"])) == (422, "too_deep")
    await moved(ada, todos["a"], parentId=chain[1]["id"])


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"afterId": str(uuid4()), "beforeId": str(uuid4())}, ["beforeId"]),
        ({"afterId": "7"}, ["afterId"]),
        ({"beforeId": None}, ["beforeId"]),
        ({"listId": 5}, ["listId"]),
        ({"parentId": "\0"}, ["parentId"]),
        ({"position": "a0"}, []),
        ([], []),
    ],
)
async def test_a_body_that_tells_no_place_is_refused(ada: Person, body: Any, path: list[str]) -> None:
    todo = await ada.add_todo()
    response = await ada.client.post(f"/api/todos/{todo['id']}/move", json=body)
    assert told(response) == (422, "validation_failed")
    assert [issue["path"] for issue in response.json()["issues"]] == [path]
    assert await look(ada, todo) == todo


async def test_who_may_move_is_told_by_the_list(app: Litestar, people: People) -> None:
    crew = await make_crew(app, people)
    todo, other = await crew.add(), await crew.add()
    body = {"beforeId": todo["id"]}
    assert told(await move(crew.stranger, other, **body)) == (404, "not_found")
    assert told(await move(crew.viewer, other, **body)) == (403, "forbidden")
    assert await look(crew.owner, other) == other
    await moved(crew.editor, other, **body)
    await archive(app, crew)
    assert told(await move(crew.owner, todo, beforeId=other["id"])) == (409, "list_archived")
