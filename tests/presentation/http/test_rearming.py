"""What becomes of reminders when the todo's due date, its place in a series, or its status changes."""

from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar
from sqlalchemy import update

from app.domain.todos import ReminderStatus
from app.infrastructure.database.models import Reminder
from tests.presentation.http.conftest import Person, SettableClock
from tests.presentation.http.shared import move_to

pytestmark = pytest.mark.anyio

DUE = {"date": "2030-01-31", "time": "09:30:00", "timeZone": "Europe/Berlin"}
DAILY = {"rule": "FREQ=DAILY", "timeZone": "Europe/Berlin"}


async def remind(person: Person, todo: dict[str, Any], *bodies: dict[str, Any]) -> None:
    for body in bodies:
        made = await person.client.post(f"/api/todos/{todo['id']}/reminders", json=body)
        assert made.status_code == 201, made.text


async def change(person: Person, todo: dict[str, Any], **fields: Any) -> dict[str, Any]:
    changed = await person.client.patch(f"/api/todos/{todo['id']}", json=fields)
    assert changed.status_code == 200, changed.text
    return dict(changed.json())


async def act(person: Person, todo: dict[str, Any], verb: str, **fields: Any) -> None:
    bodiless = {"reopen", "cancel"}
    done = await person.client.post(f"/api/todos/{todo['id']}/{verb}", json=None if verb in bodiless else fields)
    assert done.status_code == 200, done.text


async def waiting(person: Person, todo: dict[str, Any]) -> list[tuple[str, str]]:
    """When each of the reminders comes, and what became of it."""
    found = (await person.client.get(f"/api/todos/{todo['id']}/reminders")).json()["items"]
    return [(each["fireAt"], each["status"]) for each in found]


async def mark(app: Litestar, todo: dict[str, Any], status: ReminderStatus) -> None:
    """As whoever sends reminders does."""
    async with app.state.unit_of_work.database.sessions.begin() as session:
        await session.execute(update(Reminder).where(Reminder.todo_id == UUID(todo["id"])).values(status=status))


async def test_those_that_count_back_go_along_with_the_due_date_and_the_others_stay(
    ada: Person, clock: SettableClock
) -> None:
    todo = await ada.add_todo(due=DUE)
    await remind(ada, todo, {"minutesBefore": 30}, {"minutesBefore": 0}, {"fireAt": "2030-01-20T00:00:00Z"})
    clock.advance(minutes=1)
    await change(ada, todo, due={**DUE, "date": "2030-02-01"})
    assert await waiting(ada, todo) == [
        ("2030-01-20T00:00:00Z", "pending"),
        ("2030-02-01T08:00:00Z", "pending"),
        ("2030-02-01T08:30:00Z", "pending"),
    ]
    listed = (await ada.client.get(f"/api/todos/{todo['id']}/reminders")).json()["items"]
    assert [(each["version"], each["updatedAt"]) for each in listed] == [
        (1, "2030-01-01T00:00:00Z"),
        (2, "2030-01-01T00:01:00Z"),
        (2, "2030-01-01T00:01:00Z"),
    ]


async def test_several_move_onto_each_others_moments_in_one_go(ada: Person) -> None:
    todo = await ada.add_todo(due=DUE)
    await remind(ada, todo, *({"minutesBefore": minutes} for minutes in (0, 60, 120, 180)))
    await change(ada, todo, due={**DUE, "time": "10:30:00"})
    assert await waiting(ada, todo) == [(f"2030-01-31T0{hour}:30:00Z", "pending") for hour in (6, 7, 8, 9)]


async def test_other_fields_leave_them_alone(ada: Person) -> None:
    todo = await ada.add_todo(due=DUE)
    await remind(ada, todo, {"minutesBefore": 30})
    await change(ada, todo, title="Buy bread", priority="high")
    await change(ada, todo, due=DUE)
    (reminder,) = (await ada.client.get(f"/api/todos/{todo['id']}/reminders")).json()["items"]
    assert (reminder["version"], reminder["status"]) == (1, "pending")


async def test_without_a_due_date_they_end_and_with_another_one_they_wait_again(ada: Person) -> None:
    todo = await ada.add_todo(due=DUE)
    await remind(ada, todo, {"minutesBefore": 30}, {"fireAt": "2030-01-20T00:00:00Z"})
    await change(ada, todo, due=None)
    kept = ("2030-01-20T00:00:00Z", "pending")
    assert await waiting(ada, todo) == [kept, ("2030-01-31T08:00:00Z", "cancelled")]
    # nor does opening it again give them a moment
    await act(ada, todo, "complete")
    await act(ada, todo, "reopen")
    assert await waiting(ada, todo) == [kept, ("2030-01-31T08:00:00Z", "cancelled")]
    await change(ada, todo, due={**DUE, "date": "2030-03-01"})
    assert await waiting(ada, todo) == [kept, ("2030-03-01T08:00:00Z", "pending")]


async def test_the_one_that_goes_along_takes_the_place_of_one_of_that_moment_alone(ada: Person) -> None:
    todo = await ada.add_todo(due=DUE)
    await remind(ada, todo, {"minutesBefore": 30}, {"fireAt": "2030-02-01T08:00:00Z"})
    await change(ada, todo, due={**DUE, "date": "2030-02-01"})
    assert await waiting(ada, todo) == [("2030-02-01T08:00:00Z", "pending")]
    await change(ada, todo, due={**DUE, "date": "2030-02-02"})
    assert await waiting(ada, todo) == [("2030-02-02T08:00:00Z", "pending")]


