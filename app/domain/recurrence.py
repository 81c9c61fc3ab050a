"""How a todo repeats: from one occurrence to the next, by the calendar and the clock of its own time zone.

A rule is worked out on calendar days, and the time on them is the due's own: no instant is added to, so nothing
slides when clocks change. A period is computed and not walked to, and the search ends where the calendar repeats:
dateutil, with which the outcome agrees, looks for the 30th of February until the year 9999.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final

from app.domain.due import LAST_DAY, Due
from app.domain.rrule import Frequency, InvalidRecurrence, Rule
from app.domain.time_zones import find_time_zone

_CYCLE: Final = 146_097  # days in 400 years, after which dates fall on the same weekdays again
_WEEK: Final = 7
_FEBRUARY: Final = 2
_COMMON_YEAR: Final = 2001


class Anchor(StrEnum):
    """What the next occurrence is counted from: the one on schedule, or the day on which it was done."""

    SCHEDULE = "schedule"
    COMPLETION = "completion"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule, what it is counted from, and the time zone by whose clock it goes."""

    rule: Rule
    anchor: Anchor
    time_zone: str

    def check(self, due: Due | None) -> None:
        """Refuse what cannot be worked out for this due; raises `InvalidRecurrence`."""
        if find_time_zone(self.time_zone) is None:
            raise InvalidRecurrence("The recurrence's time zone must be the name of an IANA time zone")
        if due is None:
            raise InvalidRecurrence("A todo that recurs needs a due date")
        if due.time_zone not in {None, self.time_zone}:
            raise InvalidRecurrence("The recurrence and the due date must have the same time zone")
        _check_until(self.rule, due)

    def next_due(self, due: Due, *, start: date, used: int, at: datetime) -> Due | None:
        """When the todo is due after its occurrence `due` was completed or skipped `at` this instant.

        On schedule it is the next one of the series from `start`, even where that has gone by as well: each missed
        occurrence is to be completed or skipped. From completion the rule starts anew on the day it is then in the
        recurrence's time zone, and only the occurrence just done is passed over: it may come earlier than `due`
        where that was done ahead of its time. `start` and `used` are those of `next_after`, whose None and whose
        `InvalidRecurrence` this gives too.
        """
        self.check(due)
        if self.anchor is Anchor.SCHEDULE:
            return next_after(self.rule, due, start=start, used=used)
        day = at.astimezone(find_time_zone(self.time_zone)).date()
        found = next_after(self.rule, replace(due, date=day), start=day, used=used)
        # the same day again would let a repeated request complete what has not come yet
        return next_after(self.rule, due, start=day, used=used) if found == due else found


def next_after(rule: Rule, due: Due, *, start: date, used: int) -> Due | None:
    """The rule's first occurrence on a later day than `due`, at the same time; None when it is exhausted.

    From `start` intervals are counted, and its weekday, day and month serve where the rule names none; while the
    rule alone moves the due, any earlier occurrence serves as well as the first. `used` counts the occurrences up
    to and with `due`, the series' first included, for COUNT. What would come after more than 400 years, or after
    `LAST_DAY`, does not come. Raises `InvalidRecurrence` when UNTIL is not of the due's kind.
    """
    _check_until(rule, due)
    if rule.count is not None and used >= rule.count:
        return None
    last = date.fromordinal(min(due.date.toordinal() + _CYCLE, LAST_DAY.toordinal()))
    for day in _days_from(rule, start, due.date, last):
        if day > last:
            break
        if day > due.date and day >= start:
            found = replace(due, date=day)
            return None if _is_over(rule, found) else found
    return None


def _check_until(rule: Rule, due: Due) -> None:
    # RFC 5545 3.3.10: a day for what has a day, an instant for what has a time
    if rule.until is None or isinstance(rule.until, datetime) is (due.time is not None):
        return
    if due.time is None:
        raise InvalidRecurrence("UNTIL must be a day, such as 20301231, where the due date has no time")
    raise InvalidRecurrence("UNTIL must be an instant, such as 20301231T120000Z, where the due date has a time")


def _is_over(rule: Rule, due: Due) -> bool:
    if isinstance(rule.until, datetime):
        return due.instant(UTC) > rule.until
    return rule.until is not None and due.date > rule.until


