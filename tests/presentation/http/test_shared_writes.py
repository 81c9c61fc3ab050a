"""Many at once who write: they share statements, and neither places, nor permissions, nor refusals."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from litestar import Litestar

from app.domain.access import Actor
from app.domain.sharing import ListRole
from tests.presentation.http.conftest import People, Person
from tests.presentation.http.lists import add_list, share
from tests.presentation.http.places import all_todos, look
from tests.presentation.http.shared import Crew, make_crew, told
from tests.waiting import wait_for_waiting

pytestmark = pytest.mark.anyio


@pytest.fixture
async def crew(app: Litestar, people: People) -> Crew:
    return await make_crew(app, people)


@pytest.fixture
async def observer(database_url: str) -> AsyncGenerator[Any]:
    """A connection beside the application's."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


def create(person: Person, title: str, **fields: Any) -> Awaitable[httpx.Response]:
    return person.client.post("/api/todos", json={"title": title, **fields})


def patch(person: Person, todo: dict[str, Any], **fields: Any) -> Awaitable[httpx.Response]:
    return person.client.patch(f"/api/todos/{todo['id']}", json=fields)


async def titles(person: Person, list_id: str) -> list[str]:
    return sorted(todo["title"] for todo in await all_todos(person, listId=list_id))


async def test_forty_todos_at_once_are_each_in_the_list_they_were_meant_for(crew: Crew) -> None:
    owner, editor = crew.owner, crew.editor
    kinds = [
        (person, whose, place)
        for person, whose in ((owner, "owner's"), (editor, "editor's"))
        for place in ({}, {"listId": crew.list_id})
    ]
    asking = [create(person, f"{whose} {n}", **place) for n in range(10) for person, whose, place in kinds]
    answers = await asyncio.gather(*asking)
    assert [answer.status_code for answer in answers] == [201] * 40
    todos = [answer.json() for answer in answers]
    assert len({todo["id"] for todo in todos}) == 40
    assert len({todo["position"] for todo in todos}) == 40
    inboxes: set[str] = set()
    for number, (person, whose, place) in enumerate(kinds):
        made = todos[number :: len(kinds)]
        # each was told of the one that they asked for
        assert [todo["title"] for todo in made] == [f"{whose} {n}" for n in range(10)]
        assert {todo["createdBy"] for todo in made} == {str(person.user.id)}
        (list_id,) = {todo["listId"] for todo in made}
        if place:
            assert list_id == crew.list_id
        else:
            inboxes.add(list_id)
            assert await titles(person, list_id) == sorted(todo["title"] for todo in made)
    assert len(inboxes - {crew.list_id}) == 2
    assert len(await titles(owner, crew.list_id)) == 20


async def test_who_may_not_write_is_refused_among_those_who_may(crew: Crew) -> None:
    crowd = [crew.owner, crew.viewer, crew.editor, crew.stranger] * 4
    answers = await asyncio.gather(*(create(person, "a", listId=crew.list_id) for person in crowd))
    expected = [(201, None), (403, "forbidden"), (201, None), (404, "not_found")]
    assert [told(answer) for answer in answers] == expected * 4
    makers = [todo["createdBy"] for todo in await all_todos(crew.owner, listId=crew.list_id)]
    assert sorted(makers) == sorted([str(crew.owner.user.id), str(crew.editor.user.id)] * 4)


