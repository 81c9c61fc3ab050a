from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from app.domain.due import LAST_DAY, Due
from app.domain.recurrence import Anchor, Recurrence, next_after
from app.domain.rrule import InvalidRecurrence, Rule


def series(rule: str, first: Due) -> Iterator[Due]:
    due: Due | None = first
    used = 0
    while due is not None:
        yield due
        used += 1
        due = next_after(Rule.parse(rule), due, start=first.date, used=used)


def days(rule: str, first: str, most: int = 6) -> list[str]:
    return [due.date.isoformat() for due in islice(series(rule, Due(date.fromisoformat(first))), most)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=DAILY", "2026-01-30 2026-01-31 2026-02-01"),
        ("FREQ=DAILY;INTERVAL=3", "2026-01-30 2026-02-02 2026-02-05"),
        ("FREQ=DAILY;BYDAY=MO,FR", "2026-01-30 2026-02-02 2026-02-06"),
        ("FREQ=DAILY;BYMONTH=3", "2026-01-30 2026-03-01 2026-03-02"),
        ("FREQ=WEEKLY", "2026-01-30 2026-02-06 2026-02-13"),
        ("FREQ=WEEKLY;BYDAY=MO,FR", "2026-01-30 2026-02-02 2026-02-06"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,FR", "2026-01-30 2026-02-01 2026-02-13 2026-02-15"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,FR;WKST=SU", "2026-01-30 2026-02-08 2026-02-13 2026-02-22"),
        ("FREQ=MONTHLY;BYMONTHDAY=1", "2026-01-30 2026-02-01 2026-03-01"),
        ("FREQ=MONTHLY;BYDAY=MO,1FR", "2026-01-30 2026-02-02 2026-02-06 2026-02-09"),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "2026-01-30 2026-02-13 2026-03-13 2026-11-13"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-01-30 2026-02-27 2026-03-31"),
        ("FREQ=MONTHLY;BYDAY=5MO", "2026-01-30 2026-03-30 2026-06-29"),
        ("FREQ=YEARLY", "2026-01-30 2027-01-30 2028-01-30"),
        ("FREQ=YEARLY;BYMONTH=1,3", "2026-01-30 2026-03-30 2027-01-30"),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "2026-01-30 2026-11-26 2027-11-25"),
    ],
)
def test_a_series_follows_its_rule(rule: str, expected: str) -> None:
    wanted = expected.split()
    assert days(rule, "2026-01-30", len(wanted)) == wanted


def test_monthly_on_the_31st_skips_short_months() -> None:
    expected = ["2026-01-31", "2026-03-31", "2026-05-31", "2026-07-31", "2026-08-31", "2026-10-31"]
    assert days("FREQ=MONTHLY", "2026-01-31") == expected
    assert days("FREQ=MONTHLY;BYMONTHDAY=31", "2026-01-31") == expected


def test_the_last_day_of_the_month_is_that_of_each() -> None:
    expected = ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]
    assert days("FREQ=MONTHLY;BYMONTHDAY=-1", "2027-12-31", 5) == expected


