"""Many at once on the todos of one list, and of two: nothing is lost, and no two stand in one place."""
# ruff: noqa: S311 -- chance, the same in every run

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias
from uuid import UUID

import asyncpg
import httpx
import pytest
from litestar import Litestar
from sqlalchemy import select

from app.application.todos.schemas_placing import TodoMove
from app.domain.access import Actor
from app.infrastructure.database.models import Todo
from tests.presentation.http.conftest import People, Person
from tests.presentation.http.places import add, all_todos, look, move, order
from tests.presentation.http.shared import Crew, make_crew
from tests.waiting import wait_for_waiting

pytestmark = pytest.mark.anyio

Request: TypeAlias = Callable[[], Awaitable[httpx.Response]]


@pytest.fixture
async def crew(app: Litestar, people: People) -> Crew:
    return await make_crew(app, people)


async def assert_sound(app: Litestar, *list_ids: str) -> None:
    """No two todos stand in one place, parents are of the same list, and nothing open is below what is completed."""
    async with app.state.unit_of_work.database.sessions.begin() as session:
        query = select(Todo).where(Todo.list_id.in_([UUID(each) for each in list_ids]))
        todos = {todo.id: todo for todo in await session.scalars(query)}
    places = Counter((todo.list_id, todo.parent_id, todo.position) for todo in todos.values())
    assert max(places.values()) == 1
    for todo in todos.values():
        above = [todo]
        while (parent_id := above[-1].parent_id) is not None:
            above.append(todos[parent_id])
            assert above[-1].list_id == todo.list_id
            assert above[-1].has_subtasks
        # what is trashed below a todo goes along with it, and is not restored where it would stand too deep
        assert len(above) <= 4 or todo.deleted_at is not None
        if todo.status == "open" and todo.deleted_at is None:
            assert not any(each.completed for each in above)


async def all_at_once(app: Litestar, requests: list[Request], *beside: int) -> list[httpx.Response]:
    """As many at a time as there are connections: who waits for one for long is told to come again, however it is."""
    places = asyncio.Semaphore(app.state.unit_of_work.database.engine.pool.size())

    async def sent(request: Request) -> httpx.Response:
        async with places:
            return await request()

    answers = await asyncio.gather(*map(sent, requests))
    unexpected = [answer.text for answer in answers if answer.status_code not in {200, 201, 204, *beside}]
    assert not unexpected, unexpected
    return answers


async def a_hundred_requests(app: Litestar, crew: Crew, rounds: int) -> None:
    """Moves, completions and changes to the notes under If-Match, by an owner and an editor, all at once."""
    todos = list((await add(crew.owner, "abcdefghij", listId=crew.list_id)).values())
    versions = {todo["id"]: 1 for todo in todos}
    written: Counter[str] = Counter()
    for _ in range(rounds):
        requests: list[Request] = []
        for number in range(102):
            person = (crew.owner, crew.editor)[number % 2]
            todo, other = random.sample(todos, 2)
            path = f"/api/todos/{todo['id']}"
            match number % 3:
                case 0:
                    side = random.choice(["afterId", "beforeId"])
                    requests.append(partial(move, person, todo, **{side: other["id"]}))
                case 1:
                    verb = random.choice(["complete", "reopen"])
                    body: dict[str, str] | None = {} if verb == "complete" else None
                    requests.append(partial(person.client.post, f"{path}/{verb}", json=body))
                case _:
                    seen = {"If-Match": f'"{versions[todo["id"]]}"'}
                    change = {"notes": str(number)}
                    requests.append(partial(person.client.patch, path, json=change, headers=seen))
        answers = await all_at_once(app, requests, 412)
        # under one version, at most one change is let through, and it is there
        done = [each for each in answers if each.request.method == "PATCH" and each.status_code == 200]
        changed = Counter((each.json()["id"], each.request.headers["if-match"]) for each in done)
        assert max(changed.values(), default=0) <= 1
        for each in done:
            assert each.json()["version"] == int(each.request.headers["if-match"].strip('"')) + 1
            written[each.json()["id"]] += 1
            assert (await look(crew.viewer, each.json()))["notes"] == each.json()["notes"]
        versions = {todo["id"]: todo["version"] for todo in await all_todos(crew.viewer, listId=crew.list_id)}
        assert len(versions) == len(todos)
        await assert_sound(app, crew.list_id)
    assert written


async def test_invariant_5_a_hundred_parallel_requests_lose_nothing_and_put_no_two_in_one_place(
    app: Litestar, crew: Crew
) -> None:
    await a_hundred_requests(app, crew, 1)


