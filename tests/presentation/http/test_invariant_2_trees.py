"""Invariant 2: completing a parent completes what is open below it, reopening a child what is completed above it."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import text

from tests.presentation.http.conftest import People, Person, SettableClock
from tests.presentation.http.shared import Crew, make_crew, statuses, told

pytestmark = pytest.mark.anyio

# by route and by either field of a change
COMPLETING = [("complete", None), (None, {"completed": True}), (None, {"status": "completed"})]
REOPENING = [("reopen", None), (None, {"completed": False}), (None, {"status": "open"})]


@pytest.fixture
async def crew(app: Litestar, people: People) -> Crew:
    return await make_crew(app, people)


async def act(person: Person, todo: dict[str, Any], verb: str | None, fields: dict[str, Any] | None) -> httpx.Response:
    path = f"/api/todos/{todo['id']}"
    if fields is not None:
        return await person.client.patch(path, json=fields)
    return await person.client.post(f"{path}/{verb}", json={} if verb == "complete" else None)


async def line(person: Person, *, levels: int = 4, **fields: Any) -> list[dict[str, Any]]:
    """Todos, each a part of the one before."""
    made = [await person.add_todo(**fields)]
    for _ in range(levels - 1):
        made.append(await person.add_todo(parentId=made[-1]["id"]))
    return made


@pytest.mark.parametrize(("verb", "fields"), COMPLETING)
async def test_completing_a_parent_completes_its_open_descendants(
    ada: Person, clock: SettableClock, verb: str | None, fields: dict[str, Any] | None
) -> None:
    top, second, third, fourth = await line(ada)
    cancelled, beside = await ada.add_todo(parentId=top["id"]), await ada.add_todo()
    await ada.client.post(f"/api/todos/{cancelled['id']}/cancel")
    clock.advance(minutes=1)
    assert (await act(ada, second, verb, fields)).status_code == 200
    assert await statuses(ada, top, second, third, fourth) == ["open", "completed", "completed", "completed"]
    clock.advance(minutes=1)
    assert (await act(ada, top, verb, fields)).status_code == 200
    assert await statuses(ada, top, cancelled, beside) == ["completed", "cancelled", "open"]
    found = [(await ada.client.get(f"/api/todos/{each['id']}")).json() for each in (top, second, third, fourth)]
    # each was completed once, and keeps when
    assert [each["completedAt"] for each in found] == ["2030-01-01T00:02:00Z", *["2030-01-01T00:01:00Z"] * 3]
    assert [each["version"] for each in found] == [2, 2, 2, 2]


@pytest.mark.parametrize(("verb", "fields"), REOPENING)
async def test_reopening_a_child_reopens_its_completed_ancestors(
    ada: Person, verb: str | None, fields: dict[str, Any] | None
) -> None:
    top, second, third, fourth = await line(ada)
    beside = await ada.add_todo(parentId=top["id"])
    await act(ada, top, "complete", None)
    answer = await act(ada, third, verb, fields)
    assert (answer.status_code, answer.json()["status"], answer.json()["completedBy"]) == (200, "open", None)
    assert await statuses(ada, top, second, third, fourth, beside) == ["open", "open", "open", "completed", "completed"]


async def test_a_todo_alone_is_completed_and_reopened_by_a_change_of_other_fields_too(ada: Person) -> None:
    (todo,) = await line(ada, levels=1)
    done = (await ada.client.patch(f"/api/todos/{todo['id']}", json={"title": "Bread", "completed": True})).json()
    assert (done["title"], done["status"], done["version"]) == ("Bread", "completed", 2)
    top, second = await line(ada, levels=2)
    done = (await ada.client.patch(f"/api/todos/{top['id']}", json={"title": "Bread", "completed": True})).json()
    # one change, counted once
    assert (done["title"], done["status"], done["version"]) == ("Bread", "completed", 2)
    assert await statuses(ada, second) == ["completed"]


async def test_an_open_subtask_reopens_what_it_is_put_below_and_a_completed_one_does_not(ada: Person) -> None:
    top, second = await line(ada, levels=2)
    await act(ada, top, "complete", None)
    await ada.add_todo(parentId=second["id"], completed=True)
    assert await statuses(ada, top, second) == ["completed", "completed"]
    await ada.add_todo(parentId=second["id"], status="cancelled")
    assert await statuses(ada, top, second) == ["completed", "completed"]
    await ada.add_todo(parentId=second["id"])
    assert await statuses(ada, top, second) == ["open", "open"]


async def test_cancelling_is_for_one_todo_and_is_undone_before_it_is_completed(ada: Person) -> None:
    top, second = await line(ada, levels=2)
    for fields in (None, {"status": "cancelled"}):
        cancelled = await act(ada, top, "cancel", fields)
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
        assert await statuses(ada, second) == ["open"]
        # not completed leaves it cancelled
        assert (await act(ada, top, None, {"completed": False})).json()["status"] == "cancelled"
        for verb, completing in COMPLETING:
            assert told(await act(ada, top, verb, completing)) == (409, "todo_not_open")
        assert (await act(ada, top, "reopen", fields and {"status": "open"})).json()["status"] == "open"
        await act(ada, second, "complete", None)
        for cancelling in (None, {"status": "cancelled"}):
            assert told(await act(ada, second, "cancel", cancelling)) == (409, "todo_not_open")
        await act(ada, second, "reopen", None)


async def test_who_completed_a_todo_and_when_stays_when_it_is_completed_again(crew: Crew, clock: SettableClock) -> None:
    alone = await crew.add()
    top = await crew.add()
    await crew.add(parentId=top["id"])
    for todo in (alone, top):
        await act(crew.editor, todo, None, {"completed": True})
    first = (await crew.owner.client.get(f"/api/todos/{top['id']}")).json()
    clock.advance(minutes=1)
    for todo in (alone, top):
        for verb, fields in COMPLETING:
            await act(crew.owner, todo, verb, fields)
        found = (await crew.owner.client.get(f"/api/todos/{todo['id']}")).json()
        assert (found["completedAt"], found["completedBy"]) == (first["completedAt"], str(crew.editor.user.id))


async def test_a_stale_change_of_status_leaves_the_whole_tree_alone(ada: Person) -> None:
    top, second = await line(ada, levels=2)
    path = f"/api/todos/{top['id']}"
    stale = await ada.client.patch(path, json={"completed": True}, headers={"If-Match": '"7"'})
    assert told(stale) == (412, "stale_version")
    assert await statuses(ada, top, second) == ["open", "open"]
    passing = await ada.client.patch(path, json={"completed": True}, headers={"If-Match": '"1"'})
    assert passing.status_code == 200
    assert await statuses(ada, top, second) == ["completed", "completed"]


@pytest.mark.parametrize(("verb", "fields"), COMPLETING)
async def test_no_race_leaves_an_open_todo_below_a_completed_one(
    crew: Crew, verb: str | None, fields: dict[str, Any] | None
) -> None:
    for _ in range(8):
        parent = await crew.add()
        make = {"title": "Part", "parentId": parent["id"]}
        answers = await asyncio.gather(
            crew.owner.client.post("/api/todos", json=make),
            act(crew.editor, parent, verb, fields),
            crew.editor.client.post("/api/todos", json=make),
        )
        assert [answer.status_code for answer in answers] == [201, 200, 201]
        children = [answers[0].json(), answers[2].json()]
        above, *below = await statuses(crew.viewer, parent, *children)
        assert above == "open" or below == ["completed", "completed"], (above, below)


async def test_nor_does_one_between_reopening_a_part_and_completing_the_whole(crew: Crew) -> None:
    top = await crew.add()
    parts = [await crew.add(parentId=top["id"]) for _ in range(3)]
    for _ in range(5):
        moves = [act(crew.owner, top, None, {"completed": True}), act(crew.editor, top, "complete", None)]
        moves += [act(crew.editor, part, *REOPENING[index]) for index, part in enumerate(parts)]
        answers = await asyncio.gather(*moves)
        assert {answer.status_code for answer in answers} == {200}
        above, *below = await statuses(crew.viewer, top, *parts)
        assert above == "open" or "open" not in below, (above, below)


async def test_a_tree_of_many_todos_is_completed_at_once(app: Litestar, crew: Crew) -> None:
    top = await crew.add()
    first = await crew.add(parentId=top["id"])
    # more than a statement can have parameters, at four for each
    copies = text(
        "INSERT INTO todos (id, list_id, parent_id, title, status, priority, position, created_by, created_at,"
        " updated_at) SELECT gen_random_uuid(), list_id, parent_id, title, status, priority, 'z' || number, created_by,"
        " created_at, updated_at FROM todos, generate_series(1, 9000) AS number WHERE id = :first"
    )
    async with app.state.unit_of_work.database.sessions.begin() as session:
        await session.execute(copies, {"first": UUID(first["id"])})
        # as autovacuum does soon after
        await session.execute(text("ANALYZE todos"))
    assert (await act(crew.owner, top, "complete", None)).status_code == 200
    left = await crew.owner.client.get("/api/todos", params={"listId": crew.list_id, "status": "open", "limit": 1})
    assert left.json()["items"] == []
    assert await statuses(crew.owner, first) == ["completed"]
