"""Invariant 1: a recurring todo is completed one occurrence at a time, and each of them once."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from litestar import Litestar

from tests.presentation.http.conftest import People, Person, SettableClock
from tests.presentation.http.shared import Crew, make_crew, move_to, statuses, told

pytestmark = pytest.mark.anyio

WEEKLY: dict[str, Any] = {
    "due": {"date": "2030-01-04", "time": "09:00:00", "timeZone": "Europe/Berlin"},
    "recurrence": {"rule": "FREQ=WEEKLY", "timeZone": "Europe/Berlin"},
}


# httpx sends no body at all for None
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def crew(app: Litestar, people: People) -> Crew:
    return await make_crew(app, people)


async def deal(person: Person, todo: dict[str, Any], verb: str, day: str | None) -> httpx.Response:
    body = {} if day is None else {"occurrence": day}
    return await person.client.post(f"/api/todos/{todo['id']}/{verb}", json=body)


async def test_completing_answers_with_the_occurrence_and_the_todo_that_has_moved_on(
    ada: Person, clock: SettableClock
) -> None:
    todo = await ada.add_todo(**WEEKLY)
    clock.advance(minutes=1)
    response = await deal(ada, todo, "complete", "2030-01-04")
    assert response.status_code == 200
    answer = response.json()
    assert answer == {
        "completedOccurrence": {
            "id": answer["completedOccurrence"]["id"],
            "scheduledFor": "2030-01-04",
            "outcome": "completed",
            "createdAt": "2030-01-01T00:01:00Z",
            "userId": str(ada.user.id),
        },
        "todo": {
            **todo,
            "version": 2,
            "due": {**WEEKLY["due"], "date": "2030-01-11"},
            "dueAt": "2030-01-11T08:00:00Z",
            "updatedAt": "2030-01-01T00:01:00Z",
        },
    }
    assert (await ada.client.get(f"/api/todos/{todo['id']}")).json() == answer["todo"]


async def test_skipping_moves_on_too_and_says_so(ada: Person) -> None:
    todo = await ada.add_todo(**WEEKLY)
    answer = (await deal(ada, todo, "skip", "2030-01-04")).json()
    assert set(answer) == {"skippedOccurrence", "todo"}
    assert (answer["skippedOccurrence"]["outcome"], answer["todo"]["status"]) == ("skipped", "open")
    assert answer["todo"]["due"]["date"] == "2030-01-11"


@pytest.mark.parametrize("verb", ["complete", "skip"])
async def test_a_stale_notification_does_not_deal_with_the_next_occurrence(ada: Person, verb: str) -> None:
    todo = await ada.add_todo(**WEEKLY)
    assert (await deal(ada, todo, verb, "2030-01-04")).status_code == 200
    before = (await ada.client.get(f"/api/todos/{todo['id']}")).json()
    for day in ("2030-01-04", "2030-01-18", "1999-12-31"):
        assert told(await deal(ada, todo, verb, day)) == (409, "occurrence_moved_on")
    assert told(await deal(ada, todo, verb, None)) == (422, "occurrence_required")
    assert (await ada.client.get(f"/api/todos/{todo['id']}")).json() == before
    occurrences = (await ada.client.get(f"/api/todos/{todo['id']}/occurrences")).json()["items"]
    assert [each["scheduledFor"] for each in occurrences] == ["2030-01-04"]


async def test_one_that_does_not_recur_is_completed_with_or_without_its_day(ada: Person) -> None:
    plain, timed = await ada.add_todo(), await ada.add_todo(due={"date": "2030-01-04"})
    assert told(await deal(ada, plain, "complete", "2030-01-04")) == (409, "occurrence_moved_on")
    assert told(await deal(ada, timed, "complete", "2030-01-05")) == (409, "occurrence_moved_on")
    for todo, day in ((plain, None), (timed, "2030-01-04")):
        answer = (await deal(ada, todo, "complete", day)).json()
        assert (answer["completedOccurrence"], answer["todo"]["status"]) == (None, "completed")
        # done is done, and asking again changes nothing
        assert (await deal(ada, todo, "complete", day)).json() == answer
        assert told(await deal(ada, todo, "skip", "2030-01-04")) == (409, "todo_not_recurring")


async def test_of_parallel_completions_of_an_occurrence_exactly_one_succeeds(crew: Crew) -> None:
    todo = await crew.add(**WEEKLY)
    answers = await asyncio.gather(
        *(
            deal(person, todo, verb, "2030-01-04")
            for person in (crew.owner, crew.editor)
            for verb in ("complete", "skip", "complete")
        )
    )
    assert sorted(str(told(answer)) for answer in answers) == [
        str((200, None)),
        *[str((409, "occurrence_moved_on"))] * 5,
    ]
    occurrences = (await crew.viewer.client.get(f"/api/todos/{todo['id']}/occurrences")).json()["items"]
    assert len(occurrences) == 1
    assert (await crew.viewer.client.get(f"/api/todos/{todo['id']}")).json()["due"]["date"] == "2030-01-11"


async def test_its_subtasks_are_open_again_for_the_next_occurrence(ada: Person) -> None:
    todo = await ada.add_todo(**WEEKLY)
    done = await ada.add_todo(parentId=todo["id"], completed=True)
    below = await ada.add_todo(parentId=done["id"], completed=True)
    never, not_yet = await ada.add_todo(parentId=todo["id"]), await ada.add_todo(parentId=todo["id"])
    await ada.client.post(f"/api/todos/{never['id']}/cancel")
    assert (await deal(ada, todo, "complete", "2030-01-04")).status_code == 200
    assert await statuses(ada, todo, done, below, never, not_yet) == ["open", "open", "open", "cancelled", "open"]
    reopened = (await ada.client.get(f"/api/todos/{done['id']}")).json()
    assert (reopened["version"], reopened["completedAt"], reopened["completedBy"]) == (2, None, None)


@pytest.mark.parametrize(
    "rule", ["FREQ=WEEKLY;COUNT=2", "FREQ=WEEKLY;UNTIL=20300111T080000Z", "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=11;COUNT=2"]
)
async def test_a_rule_that_is_exhausted_completes_the_todo_with_all_below_it(ada: Person, rule: str) -> None:
    todo = await ada.add_todo(due=WEEKLY["due"], recurrence={**WEEKLY["recurrence"], "rule": rule})
    child = await ada.add_todo(parentId=todo["id"])
    first = (await deal(ada, todo, "complete", "2030-01-04")).json()["todo"]
    assert (first["status"], first["due"]["date"]) == ("open", "2030-01-11")
    last = (await deal(ada, todo, "complete", "2030-01-11")).json()
    assert last["completedOccurrence"]["scheduledFor"] == "2030-01-11"
    assert (last["todo"]["status"], last["todo"]["completedBy"]) == ("completed", str(ada.user.id))
    assert last["todo"]["due"]["date"] == "2030-01-11"
    assert await statuses(ada, child) == ["completed"]
    for verb in ("complete", "skip"):
        assert told(await deal(ada, todo, verb, "2030-01-11")) == (409, "todo_not_open")


async def test_moving_an_occurrence_uses_up_none_and_another_rule_begins_anew(ada: Person) -> None:
    rule = {**WEEKLY["recurrence"], "rule": "FREQ=WEEKLY;COUNT=2"}
    todo = await ada.add_todo(due=WEEKLY["due"], recurrence=rule)
    path = f"/api/todos/{todo['id']}"
    await deal(ada, todo, "complete", "2030-01-04")
    await ada.client.patch(path, json={"due": {**WEEKLY["due"], "date": "2030-01-12"}})
    assert told(await deal(ada, todo, "complete", "2030-01-11")) == (409, "occurrence_moved_on")
    # the second of two, wherever it was moved to
    assert (await deal(ada, todo, "complete", "2030-01-12")).json()["todo"]["status"] == "completed"
    await ada.client.patch(path, json={"completed": False, "recurrence": rule})
    assert (await deal(ada, todo, "complete", "2030-01-12")).json()["todo"]["due"]["date"] == "2030-01-19"


async def test_from_completion_the_next_one_is_counted_from_the_day_it_was_done(
    ada: Person, clock: SettableClock
) -> None:
    recurrence = {"rule": "FREQ=DAILY;INTERVAL=3", "timeZone": "Europe/Berlin", "anchor": "completion"}
    todo = await ada.add_todo(due=WEEKLY["due"], recurrence=recurrence)
    # in Berlin it is the 21st already
    move_to(clock, "2030-01-20T23:30:00Z", ada)
    assert (await deal(ada, todo, "complete", "2030-01-04")).json()["todo"]["due"]["date"] == "2030-01-24"


@pytest.mark.parametrize("fields", [{"completed": True}, {"status": "completed"}])
async def test_a_patch_names_no_occurrence_and_completes_none(ada: Person, fields: dict[str, Any]) -> None:
    todo = await ada.add_todo(**WEEKLY)
    path = f"/api/todos/{todo['id']}"
    assert told(await ada.client.patch(path, json={"title": "Done", **fields})) == (422, "occurrence_required")
    assert (await ada.client.get(path)).json() == todo
    # one that ends with the same change has no occurrence to name
    ended = (await ada.client.patch(path, json={**fields, "recurrence": None})).json()
    assert (ended["status"], ended["recurrence"], ended["due"]) == ("completed", None, WEEKLY["due"])
    again = await ada.client.patch(path, json={"recurrence": WEEKLY["recurrence"], "completed": False})
    assert again.status_code == 200
    assert told(await ada.client.patch(path, json=fields)) == (422, "occurrence_required")


async def test_what_is_not_open_has_no_occurrence_to_deal_with(ada: Person) -> None:
    todo = await ada.add_todo(**WEEKLY)
    assert (await ada.client.post(f"/api/todos/{todo['id']}/cancel")).json()["status"] == "cancelled"
    for verb in ("complete", "skip"):
        assert told(await deal(ada, todo, verb, "2030-01-04")) == (409, "todo_not_open")
    assert (await ada.client.post(f"/api/todos/{todo['id']}/reopen")).json()["status"] == "open"
    assert (await deal(ada, todo, "complete", "2030-01-04")).status_code == 200


@pytest.mark.parametrize("body", [{"occurrence": "2030-02-30"}, {"occurrence": 1}, {"day": "2030-01-04"}, [], None])
async def test_what_is_no_occurrence_is_refused(ada: Person, body: Any) -> None:
    todo = await ada.add_todo(**WEEKLY)
    for verb in ("complete", "skip"):
        answer = await ada.client.post(f"/api/todos/{todo['id']}/{verb}", content=json.dumps(body), headers=JSON)
        assert told(answer) == (422, "validation_failed")
