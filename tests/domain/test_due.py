from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.due import FIRST_DAY, LAST_DAY, Due, InvalidDue, instant_of

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "America/Havana",
    "Pacific/Kiritimati",
    "Etc/GMT+12",
    "Asia/Manila",
]


@pytest.mark.parametrize(
    ("day", "at", "zone", "instant"),
    [
        # shown once
        (date(2025, 7, 1), time(9), "Europe/Berlin", "2025-07-01T07:00:00"),
        (date(2025, 7, 1), time(9, 0, 30), "Africa/Casablanca", "2025-07-01T08:00:30"),
        # leapt over: 02:00 to 03:00, 02:00 to 02:30, 00:00 to 01:00, and a whole day
        (date(2025, 3, 30), time(2, 30), "Europe/Berlin", "2025-03-30T01:30:00"),
        (date(2025, 3, 9), time(2, 30), "America/New_York", "2025-03-09T07:30:00"),
        (date(2025, 10, 5), time(2, 15), "Australia/Lord_Howe", "2025-10-04T15:45:00"),
        (date(2018, 11, 4), time(0, 30), "America/Sao_Paulo", "2018-11-04T03:30:00"),
        (date(2011, 12, 30), time(9), "Pacific/Apia", "2011-12-30T19:00:00"),
        # shown twice
        (date(2025, 10, 26), time(2, 30), "Europe/Berlin", "2025-10-26T00:30:00"),
        (date(2025, 11, 2), time(1, 30), "America/New_York", "2025-11-02T05:30:00"),
        (date(2025, 4, 6), time(1, 45), "Australia/Lord_Howe", "2025-04-05T14:45:00"),
        (date(2018, 2, 17), time(23, 30), "America/Sao_Paulo", "2018-02-18T01:30:00"),
        (date(2025, 11, 2), time(1, 30, fold=1), "America/New_York", "2025-11-02T05:30:00"),
    ],
)
def test_a_time_is_read_by_the_clock_of_its_zone(day: date, at: time, zone: str, instant: str) -> None:
    # the viewer's zone has no say in it
    assert Due(day, at, zone).instant(ZoneInfo("Asia/Tokyo")) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (date(2025, 7, 1), "Europe/Berlin", "2025-07-01T21:59:59"),
        (date(2025, 7, 1), "Pacific/Kiritimati", "2025-07-01T09:59:59"),
        (date(2025, 7, 1), "Etc/GMT+12", "2025-07-02T11:59:59"),
        # the next day begins with a leap, and the day itself ends twice
        (date(2018, 11, 3), "America/Sao_Paulo", "2018-11-04T02:59:59"),
        (date(2018, 2, 17), "America/Sao_Paulo", "2018-02-18T02:59:59"),
        # the 30th was left out
        (date(2011, 12, 29), "Pacific/Apia", "2011-12-30T09:59:59"),
        (date(2011, 12, 30), "Pacific/Apia", "2011-12-30T09:59:59"),
        (date(2011, 12, 31), "Pacific/Apia", "2011-12-31T09:59:59"),
    ],
)
def test_a_day_alone_stands_for_its_last_second_in_the_zone_it_is_counted_in(
    day: date, zone: str, instant: str
) -> None:
    expected = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert Due(day).instant(ZoneInfo(zone)) == expected
    assert Due(day, time_zone=zone).instant(ZoneInfo("Asia/Tokyo")) == expected


def test_a_day_alone_is_overdue_when_it_has_ended_and_not_before() -> None:
    due = Due(date(2025, 7, 1)).instant(BERLIN)
    assert due > datetime(2025, 7, 1, 23, 59, 58, tzinfo=BERLIN)
    assert due < datetime(2025, 7, 2, tzinfo=BERLIN)


@settings(deadline=None, max_examples=300)
@given(day=st.dates(FIRST_DAY, LAST_DAY), at=st.times(), name=st.sampled_from(ZONES))
@example(FIRST_DAY, time.min, "Pacific/Kiritimati")
@example(LAST_DAY, time.max, "Etc/GMT+12")
def test_every_due_has_an_instant_on_its_day(day: date, at: time, name: str) -> None:
    zone = ZoneInfo(name)
    begin, end = instant_of(day, time.min, zone), instant_of(day + timedelta(days=1), time.min, zone)
    whole, timed = Due(day).instant(zone), Due(day, at, name).instant(zone)
    assert whole == end - timedelta(seconds=1)
    assert begin <= timed <= end + timedelta(hours=1)  # a time leapt over at midnight falls behind the leap
    assert whole.utcoffset() == timed.utcoffset() == timedelta()
    # the clock shows the time that was asked for, unless it never does
    shown = timed.astimezone(zone).replace(tzinfo=None)
    assert shown == datetime.combine(day, at) or timed.astimezone(zone).utcoffset() != _offset_before(timed, zone)
    if day < LAST_DAY:
        assert whole <= Due(day + timedelta(days=1)).instant(zone)


def _offset_before(instant: datetime, zone: ZoneInfo) -> timedelta | None:
    return (instant - timedelta(days=1)).astimezone(zone).utcoffset()


@pytest.mark.parametrize(
    ("day", "at", "zone", "words"),
    [
        (date(1899, 12, 31), None, None, "between 1900-01-01 and 9998-12-31"),
        (date(9999, 1, 1), None, None, "between 1900-01-01 and 9998-12-31"),
        (date(2025, 7, 1), time(9), None, "needs a time zone"),
        (date(2025, 7, 1), time(9), "Mars/Olympus", "IANA"),
        (date(2025, 7, 1), None, "Mars/Olympus", "IANA"),
        (date(2025, 7, 1), time(9, tzinfo=UTC), "UTC", "no UTC offset"),
        (date(2025, 7, 1), time(9, tzinfo=timezone(timedelta(hours=2))), "UTC", "no UTC offset"),
    ],
)
def test_what_is_no_due_is_refused_without_repeating_it(
    day: date, at: time | None, zone: str | None, words: str
) -> None:
    with pytest.raises(InvalidDue, match=words) as refused:
        Due(day, at, zone)
    assert "Mars" not in refused.value.detail