async def test_one_that_was_sent_waits_again_for_the_next_occurrence(
    app: Litestar, ada: Person, clock: SettableClock
) -> None:
    todo = await ada.add_todo(due=DUE, recurrence=DAILY)
    await remind(ada, todo, {"minutesBefore": 30}, {"fireAt": "2030-01-20T00:00:00Z"})
    move_to(clock, "2030-01-31T12:00:00Z", ada)
    await mark(app, todo, ReminderStatus.SENT)
    await act(ada, todo, "complete", occurrence="2030-01-31")
    assert await waiting(ada, todo) == [("2030-01-20T00:00:00Z", "sent"), ("2030-02-01T08:00:00Z", "pending")]
    await act(ada, todo, "skip", occurrence="2030-02-01")
    assert await waiting(ada, todo) == [("2030-01-20T00:00:00Z", "sent"), ("2030-02-02T08:00:00Z", "pending")]


async def test_nobody_is_reminded_of_an_occurrence_that_has_gone_by(ada: Person, clock: SettableClock) -> None:
    todo = await ada.add_todo(due=DUE, recurrence=DAILY)
    await remind(ada, todo, {"minutesBefore": 30})
    move_to(clock, "2030-02-10T12:00:00Z", ada)
    await act(ada, todo, "complete", occurrence="2030-01-31")
    assert await waiting(ada, todo) == [("2030-02-01T08:00:00Z", "cancelled")]
    await change(ada, todo, due={**DUE, "date": "2030-02-11"})
    assert await waiting(ada, todo) == [("2030-02-11T08:00:00Z", "pending")]


@pytest.mark.parametrize("how", ["complete", "cancel", "patch"])
async def test_they_end_with_the_todo_and_those_ahead_wait_again_when_it_is_reopened(
    ada: Person, clock: SettableClock, how: str
) -> None:
    todo = await ada.add_todo(due=DUE)
    await remind(ada, todo, {"minutesBefore": 30}, {"fireAt": "2030-01-20T00:00:00Z"})
    if how == "patch":
        await change(ada, todo, completed=True)
    else:
        await act(ada, todo, how)
    assert [status for _, status in await waiting(ada, todo)] == ["cancelled", "cancelled"]
    move_to(clock, "2030-01-25T00:00:00Z", ada)
    if how == "patch":
        await change(ada, todo, completed=False)
    else:
        await act(ada, todo, "reopen")
    assert await waiting(ada, todo) == [("2030-01-20T00:00:00Z", "cancelled"), ("2030-01-31T08:00:00Z", "pending")]


async def test_what_was_sent_stays_so_when_the_todo_is_done_and_reopened(app: Litestar, ada: Person) -> None:
    todo = await ada.add_todo(due=DUE)
    await remind(ada, todo, {"minutesBefore": 30})
    for status in (ReminderStatus.SENT, ReminderStatus.FAILED):
        await mark(app, todo, status)
        await act(ada, todo, "complete")
        await act(ada, todo, "reopen")
        assert await waiting(ada, todo) == [("2030-01-31T08:00:00Z", status)]


async def test_the_due_date_of_what_is_done_wakes_nobody_until_it_is_reopened(ada: Person) -> None:
    todo = await ada.add_todo(due=DUE)
    await remind(ada, todo, {"minutesBefore": 30})
    await act(ada, todo, "complete")
    await change(ada, todo, due={**DUE, "date": "2030-03-01"})
    assert await waiting(ada, todo) == [("2030-03-01T08:00:00Z", "cancelled")]
    await change(ada, todo, completed=False, due={**DUE, "date": "2030-03-02"})
    assert await waiting(ada, todo) == [("2030-03-02T08:00:00Z", "pending")]


async def test_they_go_along_with_what_is_done_to_the_todos_above_and_below(ada: Person) -> None:
    parent = await ada.add_todo(due=DUE)
    child = await ada.add_todo(parentId=parent["id"], due=DUE)
    for todo in (parent, child):
        await remind(ada, todo, {"minutesBefore": 30})
    await act(ada, parent, "complete")
    for todo in (parent, child):
        assert await waiting(ada, todo) == [("2030-01-31T08:00:00Z", "cancelled")]
    await act(ada, child, "reopen")
    for todo in (parent, child):
        assert await waiting(ada, todo) == [("2030-01-31T08:00:00Z", "pending")]
    # a new open subtask reopens what it is put below
    await act(ada, parent, "complete")
    await ada.add_todo(parentId=parent["id"])
    assert await waiting(ada, parent) == [("2030-01-31T08:00:00Z", "pending")]
    assert await waiting(ada, child) == [("2030-01-31T08:00:00Z", "cancelled")]


async def test_a_series_that_is_over_reminds_of_nothing(ada: Person) -> None:
    todo = await ada.add_todo(due=DUE, recurrence={**DAILY, "rule": "FREQ=DAILY;COUNT=1"})
    await remind(ada, todo, {"minutesBefore": 30}, {"fireAt": "2030-02-20T00:00:00Z"})
    await act(ada, todo, "complete", occurrence="2030-01-31")
    assert [status for _, status in await waiting(ada, todo)] == ["cancelled", "cancelled"]