async def test_changes_to_different_todos_at_once_are_each_made_to_their_own(crew: Crew) -> None:
    own = [await crew.stranger.add_todo(title=f"own {n}") for n in range(8)]
    shared = [await crew.add(f"shared {n}") for n in range(12)]
    asking = [patch(crew.stranger, todo, notes=todo["title"]) for todo in own]
    asking += [patch((crew.owner, crew.editor)[n % 2], todo, notes=todo["title"]) for n, todo in enumerate(shared)]
    asking += [patch(crew.owner, shared[0], completed=True)]
    # what nobody may know of is as little there among others as it is alone
    asking += [patch(crew.stranger, shared[1], notes="stolen"), patch(crew.owner, own[0], title="stolen")]
    asking += [patch(crew.viewer, shared[2], notes="scrawled")]
    answers = await asyncio.gather(*asking)
    assert [told(answer) for answer in answers[-3:]] == [(404, "not_found")] * 2 + [(403, "forbidden")]
    assert {answer.status_code for answer in answers[:-3]} == {200}
    for person, todos in ((crew.stranger, own), (crew.owner, shared)):
        for number, todo in enumerate(todos):
            now = await look(person, todo)
            twice = todo is shared[0]
            assert (now["title"], now["notes"]) == (todo["title"], todo["title"]), number
            assert (now["version"], now["completed"]) == (todo["version"] + 1 + twice, twice)
    for answer, todo in zip(answers, [*own, *shared], strict=False):
        assert (answer.json()["id"], answer.json()["notes"]) == (todo["id"], todo["title"])


async def test_each_change_to_the_same_todo_counts(crew: Crew) -> None:
    todo = await crew.add()
    people = (crew.owner, crew.editor)
    answers = await asyncio.gather(*(patch(people[n % 2], todo, title=str(n)) for n in range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20
    assert [answer.json()["title"] for answer in answers] == [str(n) for n in range(20)]
    versions = {answer.json()["version"]: answer.json()["title"] for answer in answers}
    assert sorted(versions) == list(range(2, 22))
    now = await look(crew.viewer, todo)
    assert (now["version"], now["title"]) == (21, versions[21])


async def test_whoever_completes_and_reopens_at_once_is_told_how_it_came_to_stand(crew: Crew) -> None:
    todo = await crew.add()
    people = (crew.owner, crew.editor)
    answers = await asyncio.gather(*(patch(people[n % 2], todo, completed=bool(n % 3)) for n in range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20
    last = max((answer.json() for answer in answers), key=lambda told: told["version"])
    assert await look(crew.viewer, todo) == last


async def test_who_writes_into_a_list_that_is_being_archived_is_before_it_or_refused(crew: Crew) -> None:
    path = f"/api/lists/{crew.list_id}/archive"
    before = [create((crew.owner, crew.editor)[n % 2], str(n), listId=crew.list_id) for n in range(12)]
    after = [create((crew.owner, crew.editor)[n % 2], str(n), listId=crew.list_id) for n in range(12, 24)]
    answers = await asyncio.gather(*before, crew.owner.client.post(path), *after)
    archived = answers.pop(len(before))
    assert archived.status_code == 200, archived.text
    outcomes = [told(answer) for answer in answers]
    assert set(outcomes) <= {(201, None), (409, "list_archived")}
    made = sorted(answer.json()["title"] for answer in answers if answer.status_code == 201)
    assert await titles(crew.viewer, crew.list_id) == made
    assert told(await create(crew.owner, "late", listId=crew.list_id)) == (409, "list_archived")


async def test_who_waits_for_a_list_that_is_being_archived_holds_up_nobody_else(
    app: Litestar, crew: Crew, ada: Person, observer: Any
) -> None:
    await share(app, crew.list_id, ada, ListRole.EDITOR)
    own = (await add_list(ada))["id"]
    async with app.state.unit_of_work.begin() as services:
        await services.lists.archive(Actor(crew.owner.user.id), UUID(crew.list_id))
        waiting = [asyncio.ensure_future(create(person, "a", listId=crew.list_id)) for person in (ada, crew.editor)]
        others = [asyncio.ensure_future(create(ada, str(n), listId=own)) for n in range(10)]
        assert [answer.status_code for answer in await asyncio.gather(*others)] == [201] * 10
        await wait_for_waiting(observer, len(waiting))
        # nor does who comes now
        assert (await create(ada, "late", listId=own)).status_code == 201
        assert not any(each.done() for each in waiting)
    assert [told(answer) for answer in await asyncio.gather(*waiting)] == [(409, "list_archived")] * 2
    assert await titles(crew.viewer, crew.list_id) == []
