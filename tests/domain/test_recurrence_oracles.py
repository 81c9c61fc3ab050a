"""Expansion against two others, and against the clock."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import islice, pairwise
from time import thread_time
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.due import LAST_DAY, Due
from app.domain.recurrence import next_after
from app.domain.rrule import Frequency, Rule
from tests.domain.rules import days_of, rules

_STARTS = st.dates(date(1990, 1, 1), date(2050, 12, 31)) | st.sampled_from(
    [date(2024, 2, 29), date(2096, 2, 29), date(2023, 12, 31), date(2026, 1, 31), date(2027, 1, 1)]
)
_WINDOW = {Frequency.DAILY: 400, Frequency.WEEKLY: 600, Frequency.MONTHLY: 1_500, Frequency.YEARLY: 4_500}
_BUDGET = 0.010


def expanded(rule: Rule, start: date, end: date) -> Iterator[date]:
    due = next_after(rule, Due(start), start=start, used=1)
    while due is not None and due.date <= end:
        yield due.date
        due = next_after(rule, due, start=start, used=1)


@settings(deadline=None, max_examples=200)
@given(rule=rules(bounded=False), start=_STARTS)
def test_a_series_has_the_days_that_a_look_at_each_day_finds_and_dateutil_finds(rule: Rule, start: date) -> None:
    end = start + timedelta(days=_WINDOW[rule.frequency])
    expected = [day for day in days_of(rule, start, end) if day > start][:30]
    whole = len(expected) < 30
    assert list(islice(expanded(rule, start, end), None if whole else 30)) == expected
    if len({day.ordinal == 0 for day in rule.by_day}) < 2:  # of MO,1FR dateutil takes the days that are both
        moments = rrulestr(str(rule), dtstart=datetime.combine(start, time.min))
        # no further than there is something to find: it may look until the year 9999
        found = [moment.date() for moment in islice(moments, len(expected)) if moment.date() > start]
        assert found == expected[: len(found)]
        assert len(found) >= len(expected) - 1


@settings(deadline=None, max_examples=80)
@given(rule=rules(bounded=False), start=_STARTS)
def test_an_earlier_occurrence_serves_as_well_as_the_first_to_count_intervals_from(rule: Rule, start: date) -> None:
    found = list(islice(expanded(rule, start, LAST_DAY), 4))
    for due, following in pairwise(found):
        assert next_after(rule, Due(due), start=due, used=1) == Due(following)


@settings(deadline=None, max_examples=80)
@given(rule=rules(), start=_STARTS, used=st.integers(1, 12))
def test_an_end_only_cuts_the_series(rule: Rule, start: date, used: int) -> None:
    due = Due(start, time(9), "Europe/Berlin") if isinstance(rule.until, datetime) else Due(start)
    whole = next_after(replace(rule, count=None, until=None), due, start=start, used=used)
    over = rule.count is not None and used >= rule.count
    if whole is not None and isinstance(rule.until, datetime):
        over = datetime.combine(whole.date, time(9), ZoneInfo("Europe/Berlin")) > rule.until
    elif whole is not None and rule.until is not None:
        over = whole.date > rule.until
    assert next_after(rule, due, start=start, used=used) == (None if over else whole)


HOSTILE = [
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYMONTHDAY=1;BYDAY=5MO,5TU,5WE,5TH,5FR,5SA,5SU",
    "FREQ=YEARLY;INTERVAL=97;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
    "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30,31,-30,-31",
    "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30;INTERVAL=7",
    "FREQ=MONTHLY;BYDAY=5MO;BYSETPOS=366",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=" + ",".join(map(str, range(40, 140))),
    "FREQ=MONTHLY;BYDAY=" + ",".join(f"{number}MO" for number in range(6, 54)),
    "FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=2MO,3TU,4WE,5TH,-1FR",
    "FREQ=MONTHLY;INTERVAL=12;BYMONTH=3",
    "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
    "FREQ=DAILY;INTERVAL=7;BYDAY=MO;BYMONTH=2",
    "FREQ=DAILY;INTERVAL=365;BYMONTH=10",
    "FREQ=DAILY;INTERVAL=1000;BYMONTH=2;BYDAY=MO",
    "FREQ=WEEKLY;INTERVAL=52;BYMONTH=6",
    "FREQ=WEEKLY;INTERVAL=1000;BYMONTH=2;BYDAY=MO",
]


def cost(text: str, start: date) -> float:
    """Seconds of this thread to read the rule and find what comes next, the least of three runs."""

    def once() -> float:
        begun = thread_time()
        rule = Rule.parse(text)
        next_after(rule, Due(start + timedelta(days=30_000)), start=start, used=1)
        return thread_time() - begun

    return min(once() for _ in range(3))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("start", [date(1900, 1, 2), date(2024, 2, 29), date(2026, 11, 22)])
def test_a_rule_that_hardly_ever_occurs_costs_little(text: str, start: date) -> None:
    assert cost(text, start) < _BUDGET


@settings(deadline=None, max_examples=100)
@given(rule=rules(bounded=False), start=_STARTS)
def test_so_does_any_rule(rule: Rule, start: date) -> None:
    assert cost(str(rule), start) < _BUDGET