def test_the_29th_of_february_comes_in_leap_years_alone() -> None:
    assert days("FREQ=YEARLY", "2088-02-29", 5) == [
        "2088-02-29",
        "2092-02-29",
        "2096-02-29",
        "2104-02-29",
        "2108-02-29",
    ]
    assert days("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "2072-02-29", 2) == ["2072-02-29", "2112-02-29"]
    assert days("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "2073-01-01", 2) == ["2073-01-01", "2112-02-29"]


def test_a_first_day_outside_of_the_rule_counts_as_the_first_occurrence() -> None:
    assert days("FREQ=WEEKLY;BYDAY=MO;COUNT=3", "2026-01-30") == ["2026-01-30", "2026-02-02", "2026-02-09"]


@pytest.mark.parametrize(("rule", "number"), [("FREQ=DAILY;COUNT=1", 1), ("FREQ=DAILY;COUNT=4", 4)])
def test_a_series_ends_with_its_count(rule: str, number: int) -> None:
    assert len(days(rule, "2026-01-30", 10)) == number


def test_a_series_of_days_ends_with_the_day_until_which_it_goes() -> None:
    assert days("FREQ=DAILY;UNTIL=20260201", "2026-01-30") == ["2026-01-30", "2026-01-31", "2026-02-01"]
    assert days("FREQ=DAILY;UNTIL=20200101", "2026-01-30") == ["2026-01-30"]


@pytest.mark.parametrize(
    ("until", "number"),
    [("20260201T080000Z", 3), ("20260201T075959Z", 2), ("20260201T080001Z", 3), ("20250101T000000Z", 1)],
)
def test_a_series_of_times_ends_with_the_instant_until_which_it_goes(until: str, number: int) -> None:
    nine_in_berlin = Due(date(2026, 1, 30), time(9), "Europe/Berlin")
    assert len(list(islice(series(f"FREQ=DAILY;UNTIL={until}", nine_in_berlin), 10))) == number


@pytest.mark.parametrize(
    ("first", "rule", "instants"),
    [
        # the clock leaps from 02:00 to 03:00: half past two is told by the offset before
        (
            Due(date(2025, 3, 29), time(2, 30), "Europe/Berlin"),
            "FREQ=DAILY",
            "2025-03-29T01:30Z 2025-03-30T01:30Z 2025-03-31T00:30Z",
        ),
        # and shows half past two twice: the first is meant
        (
            Due(date(2025, 10, 25), time(2, 30), "Europe/Berlin"),
            "FREQ=DAILY",
            "2025-10-25T00:30Z 2025-10-26T00:30Z 2025-10-27T01:30Z",
        ),
        (
            Due(date(2025, 11, 1), time(1, 30), "America/New_York"),
            "FREQ=DAILY",
            "2025-11-01T05:30Z 2025-11-02T05:30Z 2025-11-03T06:30Z",
        ),
        (
            Due(date(2025, 3, 2), time(2, 30), "America/New_York"),
            "FREQ=WEEKLY",
            "2025-03-02T07:30Z 2025-03-09T07:30Z 2025-03-16T06:30Z",
        ),
        # by half an hour only
        (
            Due(date(2025, 10, 4), time(2, 15), "Australia/Lord_Howe"),
            "FREQ=DAILY",
            "2025-10-03T15:45Z 2025-10-04T15:45Z 2025-10-05T15:15Z",
        ),
        (
            Due(date(2025, 4, 5), time(1, 45), "Australia/Lord_Howe"),
            "FREQ=DAILY",
            "2025-04-04T14:45Z 2025-04-05T14:45Z 2025-04-06T15:15Z",
        ),
        # the 30th of December was left out: its nine o'clock is that of the next day
        (
            Due(date(2011, 12, 29), time(9), "Pacific/Apia"),
            "FREQ=DAILY",
            "2011-12-29T19:00Z 2011-12-30T19:00Z 2011-12-30T19:00Z 2011-12-31T19:00Z",
        ),
        # no midnight on the 4th
        (
            Due(date(2018, 11, 3), time(0), "America/Sao_Paulo"),
            "FREQ=DAILY",
            "2018-11-03T03:00Z 2018-11-04T03:00Z 2018-11-05T02:00Z",
        ),
        # summer time is suspended for Ramadan
        (
            Due(date(2024, 2, 20), time(9), "Africa/Casablanca"),
            "FREQ=MONTHLY;BYMONTHDAY=20",
            "2024-02-20T08:00Z 2024-03-20T09:00Z 2024-04-20T08:00Z",
        ),
        # the zone's midnight, on another day in UTC
        (
            Due(date(2025, 3, 31), time(0), "Pacific/Kiritimati"),
            "FREQ=MONTHLY",
            "2025-03-30T10:00Z 2025-05-30T10:00Z 2025-07-30T10:00Z",
        ),
    ],
)
def test_a_time_stays_what_it_is_on_the_clock_when_clocks_change(first: Due, rule: str, instants: str) -> None:
    expected = [datetime.fromisoformat(instant) for instant in instants.split()]
    found = list(islice(series(rule, first), len(expected)))
    assert [due.instant(UTC) for due in found] == expected
    assert {(due.time, due.time_zone) for due in found} == {(first.time, first.time_zone)}


def test_nothing_recurs_beyond_the_last_day_that_a_todo_can_be_due() -> None:
    for rule in ("FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SU", "FREQ=MONTHLY", "FREQ=YEARLY", "FREQ=YEARLY;INTERVAL=1000"):
        assert days(rule, LAST_DAY.isoformat()) == [LAST_DAY.isoformat()]
    assert days("FREQ=DAILY", "9998-12-30") == ["9998-12-30", "9998-12-31"]
    late = Due(LAST_DAY, time(23, 59), "Etc/GMT+12")
    assert next_after(Rule.parse("FREQ=DAILY;UNTIL=99991231T235959Z"), late, start=late.date, used=1) is None


def test_nor_after_more_than_four_hundred_years() -> None:
    assert days("FREQ=YEARLY;INTERVAL=400", "2026-01-30", 2) == ["2026-01-30", "2426-01-30"]
    assert days("FREQ=YEARLY;INTERVAL=401", "2026-01-30", 2) == ["2026-01-30"]


def test_the_interval_is_counted_from_the_start_though_an_occurrence_was_moved() -> None:
    rule = Rule.parse("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR")
    moved = Due(date(2026, 2, 16))  # from Friday the 13th to the Monday of a week in between
    assert next_after(rule, moved, start=date(2026, 1, 30), used=2) == Due(date(2026, 2, 27))


def test_nothing_comes_before_the_start() -> None:
    rule = Rule.parse("FREQ=WEEKLY;BYDAY=MO,FR")
    assert next_after(rule, Due(date(2026, 1, 1)), start=date(2026, 1, 30), used=1) == Due(date(2026, 1, 30))


ON_SCHEDULE = Recurrence(Rule.parse("FREQ=WEEKLY"), Anchor.SCHEDULE, "Europe/Berlin")


def completed(recurrence: Recurrence, due: Due, at: str, used: int = 1) -> Due | None:
    return recurrence.next_due(due, start=due.date, used=used, at=datetime.fromisoformat(at))


def test_on_schedule_each_missed_occurrence_comes_in_its_turn() -> None:
    friday = Due(date(2026, 1, 30))
    assert completed(ON_SCHEDULE, friday, "2026-01-28T12:00Z") == Due(date(2026, 2, 6))
    assert completed(ON_SCHEDULE, friday, "2026-03-15T12:00Z") == Due(date(2026, 2, 6))


@pytest.mark.parametrize(
    ("rule", "at", "expected"),
    [
        ("FREQ=DAILY;INTERVAL=3", "2026-03-15T12:00Z", "2026-03-18"),
        # by the clock in Berlin it is the 16th
        ("FREQ=DAILY;INTERVAL=3", "2026-03-15T23:00Z", "2026-03-19"),
        ("FREQ=WEEKLY;BYDAY=MO", "2026-03-18T12:00Z", "2026-03-23"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "2026-03-18T12:00Z", "2026-03-30"),
        ("FREQ=MONTHLY", "2026-03-31T12:00Z", "2026-05-31"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-03-31T12:00Z", "2026-04-30"),
        # ahead of its time
        ("FREQ=DAILY;INTERVAL=3", "2026-01-20T12:00Z", "2026-01-23"),
        # the rule names the very occurrence that was just done
        ("FREQ=DAILY", "2026-01-29T12:00Z", "2026-01-31"),
        ("FREQ=DAILY;INTERVAL=3", "2026-01-27T12:00Z", "2026-02-02"),
    ],
)
def test_from_completion_the_rule_starts_anew_on_the_day_it_is_in_its_zone(rule: str, at: str, expected: str) -> None:
    due = Due(date(2026, 1, 30), time(9), "Europe/Berlin")
    recurrence = Recurrence(Rule.parse(rule), Anchor.COMPLETION, "Europe/Berlin")
    assert completed(recurrence, due, at) == Due(date.fromisoformat(expected), time(9), "Europe/Berlin")


def test_from_completion_too_a_series_ends() -> None:
    due = Due(date(2026, 1, 30))
    counted = Recurrence(Rule.parse("FREQ=DAILY;COUNT=2"), Anchor.COMPLETION, "UTC")
    assert completed(counted, due, "2026-03-15T12:00Z", used=1) == Due(date(2026, 3, 16))
    assert completed(counted, due, "2026-03-15T12:00Z", used=2) is None
    until = Recurrence(Rule.parse("FREQ=DAILY;UNTIL=20260315"), Anchor.COMPLETION, "UTC")
    assert completed(until, due, "2026-03-14T12:00Z") == Due(date(2026, 3, 15))
    assert completed(until, due, "2026-03-15T12:00Z") is None
    last = Recurrence(Rule.parse("FREQ=DAILY;UNTIL=20260130"), Anchor.COMPLETION, "UTC")
    assert completed(last, due, "2026-01-29T12:00Z") is None


DAY, TIMED = Due(date(2026, 1, 30)), Due(date(2026, 1, 30), time(9), "Europe/Berlin")


@pytest.mark.parametrize(
    ("rule", "zone", "due", "words"),
    [
        ("FREQ=DAILY", "Mars/Olympus", DAY, "IANA"),
        ("FREQ=DAILY", "UTC", None, "needs a due date"),
        ("FREQ=DAILY", "UTC", TIMED, "same time zone"),
        ("FREQ=DAILY", "UTC", Due(DAY.date, time_zone="Europe/Berlin"), "same time zone"),
        ("FREQ=DAILY;UNTIL=20300101", "Europe/Berlin", TIMED, "UNTIL must be an instant"),
        ("FREQ=DAILY;UNTIL=20300101T000000Z", "Europe/Berlin", DAY, "UNTIL must be a day"),
    ],
)
def test_a_recurrence_that_does_not_go_with_the_due_is_refused(
    rule: str, zone: str, due: Due | None, words: str
) -> None:
    with pytest.raises(InvalidRecurrence, match=words) as refused:
        Recurrence(Rule.parse(rule), Anchor.SCHEDULE, zone).check(due)
    assert "Mars" not in refused.value.detail
    if due is not None:
        with pytest.raises(InvalidRecurrence, match=words):
            completed(Recurrence(Rule.parse(rule), Anchor.COMPLETION, zone), due, "2026-01-30T12:00Z")


@pytest.mark.parametrize("rule", ["FREQ=DAILY;UNTIL=20300101", "FREQ=DAILY;UNTIL=20300101T000000Z", "FREQ=DAILY"])
def test_one_that_does_is_not(rule: str) -> None:
    due = TIMED if rule.endswith("Z") else DAY
    recurrence = Recurrence(Rule.parse(rule), Anchor.SCHEDULE, "Europe/Berlin")
    recurrence.check(due)
    expected = datetime(2026, 1, 31, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    following = completed(recurrence, due, "2026-01-30T12:00Z")
    assert following is not None
    assert following.date == expected.date()
