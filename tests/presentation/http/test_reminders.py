"""Reminders: each person's own, at an instant or counted back from a due date."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from litestar import Litestar

from tests.presentation.http.conftest import People, Person
from tests.presentation.http.shared import Crew, archive, make_crew, told

pytestmark = pytest.mark.anyio

DUE = {"date": "2030-01-31", "time": "09:30:00", "timeZone": "Europe/Berlin"}


@pytest.fixture
async def crew(app: Litestar, people: People) -> Crew:
    return await make_crew(app, people)


async def test_a_new_reminder_is_answered_whole_with_its_place_and_its_tag(ada: Person) -> None:
    todo = await ada.add_todo(due=DUE)
    path = f"/api/todos/{todo['id']}/reminders"
    response = await ada.client.post(path, json={"minutesBefore": 30})
    assert response.status_code == 201
    reminder = response.json()
    assert reminder == {
        "id": reminder["id"],
        "version": 1,
        "todoId": todo["id"],
        "fireAt": "2030-01-31T08:00:00Z",
        "minutesBefore": 30,
        "status": "pending",
        "createdAt": "2030-01-01T00:00:00Z",
        "updatedAt": "2030-01-01T00:00:00Z",
    }
    assert reminder["id"][14] == "7"
    assert response.headers["location"] == f"{path}/{reminder['id']}"
    assert response.headers["etag"] == '"1"'
    found = await ada.client.get(response.headers["location"])
    assert (found.status_code, found.json(), found.headers["etag"]) == (200, reminder, '"1"')
    held = await ada.client.get(response.headers["location"], headers={"If-None-Match": '"1"'})
    assert held.status_code == 304


async def test_one_at_an_instant_needs_no_due_date(ada: Person) -> None:
    todo = await ada.add_todo()
    path = f"/api/todos/{todo['id']}/reminders"
    made = await ada.client.post(path, json={"fireAt": "2030-01-31T10:30:00.5+02:00", "minutesBefore": None})
    assert made.status_code == 201
    assert (made.json()["fireAt"], made.json()["minutesBefore"]) == ("2030-01-31T08:30:00.500000Z", None)


async def test_a_day_alone_counts_back_from_its_end(ada: Person) -> None:
    todo = await ada.add_todo(due={"date": "2030-01-31", "timeZone": "America/New_York"})
    made = await ada.client.post(f"/api/todos/{todo['id']}/reminders", json={"minutesBefore": 0})
    assert made.json()["fireAt"] == todo["dueAt"] == "2030-02-01T04:59:59Z"


async def test_they_are_listed_in_the_order_in_which_they_come(ada: Person) -> None:
    todo = await ada.add_todo(due=DUE)
    path = f"/api/todos/{todo['id']}/reminders"
    bodies: list[dict[str, Any]] = [{"minutesBefore": 0}, {"minutesBefore": 40_320}, {"fireAt": "2030-01-20T00:00:00Z"}]
    made = [(await ada.client.post(path, json=body)).json() for body in bodies]
    listed = await ada.client.get(path)
    assert listed.json() == {"items": [made[1], made[2], made[0]]}


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({}, "custom", []),
        ({"fireAt": None, "minutesBefore": None}, "custom", []),
        ({"fireAt": "2030-01-31T08:00:00Z", "minutesBefore": 5}, "custom", []),
        ({"minutesBefore": -1}, "too_small", ["minutesBefore"]),
        ({"minutesBefore": 40_321}, "too_big", ["minutesBefore"]),
        ({"minutesBefore": 2**63}, "too_big", ["minutesBefore"]),
        ({"minutesBefore": 1.5}, "invalid_type", ["minutesBefore"]),
        ({"fireAt": "2030-01-31"}, "invalid_format", ["fireAt"]),
        ({"fireAt": "2030-01-31T08:00:00"}, "invalid_format", ["fireAt"]),
        ({"fireAt": "0001-01-01T00:00:00+14:00"}, "invalid_format", ["fireAt"]),
        ({"fireAt": "0001-01-01T00:00:00Z"}, "custom", ["fireAt"]),
        ({"fireAt": "9999-12-31T23:59:59.999999Z"}, "custom", ["fireAt"]),
        ({"minutesBefore": 5, "userId": str(uuid4())}, "unrecognized_keys", []),
    ],
)
async def test_what_is_no_reminder_is_refused(ada: Person, body: Any, code: str, path: list[str]) -> None:
    todo = await ada.add_todo(due=DUE)
    response = await ada.client.post(f"/api/todos/{todo['id']}/reminders", json=body)
    assert told(response) == (422, "validation_failed")
    assert (response.json()["issues"][0]["code"], response.json()["issues"][0]["path"]) == (code, path)
    assert (await ada.client.get(f"/api/todos/{todo['id']}/reminders")).json() == {"items": []}


@pytest.mark.parametrize("instant", ["1900-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "9998-12-31T23:59:59Z"])
async def test_an_instant_may_lie_anywhere_in_the_calendar_of_due_dates(ada: Person, instant: str) -> None:
    todo = await ada.add_todo()
    made = await ada.client.post(f"/api/todos/{todo['id']}/reminders", json={"fireAt": instant})
    assert (made.status_code, made.json()["fireAt"], made.json()["status"]) == (201, instant, "pending")


async def test_counting_back_needs_a_due_date(ada: Person) -> None:
    todo = await ada.add_todo()
    response = await ada.client.post(f"/api/todos/{todo['id']}/reminders", json={"minutesBefore": 5})
    assert told(response) == (422, "reminder_needs_due")


async def test_nobody_is_reminded_of_what_is_done(ada: Person) -> None:
    todo = await ada.add_todo(due=DUE, completed=True)
    for body in ({"minutesBefore": 5}, {"fireAt": "2030-01-31T08:00:00Z"}):
        response = await ada.client.post(f"/api/todos/{todo['id']}/reminders", json=body)
        assert told(response) == (409, "todo_not_open")


async def test_two_do_not_come_at_the_same_moment(ada: Person, bob: Person) -> None:
    todo = await ada.add_todo(due=DUE)
    path = f"/api/todos/{todo['id']}/reminders"
    await ada.client.post(path, json={"minutesBefore": 30})
    for same in ({"minutesBefore": 30}, {"fireAt": "2030-01-31T08:00:00Z"}):
        assert told(await ada.client.post(path, json=same)) == (409, "reminder_exists")
    other = await ada.add_todo(due=DUE)
    assert told(await ada.client.post(f"/api/todos/{other['id']}/reminders", json={"minutesBefore": 30}))[0] == 201
    assert told(await bob.client.post(path, json={"minutesBefore": 30})) == (404, "not_found")


async def test_a_person_has_twenty_for_a_todo_however_many_are_asked_for_at_once(crew: Crew) -> None:
    todo = await crew.add(due=DUE)
    path = f"/api/todos/{todo['id']}/reminders"
    for minutes in range(15):
        await crew.owner.client.post(path, json={"minutesBefore": minutes})
    answers = await asyncio.gather(
        *(crew.owner.client.post(path, json={"minutesBefore": minutes}) for minutes in range(15, 25))
    )
    codes = sorted(str(told(answer)) for answer in answers)
    assert codes == [str((201, None))] * 5 + [str((409, "too_many_reminders"))] * 5
    listed = (await crew.owner.client.get(path)).json()["items"]
    assert len(listed) == 20
    # they are each person's own
    assert told(await crew.viewer.client.post(path, json={"minutesBefore": 1}))[0] == 201
    await crew.owner.client.delete(f"{path}/{listed[0]['id']}")
    assert told(await crew.owner.client.post(path, json={"minutesBefore": 1_000}))[0] == 201


async def test_a_deleted_one_is_gone(ada: Person) -> None:
    todo = await ada.add_todo(due=DUE)
    path = f"/api/todos/{todo['id']}/reminders"
    made = (await ada.client.post(path, json={"minutesBefore": 30})).json()
    mine = f"{path}/{made['id']}"
    stale = await ada.client.delete(mine, headers={"If-Match": '"2"'})
    assert told(stale) == (412, "stale_version")
    assert stale.json()["current"] == made
    deleted = await ada.client.delete(mine, headers={"If-Match": '"1"'})
    assert (deleted.status_code, deleted.content) == (204, b"")
    for gone in (
        await ada.client.get(mine),
        await ada.client.delete(mine),
        await ada.client.delete(mine, headers={"If-Match": '"1"'}),
    ):
        assert told(gone) == (404, "not_found")
    assert (await ada.client.get(path)).json() == {"items": []}


async def test_everyone_who_shares_the_list_has_their_own_and_sees_no_others(crew: Crew) -> None:
    todo = await crew.add(due=DUE)
    path = f"/api/todos/{todo['id']}/reminders"
    mine: list[tuple[Person, dict[str, Any]]] = []
    for person in (crew.owner, crew.editor, crew.viewer):
        made = await person.client.post(path, json={"minutesBefore": 30})
        assert made.status_code == 201, made.text
        mine.append((person, made.json()))
    for person, reminder in mine:
        assert (await person.client.get(path)).json() == {"items": [reminder]}
        for _, other in mine:
            if other is not reminder:
                theirs = f"{path}/{other['id']}"
                assert told(await person.client.get(theirs)) == (404, "not_found")
                assert told(await person.client.delete(theirs)) == (404, "not_found")
    viewer, own = mine[-1]
    assert told(await viewer.client.delete(f"{path}/{own['id']}")) == (204, None)


async def test_a_stranger_finds_neither_the_todo_nor_its_reminders(crew: Crew) -> None:
    todo = await crew.add(due=DUE)
    path = f"/api/todos/{todo['id']}/reminders"
    made = (await crew.owner.client.post(path, json={"minutesBefore": 30})).json()
    client = crew.stranger.client
    for answer in (
        await client.get(path),
        await client.post(path, json={"minutesBefore": 30}),
        await client.get(f"{path}/{made['id']}"),
        await client.delete(f"{path}/{made['id']}"),
    ):
        assert told(answer) == (404, "not_found")


async def test_a_reminder_is_found_with_its_own_todo_alone(ada: Person) -> None:
    todo, other = await ada.add_todo(due=DUE), await ada.add_todo(due=DUE)
    made = (await ada.client.post(f"/api/todos/{todo['id']}/reminders", json={"minutesBefore": 30})).json()
    elsewhere = f"/api/todos/{other['id']}/reminders/{made['id']}"
    assert told(await ada.client.get(elsewhere)) == (404, "not_found")
    assert told(await ada.client.delete(elsewhere)) == (404, "not_found")


async def test_an_archived_list_is_for_reading_only(app: Litestar, crew: Crew) -> None:
    todo = await crew.add(due=DUE)
    path = f"/api/todos/{todo['id']}/reminders"
    made = (await crew.owner.client.post(path, json={"minutesBefore": 30})).json()
    await archive(app, crew)
    assert told(await crew.owner.client.post(path, json={"minutesBefore": 5})) == (409, "list_archived")
    assert told(await crew.owner.client.delete(f"{path}/{made['id']}")) == (409, "list_archived")
    assert (await crew.owner.client.get(path)).json() == {"items": [made]}


async def test_the_reminders_of_a_trashed_todo_are_hidden_with_it(ada: Person) -> None:
    todo = await ada.add_todo(due=DUE)
    path = f"/api/todos/{todo['id']}/reminders"
    made = (await ada.client.post(path, json={"minutesBefore": 30})).json()
    await ada.client.delete(f"/api/todos/{todo['id']}")
    assert told(await ada.client.get(path)) == (404, "not_found")
    assert told(await ada.client.get(f"{path}/{made['id']}")) == (404, "not_found")
    assert told(await ada.client.post(path, json={"minutesBefore": 5})) == (404, "not_found")