def _days_from(rule: Rule, start: date, after: date, last: date) -> Iterator[date]:
    """The rule's days in order, from the period in which `after` lies, or from the first one, to that of `last`."""
    match rule.frequency:
        case Frequency.DAILY:
            return _daily(rule, start, after, last)
        case Frequency.WEEKLY:
            return _weekly(rule, start, after, last)
        case _:
            return _monthly(rule, start, after, last)


def _periods(first: int, now: int, last: int, interval: int) -> range:
    """Every `interval`th number counted from `first`, beginning with the last one that is not beyond `now`."""
    return range(first + max(0, now - first) // interval * interval, last + 1, interval)


def _daily(rule: Rule, start: date, after: date, last: date) -> Iterator[date]:
    weekdays = {day.weekday for day in rule.by_day} or set(range(_WEEK))
    if rule.interval % _WEEK == 0 and start.weekday() not in weekdays:
        return  # it falls on the same weekday for ever
    for number in _periods(start.toordinal(), after.toordinal(), last.toordinal(), rule.interval):
        if (number - 1) % _WEEK in weekdays:
            day = date.fromordinal(number)
            if _in_month(rule, day):
                yield day


def _weekly(rule: Rule, start: date, after: date, last: date) -> Iterator[date]:
    offsets = sorted({(day.weekday - rule.week_start) % _WEEK for day in rule.by_day})
    lead = (start.weekday() - rule.week_start) % _WEEK
    first = start.toordinal() - lead
    for number in _periods(first, after.toordinal(), last.toordinal(), rule.interval * _WEEK):
        for offset in offsets or [lead]:
            day = date.fromordinal(number + offset)
            if _in_month(rule, day):
                yield day


def _monthly(rule: Rule, start: date, after: date, last: date) -> Iterator[date]:
    months = rule.by_month or range(1, 13)
    lengths = {monthrange(_COMMON_YEAR, month)[1] for month in months}
    shapes = _WEEK * (len(lengths) + (_FEBRUARY in months))  # February has another length in leap years
    known: dict[tuple[int, int], list[int]] = {}
    for year, month in _months(rule, start, after, last):
        shape = monthrange(year, month)
        if shape not in known:
            known[shape] = _days_of_month(rule, start, *shape)
            if len(known) == shapes and not any(known.values()):
                return  # no month that there can be has such a day
        for day in known[shape]:
            yield date(year, month, day)


def _months(rule: Rule, start: date, after: date, last: date) -> Iterator[tuple[int, int]]:
    if rule.frequency is Frequency.YEARLY:
        for year in _periods(start.year, after.year, last.year, rule.interval):
            for month in rule.by_month or (start.month,):
                yield year, month
        return
    first, now, end = (day.year * 12 + day.month - 1 for day in (start, after, last))
    for period in _periods(first, now, end, rule.interval):
        if not rule.by_month or period % 12 + 1 in rule.by_month:
            yield period // 12, period % 12 + 1


def _in_month(rule: Rule, day: date) -> bool:
    return not rule.by_month or day.month in rule.by_month


def _days_of_month(rule: Rule, start: date, first_weekday: int, length: int) -> list[int]:
    """The days that the rule means in a month of this length that begins on this weekday."""
    days = set(range(1, length + 1))
    if rule.by_month_day:
        days &= {day if day > 0 else length + 1 + day for day in rule.by_month_day}
    if rule.by_day:
        named: set[int] = set()
        for each in rule.by_day:
            weekdays = range(1 + (each.weekday - first_weekday) % _WEEK, length + 1, _WEEK)
            if not each.ordinal:
                named.update(weekdays)
            elif abs(each.ordinal) <= len(weekdays):
                named.add(weekdays[each.ordinal - (each.ordinal > 0)])
        days &= named
    if not rule.by_month_day and not rule.by_day:
        days &= {start.day}
    ordered = sorted(days)
    if not rule.by_set_pos:
        return ordered
    positions = {position - (position > 0) for position in rule.by_set_pos}
    return sorted({ordered[position] for position in positions if -len(ordered) <= position < len(ordered)})