@pytest.mark.soak
async def test_invariant_5_nor_do_twenty_times_a_hundred(app: Litestar, crew: Crew) -> None:
    await a_hundred_requests(app, crew, 20)


async def requests_between_lists(app: Litestar, crew: Crew, rounds: int) -> None:
    """Whatever changes places, in two lists, of todos that have others below them."""
    inbox = (await crew.owner.add_todo(title="z"))["listId"]
    lists = [crew.list_id, inbox]
    for list_id in lists:
        for todo in (await add(crew.owner, "abcd", listId=list_id)).values():
            await add(crew.owner, "xy", parentId=todo["id"])
    for _ in range(rounds):
        todos = [todo for list_id in lists for todo in await all_todos(crew.owner, listId=list_id)]
        requests: list[Request] = []
        for _ in range(60):
            todo, other = random.sample(todos, 2)
            path = f"/api/todos/{todo['id']}"
            target = random.choice(lists)
            client = crew.owner.client
            requests.append(
                random.choice(
                    [
                        partial(move, crew.owner, todo, listId=target),
                        partial(move, crew.owner, todo, listId=target),
                        partial(move, crew.owner, todo, listId=target, parentId=other["id"]),
                        partial(client.post, f"{path}/complete", json={}),
                        partial(client.patch, path, json={"completed": random.random() < 0.5}),
                        partial(client.post, "/api/todos", json={"title": "n", "parentId": todo["id"]}),
                        partial(client.post, "/api/todos", json={"title": "n", "listId": target}),
                        partial(client.post, f"{path}/duplicate"),
                        partial(client.delete, path),
                        partial(client.post, f"{path}/restore"),
                    ]
                )
            )
        await all_at_once(app, requests, 404, 409, 422)
        await assert_sound(app, *lists)


async def test_invariant_5_what_goes_from_list_to_list_at_once_holds_nobody_up_for_ever(
    app: Litestar, crew: Crew
) -> None:
    await requests_between_lists(app, crew, 2)


@pytest.mark.soak
async def test_invariant_5_nor_does_it_over_a_hundred_rounds(app: Litestar, crew: Crew) -> None:
    await requests_between_lists(app, crew, 100)


async def test_whoever_waits_for_a_list_that_a_todo_leaves_goes_on_in_the_one_it_went_to(
    app: Litestar, crew: Crew, database_url: str
) -> None:
    owner = crew.owner
    todo = await crew.add("a")
    inbox = (await owner.add_todo(title="b"))["listId"]
    connection = await asyncpg.connect(database_url)
    actor = Actor(owner.user.id)
    try:
        async with app.state.unit_of_work.begin() as services:
            await services.todo_placing.move(actor, UUID(todo["id"]), TodoMove(list_id=UUID(inbox)))
            # the second one shares the other list no more, where the todo is not
            waiting = [
                asyncio.create_task(person.client.post(f"/api/todos/{todo['id']}/cancel"))
                for person in (owner, crew.editor)
            ]
            await wait_for_waiting(connection, len(waiting))
        answers = await asyncio.gather(*waiting)
        async with app.state.unit_of_work.begin() as services:
            await services.todo_placing.move(actor, UUID(todo["id"]), TodoMove())
            # whoever works on the list that it left need not wait for it
            other = await crew.add("c")
            await crew.editor.client.post(f"/api/todos/{other['id']}/complete", json={})
    finally:
        await connection.close()
    assert [answer.status_code for answer in answers] == [200, 404]
    assert (await look(owner, todo))["status"] == "cancelled"
    assert await order(owner, listId=inbox) == "ba"


async def test_a_todo_is_not_completed_alone_while_another_is_put_below_it(
    app: Litestar, ada: Person, database_url: str
) -> None:
    todos = await add(ada, "ab")
    connection = await asyncpg.connect(database_url)
    try:
        async with app.state.unit_of_work.begin() as services:
            below = TodoMove(parent_id=UUID(todos["a"]["id"]))
            await services.todo_placing.move(Actor(ada.user.id), UUID(todos["b"]["id"]), below)
            path = f"/api/todos/{todos['a']['id']}"
            waiting = asyncio.create_task(ada.client.patch(path, json={"completed": True}))
            await wait_for_waiting(connection, 1)
        assert (await waiting).status_code == 200
    finally:
        await connection.close()
    assert [(await look(ada, todo))["completed"] for todo in todos.values()] == [True, True]
