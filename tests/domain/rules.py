"""Rules at random, and what they mean told in the plainest way: by asking of each day whether it is one of theirs."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from hypothesis import strategies as st

from app.domain.rrule import ByDay, Frequency, Rule

_DAYS = st.dates(date(2024, 1, 1), date(2040, 12, 31))
_UNTILS = _DAYS | st.builds(datetime.combine, _DAYS, st.times().map(lambda at: at.replace(microsecond=0)), st.just(UTC))
_INTERVALS = st.sampled_from([1, 1, 1, 2, 3, 4, 5, 6, 7, 10, 12, 14, 30, 1_000])

T = TypeVar("T", int, ByDay)


@st.composite
def rules(draw: st.DrawFn, *, bounded: bool = True) -> Rule:
    """Any rule there can be; where not `bounded`, one that COUNT and UNTIL leave alone."""
    frequency = draw(st.sampled_from(Frequency))
    in_months = frequency in {Frequency.MONTHLY, Frequency.YEARLY}
    by_month_day: tuple[int, ...] = ()
    ordinals = st.just(0)
    if in_months:
        by_month_day = draw(_some(st.sampled_from([*range(1, 32), *range(-31, 0)]), 4))
        ordinals = st.sampled_from([0, 0, 0, 1, 2, 3, 4, 5, -1, -2, -4, -5])
    by_day = draw(_some(st.builds(ByDay, st.integers(0, 6), ordinals), 5))
    by_month = draw(_some(st.integers(1, 12), 4))
    if frequency is Frequency.YEARLY and (by_day or by_month_day) and not by_month:
        by_month = (draw(st.integers(1, 12)),)
    by_set_pos: tuple[int, ...] = ()
    if frequency is Frequency.MONTHLY and by_day:
        by_set_pos = draw(_some(st.sampled_from([1, 2, 3, 5, 20, 366, -1, -2, -10, -366]), 3))
    return Rule(
        frequency=frequency,
        interval=draw(_INTERVALS),
        count=count if (count := draw(st.none() | st.integers(1, 10_000))) and bounded else None,
        until=draw(_UNTILS) if bounded and count is None and draw(st.booleans()) else None,
        week_start=draw(st.integers(0, 6)),
        by_month=by_month,
        by_month_day=by_month_day,
        by_day=by_day,
        by_set_pos=by_set_pos,
    )


def _some(values: st.SearchStrategy[T], most: int) -> st.SearchStrategy[tuple[T, ...]]:
    return st.just(()) | st.lists(values, max_size=most, unique=True).map(lambda found: tuple(sorted(found)))


def days_of(rule: Rule, start: date, end: date) -> Iterator[date]:
    """Every day from `start` to `end` that the rule names, COUNT and UNTIL aside, found by looking at each of them."""
    day = start
    while day <= end:
        if _is_named(rule, start, day) and _in_period(rule, start, day) and _is_picked(rule, start, day):
            yield day
        day += timedelta(days=1)


def _in_period(rule: Rule, start: date, day: date) -> bool:
    match rule.frequency:
        case Frequency.DAILY:
            return (day - start).days % rule.interval == 0
        case Frequency.WEEKLY:
            return (_week_of(rule, day) - _week_of(rule, start)).days // 7 % rule.interval == 0
        case Frequency.MONTHLY:
            return ((day.year - start.year) * 12 + day.month - start.month) % rule.interval == 0
        case Frequency.YEARLY:
            return (day.year - start.year) % rule.interval == 0


def _week_of(rule: Rule, day: date) -> date:
    while day.weekday() != rule.week_start:
        day -= timedelta(days=1)
    return day


def _is_named(rule: Rule, start: date, day: date) -> bool:
    if rule.by_month and day.month not in rule.by_month:
        return False
    behind = monthrange(day.year, day.month)[1] - day.day
    if rule.by_month_day and not {day.day, -1 - behind} & set(rule.by_month_day):
        return False
    if rule.by_day:
        nth = {0, (day.day - 1) // 7 + 1, -1 - behind // 7}
        return any(each.weekday == day.weekday() and each.ordinal in nth for each in rule.by_day)
    if rule.by_month_day or rule.frequency is Frequency.DAILY:
        return True
    if rule.frequency is Frequency.WEEKLY:
        return day.weekday() == start.weekday()
    # without BYMONTH, a year's day is in the month of the first
    return day.day == start.day and (
        rule.frequency is Frequency.MONTHLY or bool(rule.by_month) or day.month == start.month
    )


def _is_picked(rule: Rule, start: date, day: date) -> bool:
    if not rule.by_set_pos:
        return True
    month = [day.replace(day=number) for number in range(1, monthrange(day.year, day.month)[1] + 1)]
    named = [each for each in month if _is_named(rule, start, each)]
    places = {position - 1 if position > 0 else len(named) + position for position in rule.by_set_pos}
    return day in named and named.index(day) in places
