"""Due dates: a day is a day whatever the zone, and a time is one on some zone's clock."""

from typing import Any

import pytest

from tests.presentation.http.conftest import People, Person
from tests.presentation.http.shared import told

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("zone", "instant"),
    [
        ("UTC", "2030-01-31T23:59:59Z"),
        ("Pacific/Kiritimati", "2030-01-31T09:59:59Z"),
        ("Etc/GMT+12", "2030-02-01T11:59:59Z"),
        ("Europe/Berlin", "2030-01-31T22:59:59Z"),
    ],
)
async def test_a_day_alone_stays_that_day_and_ends_where_its_author_lives(
    people: People, zone: str, instant: str
) -> None:
    person = await people.make(time_zone=zone)
    todo = await person.add_todo(due={"date": "2030-01-31"})
    assert todo["due"] == {"date": "2030-01-31", "time": None, "timeZone": None}
    assert todo["dueAt"] == instant
    # or where it says
    own = await person.add_todo(due={"date": "2030-01-31", "timeZone": "America/New_York"})
    assert (own["due"]["date"], own["dueAt"]) == ("2030-01-31", "2030-02-01T04:59:59Z")
    moved = await person.client.patch(f"/api/todos/{own['id']}", json={"due": {"date": "2030-01-31", "time": None}})
    assert (moved.json()["due"]["timeZone"], moved.json()["dueAt"]) == (None, instant)


async def test_a_time_is_read_by_its_own_zone_whoever_sends_it(people: People) -> None:
    person = await people.make(time_zone="Pacific/Kiritimati")
    todo = await person.add_todo(due={"date": "2030-07-01", "time": "09:30", "timeZone": "Europe/Berlin"})
    assert todo["due"] == {"date": "2030-07-01", "time": "09:30:00", "timeZone": "Europe/Berlin"}
    assert todo["dueAt"] == "2030-07-01T07:30:00Z"


@pytest.mark.parametrize(
    "due",
    [
        {"date": "2030-01-31", "time": "09:30:00"},
        {"date": "2030-01-31", "time": "09:30:00", "timeZone": None},
        {"date": "2030-01-31", "time": "09:30:00", "timeZone": "Mars/Olympus"},
        {"date": "2030-01-31", "timeZone": "localtime"},
        {"date": "1899-12-31"},
        {"date": "9999-01-01"},
    ],
)
async def test_what_is_no_due_date_is_refused(ada: Person, due: Any) -> None:
    todo = await ada.add_todo(due={"date": "2030-01-31"})
    for answer in (
        await ada.client.post("/api/todos", json={"title": "Buy milk", "due": due}),
        await ada.client.patch(f"/api/todos/{todo['id']}", json={"due": due}),
    ):
        assert told(answer) == (422, "invalid_due")
        assert "Mars" not in answer.text
    assert (await ada.client.get(f"/api/todos/{todo['id']}")).json() == todo


@pytest.mark.parametrize(
    ("due", "path"),
    [
        ({}, ["due", "date"]),
        ({"date": "2030-02-30"}, ["due", "date"]),
        ({"date": "2030-01-31T00:00:00Z"}, ["due", "date"]),
        ({"date": "2030-01-31", "time": "25:00:00", "timeZone": "UTC"}, ["due", "time"]),
        ({"date": "2030-01-31", "time": "09:30:00Z", "timeZone": "UTC"}, ["due", "time"]),
        ("2030-01-31", ["due"]),
    ],
)
async def test_what_is_not_written_as_one_is_told_where(ada: Person, due: Any, path: list[str]) -> None:
    answer = await ada.client.post("/api/todos", json={"title": "Buy milk", "due": due})
    assert told(answer) == (422, "validation_failed")
    assert answer.json()["issues"][0]["path"] == path


async def test_null_clears_it_and_nothing_else_does(ada: Person) -> None:
    due = {"date": "2030-01-31", "time": "09:30:00", "timeZone": "Europe/Berlin"}
    todo = await ada.add_todo(due=due)
    path = f"/api/todos/{todo['id']}"
    for fields in ({"title": "Bread"}, {"completed": True}, {"completed": False, "notes": "Rye"}, {"recurrence": None}):
        kept = (await ada.client.patch(path, json=fields)).json()
        assert (kept["due"], kept["dueAt"]) == (due, "2030-01-31T08:30:00Z"), fields
    cleared = (await ada.client.patch(path, json={"due": None})).json()
    assert (cleared["due"], cleared["dueAt"], cleared["title"], cleared["notes"]) == (None, None, "Bread", "Rye")
