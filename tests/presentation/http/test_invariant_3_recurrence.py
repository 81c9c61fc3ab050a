"""Invariant 3: a todo recurs by the calendar and the clock of its own zone; rules that are not known are refused."""

from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from app.domain import recurrence
from tests.presentation.http.conftest import Person
from tests.presentation.http.shared import told

pytestmark = pytest.mark.anyio


async def series(person: Person, due: dict[str, Any], rule: str, count: int) -> list[dict[str, Any]]:
    """A todo as it stands before each of so many occurrences is completed, and after the last."""
    zone = due.get("timeZone") or "Europe/Berlin"
    todo = await person.add_todo(due=due, recurrence={"rule": rule, "timeZone": zone})
    found = [todo]
    for _ in range(count):
        body = {"occurrence": found[-1]["due"]["date"]}
        answer = await person.client.post(f"/api/todos/{todo['id']}/complete", json=body)
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["todo"])
    return found


@pytest.mark.parametrize(
    ("day", "at", "zone", "rule", "instants"),
    [
        # into summer time, by a time that is leapt over, and out of it, by one that is shown twice
        ("2025-03-29", "02:30:00", "Europe/Berlin", "FREQ=DAILY", "03-29T01:30 03-30T01:30 03-31T00:30"),
        ("2025-10-25", "02:30:00", "Europe/Berlin", "FREQ=DAILY", "10-25T00:30 10-26T00:30 10-27T01:30"),
        ("2025-03-08", "02:30:00", "America/New_York", "FREQ=DAILY", "03-08T07:30 03-09T07:30 03-10T06:30"),
        ("2025-11-01", "01:30:00", "America/New_York", "FREQ=DAILY", "11-01T05:30 11-02T05:30 11-03T06:30"),
        # half an hour
        ("2025-10-04", "02:15:00", "Australia/Lord_Howe", "FREQ=DAILY", "10-03T15:45 10-04T15:45 10-05T15:15"),
        ("2025-04-05", "01:45:00", "Australia/Lord_Howe", "FREQ=DAILY", "04-04T14:45 04-05T14:45 04-06T15:15"),
        # a day that was left out
        ("2011-12-29", "09:00:00", "Pacific/Apia", "FREQ=DAILY", "12-29T19:00 12-30T19:00 12-30T19:00 12-31T19:00"),
        # no midnight
        ("2018-11-03", "00:00:00", "America/Sao_Paulo", "FREQ=DAILY", "11-03T03:00 11-04T03:00 11-05T02:00"),
        ("2018-02-16", "23:30:00", "America/Sao_Paulo", "FREQ=DAILY", "02-17T01:30 02-18T01:30 02-19T02:30"),
        ("2025-03-23", "09:00:00", "Europe/Berlin", "FREQ=WEEKLY", "03-23T08:00 03-30T07:00 04-06T07:00"),
    ],
)
async def test_a_time_stays_what_it_is_on_the_clock_when_clocks_change(
    ada: Person, day: str, at: str, zone: str, rule: str, instants: str
) -> None:
    expected = [f"{day[:4]}-{instant}:00Z" for instant in instants.split()]
    found = await series(ada, {"date": day, "time": at, "timeZone": zone}, rule, len(expected) - 1)
    assert [todo["dueAt"] for todo in found] == expected
    assert {(todo["due"]["time"], todo["due"]["timeZone"]) for todo in found} == {(at, zone)}
    if rule == "FREQ=DAILY":
        days = [date.fromisoformat(todo["due"]["date"]) for todo in found]
        assert {(later - earlier).days for earlier, later in pairwise(days)} == {1}


