"""Copies of todos: all below comes along, open, under ids of its own."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar
from sqlalchemy import select, update

from app.domain.ordering import REBALANCE_ABOVE
from app.infrastructure.database.models import Reminder, Todo
from db.factories import ReminderFactory
from tests.presentation.http.conftest import People, Person, SettableClock, store
from tests.presentation.http.places import add, all_todos, look, moved, order
from tests.presentation.http.shared import archive, make_crew, told
from tests.presentation.http.test_todo_moves import put

pytestmark = pytest.mark.anyio


async def duplicate(person: Person, todo: dict[str, Any]) -> dict[str, Any]:
    response = await person.client.post(f"/api/todos/{todo['id']}/duplicate")
    assert response.status_code == 201, response.text
    assert response.headers["etag"] == '"1"'
    assert response.headers["location"] == f"/api/todos/{response.json()['id']}"
    return dict(response.json())


async def test_a_copy_says_what_the_original_says_and_stands_right_behind_it(ada: Person, clock: SettableClock) -> None:
    todo = await ada.add_todo(
        title="b",
        notes="Two litres",
        priority="high",
        due={"date": "2030-01-31", "time": "09:30:00", "timeZone": "Europe/Berlin"},
        recurrence={"rule": "FREQ=DAILY", "timeZone": "Europe/Berlin"},
        tags=["errands", "home"],
        assigneeId=str(ada.user.id),
    )
    await add(ada, "c")
    clock.advance(minutes=1)
    copy = await duplicate(ada, todo)
    now = "2030-01-01T00:01:00Z"
    own = {"id": copy["id"], "position": copy["position"], "createdAt": now, "updatedAt": now}
    assert copy == {**todo, **own}
    assert copy["id"] != todo["id"]
    assert [each["id"] for each in await all_todos(ada)][:2] == [todo["id"], copy["id"]]
    assert await look(ada, todo) == todo
    assert await look(ada, copy) == copy


async def test_a_copy_is_open_with_all_below_it_and_has_nothing_of_the_trash(ada: Person) -> None:
    todo = await ada.add_todo(title="a")
    below = await add(ada, "xyz", parentId=todo["id"])
    await add(ada, "i", parentId=below["y"]["id"])
    await ada.client.delete(f"/api/todos/{below['z']['id']}")
    await moved(ada, below["x"], afterId=below["y"]["id"])
    await ada.client.post(f"/api/todos/{below['x']['id']}/cancel")
    await ada.client.patch(f"/api/todos/{todo['id']}", json={"completed": True})
    copy = await duplicate(ada, todo)
    assert (copy["status"], copy["completedAt"], copy["completedBy"]) == ("open", None, None)
    (y, x) = await all_todos(ada, parentId=copy["id"])
    (i,) = await all_todos(ada, parentId=y["id"])
    assert [(each["title"], each["status"], each["version"]) for each in (y, x, i)] == [
        (title, "open", 1) for title in "yxi"
    ]
    assert not {each["id"] for each in (copy, x, y, i)} & {todo["id"], *(each["id"] for each in below.values())}
    # what belongs to the original does not follow the copy, nor the other way round
    await ada.client.post(f"/api/todos/{copy['id']}/complete", json={})
    assert [(await look(ada, each))["completed"] for each in (copy, x, y, i)] == [True] * 4
    await ada.client.post(f"/api/todos/{todo['id']}/reopen")
    assert (await look(ada, copy))["completed"]


async def test_invariant_2_a_copy_below_a_completed_todo_reopens_it(ada: Person) -> None:
    todo = await ada.add_todo(title="a")
    below = await ada.add_todo(title="x", parentId=todo["id"])
    await ada.client.patch(f"/api/todos/{todo['id']}", json={"completed": True})
    copy = await duplicate(ada, below)
    assert (copy["parentId"], copy["status"]) == (todo["id"], "open")
    assert (await look(ada, todo))["status"] == "open"
    assert (await look(ada, below))["status"] == "completed"


async def test_the_series_of_a_copy_begins_anew(app: Litestar, ada: Person) -> None:
    todo = await ada.add_todo(
        due={"date": "2030-01-02"}, recurrence={"rule": "FREQ=DAILY;COUNT=2", "timeZone": "Europe/Berlin"}
    )
    plain = await ada.add_todo()
    async with app.state.unit_of_work.database.sessions.begin() as session:
        second = update(Todo).where(Todo.id == UUID(todo["id"]))
        await session.execute(second.values(recurrence_start=date(2030, 1, 1), recurrence_used=2))
    copies = [await duplicate(ada, each) for each in (todo, plain)]
    async with app.state.unit_of_work.database.sessions.begin() as session:
        series = select(Todo.recurrence_start, Todo.recurrence_used)
        found = [
            tuple((await session.execute(series.where(Todo.id == UUID(each["id"])))).one()) for each in (todo, *copies)
        ]
    assert found == [(date(2030, 1, 1), 2), (date(2030, 1, 2), 1), (None, None)]


async def test_nobody_is_reminded_of_a_copy(app: Litestar, ada: Person) -> None:
    todo = await ada.add_todo()
    await store(app, ReminderFactory.build(todo_id=UUID(todo["id"]), user_id=ada.user.id))
    copy = await duplicate(ada, todo)
    async with app.state.unit_of_work.database.sessions.begin() as session:
        reminded = set(await session.scalars(select(Reminder.todo_id).where(Reminder.user_id == ada.user.id)))
    assert UUID(copy["id"]) not in reminded
    assert UUID(todo["id"]) in reminded


async def test_invariant_5_copies_find_room_where_there_is_little(app: Litestar, ada: Person) -> None:
    todos = await add(ada, "abc")
    await put(app, todos["a"], "a1")
    await put(app, todos["b"], "a1" + "0" * (REBALANCE_ABOVE - 3) + "1")
    await duplicate(ada, todos["a"])
    await duplicate(ada, todos["c"])
    assert await order(ada) == "aabcc"
    assert len({todo["position"] for todo in await all_todos(ada)}) == 5


async def test_who_may_duplicate_is_told_by_the_list(app: Litestar, people: People) -> None:
    crew = await make_crew(app, people)
    todo = await crew.add("a", assigneeId=str(crew.viewer.user.id))
    path = f"/api/todos/{todo['id']}/duplicate"
    assert told(await crew.stranger.client.post(path)) == (404, "not_found")
    assert told(await crew.viewer.client.post(path)) == (403, "forbidden")
    copy = await duplicate(crew.editor, todo)
    assert (copy["createdBy"], copy["assigneeId"]) == (str(crew.editor.user.id), str(crew.viewer.user.id))
    await archive(app, crew)
    assert told(await crew.owner.client.post(path)) == (409, "list_archived")
    assert await order(crew.owner, listId=crew.list_id) == "aa"


async def test_under_one_key_a_todo_is_duplicated_once(ada: Person) -> None:
    todo = await ada.add_todo(title="a")
    path, headers = f"/api/todos/{todo['id']}/duplicate", {"Idempotency-Key": "once"}
    first, second = [await ada.client.post(path, headers=headers) for _ in range(2)]
    assert (second.json(), second.headers["location"]) == (first.json(), first.headers["location"])
    assert second.headers["idempotent-replayed"] == "true"
    assert await order(ada) == "aa"