@pytest.mark.parametrize(
    ("first", "rule", "days"),
    [
        ("2030-01-31", "FREQ=MONTHLY", "2030-03-31 2030-05-31 2030-07-31 2030-08-31"),
        ("2030-01-31", "FREQ=MONTHLY;BYMONTHDAY=31", "2030-03-31 2030-05-31 2030-07-31 2030-08-31"),
        ("2027-12-31", "FREQ=MONTHLY;BYMONTHDAY=-1", "2028-01-31 2028-02-29 2028-03-31 2028-04-30"),
        ("2028-02-29", "FREQ=YEARLY", "2032-02-29 2036-02-29"),
        ("2030-01-31", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2030-02-28 2030-03-29"),
        ("2030-01-31", "FREQ=MONTHLY;BYDAY=-1TH", "2030-02-28 2030-03-28"),
        ("2030-01-31", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TH;WKST=SU", "2030-02-10 2030-02-14 2030-02-24"),
        ("2030-11-28", "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "2031-11-27 2032-11-25"),
    ],
)
async def test_a_series_follows_the_calendar(ada: Person, first: str, rule: str, days: str) -> None:
    expected = days.split()
    found = await series(ada, {"date": first}, rule, len(expected))
    assert [todo["due"]["date"] for todo in found[1:]] == expected


async def test_a_rule_is_told_in_one_form_and_may_come_in_any(ada: Person) -> None:
    recurring = {"rule": "rrule:byday=th,+1mo;interval=1;freq=monthly;wkst=mo", "timeZone": "UTC"}
    todo = await ada.add_todo(due={"date": "2030-01-31"}, recurrence=recurring)
    expected = {"rule": "FREQ=MONTHLY;BYDAY=1MO,TH", "anchor": "schedule", "timeZone": "UTC"}
    assert todo["recurrence"] == expected


REFUSED = {
    "FREQ=HOURLY": "FREQ",
    "FREQ=SECONDLY": "FREQ",
    "INTERVAL=2": "FREQ",
    "FREQ=DAILY;BYHOUR=9": "made of",
    "FREQ=DAILY;BYMINUTE=0": "made of",
    "FREQ=DAILY;BYSECOND=0": "made of",
    "FREQ=YEARLY;BYYEARDAY=1": "made of",
    "FREQ=YEARLY;BYWEEKNO=20": "made of",
    "FREQ=YEARLY;BYEASTER=0": "made of",
    "FREQ=DAILY;RSCALE=CHINESE": "made of",
    "FREQ=DAILY;DTSTART=20300101": "made of",
    "FREQ=DAILY;FREQ=DAILY": "once",
    "FREQ=DAILY;COUNT=2;UNTIL=20300201": "exclude",
    "FREQ=DAILY;COUNT=0": "COUNT",
    "FREQ=DAILY;COUNT=10001": "COUNT",
    "FREQ=DAILY;INTERVAL=0": "INTERVAL",
    "FREQ=DAILY;INTERVAL=1001": "INTERVAL",
    "FREQ=DAILY;INTERVAL=-1": "INTERVAL",
    "FREQ=DAILY;INTERVAL=1,2": "INTERVAL",
    "FREQ=DAILY;UNTIL=tomorrow": "UNTIL",
    "FREQ=DAILY;UNTIL=20300230": "UNTIL",
    "FREQ=DAILY;UNTIL=20300201T000000Z": "UNTIL must be a day",
    "FREQ=DAILY;WKST=XX": "WKST",
    "FREQ=DAILY;BYDAY=XX": "BYDAY",
    "FREQ=MONTHLY;BYDAY=54MO": "BYDAY",
    "FREQ=WEEKLY;BYDAY=1MO": "BYDAY",
    "FREQ=DAILY;BYMONTH=13": "BYMONTH",
    "FREQ=DAILY;BYMONTHDAY=1": "BYMONTHDAY",
    "FREQ=WEEKLY;BYMONTHDAY=1": "BYMONTHDAY",
    "FREQ=MONTHLY;BYMONTHDAY=32": "BYMONTHDAY",
    "FREQ=MONTHLY;BYMONTHDAY=0": "BYMONTHDAY",
    "FREQ=MONTHLY;BYSETPOS=1": "BYSETPOS",
    "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=1": "BYSETPOS",
    "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367": "BYSETPOS",
    "FREQ=YEARLY;BYDAY=MO": "BYMONTH",
    "FREQ=YEARLY;BYMONTHDAY=1": "BYMONTH",
    "FREQ=DAİLY": "ASCII",
    ";": "made of",
    "FREQ": "FREQ",
}


@pytest.mark.parametrize("rule", REFUSED)
async def test_a_rule_outside_of_what_is_told_is_refused_with_what_is_wrong(ada: Person, rule: str) -> None:
    due, kept = {"date": "2030-01-31"}, await ada.add_todo(due={"date": "2030-01-31"})
    recurring = {"rule": rule, "timeZone": "UTC"}
    made = await ada.client.post("/api/todos", json={"title": "Buy milk", "due": due, "recurrence": recurring})
    changed = await ada.client.patch(f"/api/todos/{kept['id']}", json={"recurrence": recurring})
    for answer in (made, changed):
        assert told(answer) == (422, "invalid_recurrence")
        assert REFUSED[rule] in answer.json()["detail"]
    assert (await ada.client.get("/api/todos")).json()["items"] == [kept]


@pytest.mark.parametrize(
    ("due", "zone", "words"),
    [
        (None, "UTC", "needs a due date"),
        ({"date": "2030-01-31"}, "Mars/Olympus", "IANA"),
        ({"date": "2030-01-31", "time": "09:00", "timeZone": "UTC"}, "Europe/Berlin", "same time zone"),
    ],
)
async def test_a_recurrence_goes_with_its_due_date(ada: Person, due: Any, zone: str, words: str) -> None:
    recurring = {"rule": "FREQ=DAILY", "timeZone": zone}
    answer = await ada.client.post("/api/todos", json={"title": "Buy milk", "due": due, "recurrence": recurring})
    assert told(answer) == (422, "invalid_recurrence")
    assert words in answer.json()["detail"]
    assert "Mars" not in answer.text


async def test_a_todo_that_recurs_keeps_its_due_date_until_both_go(ada: Person) -> None:
    daily = {"rule": "FREQ=DAILY", "timeZone": "UTC"}
    todo = await ada.add_todo(due={"date": "2030-01-31"}, recurrence=daily)
    path = f"/api/todos/{todo['id']}"
    assert told(await ada.client.patch(path, json={"due": None})) == (422, "invalid_recurrence")
    both = (await ada.client.patch(path, json={"due": None, "recurrence": None})).json()
    assert (both["due"], both["dueAt"], both["recurrence"]) == (None, None, None)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30,31,-30,-31",
        "FREQ=YEARLY;INTERVAL=97;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
        "FREQ=MONTHLY;BYDAY=" + ",".join(f"{number}MO" for number in range(6, 54)),
        "FREQ=DAILY;INTERVAL=1000;BYMONTH=2;BYDAY=MO",
    ],
)
async def test_a_rule_that_hardly_ever_occurs_is_looked_for_in_few_steps(
    ada: Person, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    steps = 0
    periods = recurrence._periods  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] -- what a search walks along

    def counted(first: int, now: int, last: int, interval: int) -> range:
        nonlocal steps
        found = periods(first, now, last, interval)
        steps += len(found)
        return found

    monkeypatch.setattr(recurrence, "_periods", counted)
    await series(ada, {"date": "2030-01-31"}, rule, 1)
    # 400 years of months at the most, of which the calendar knows no others
    assert 0 < steps <= 400 * 12 + 1
