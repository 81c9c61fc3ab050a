"""When a todo is due: a calendar day, or a time on it by the clock of a time zone."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from app.domain.errors import Kind, Refusal
from app.domain.time_zones import find_time_zone

FIRST_DAY: Final = dt.date(1900, 1, 1)
LAST_DAY: Final = dt.date(9998, 12, 31)  # a year short of what an instant can hold: zones and reminders reach past it

_SECOND: Final = dt.timedelta(seconds=1)
_DAY: Final = dt.timedelta(days=1)


class InvalidDue(Refusal):
    """A todo is due on a day from 1900 to 9998; a time on it needs the IANA time zone whose clock shows it."""

    code = "invalid_due"
    title = "Invalid due date"
    kind = Kind.INVALID


def instant_of(day: dt.date, time: dt.time, zone: dt.tzinfo) -> dt.datetime:
    """The instant, in UTC, at which the zone's clock shows this day and time.

    A time that the clock leaps over is read with the offset before the leap; of one that it shows twice, the
    first is meant (RFC 5545 3.3.5).
    """
    return dt.datetime.combine(day, time.replace(fold=0), zone).astimezone(dt.UTC)


@dataclass(frozen=True, slots=True)
class Due:
    """A calendar day, to which a time of day may belong; raises `InvalidDue` for what is none.

    The time zone may stand beside a day alone: it then tells where that day is counted.
    """

    date: dt.date
    time: dt.time | None = None
    time_zone: str | None = None

    def __post_init__(self) -> None:
        if not FIRST_DAY <= self.date <= LAST_DAY:
            raise InvalidDue(f"The date must lie between {FIRST_DAY} and {LAST_DAY}")
        if self.time is not None and self.time.tzinfo is not None:
            raise InvalidDue("The time is one on the clock and has no UTC offset")
        if self.time is not None and self.time_zone is None:
            raise InvalidDue("A time needs a time zone")
        if self.time_zone is not None and find_time_zone(self.time_zone) is None:
            raise InvalidDue("The time zone must be the name of an IANA time zone")

    def instant(self, zone: dt.tzinfo) -> dt.datetime:
        """The one instant, in UTC, by which todos are sorted and filtered; `zone` serves a due without its own.

        A day alone stands for its last second: it is overdue once the day has ended and not before, it comes
        after the times of that day, and it lies between the day's first instant and the next day's.
        """
        own = None if self.time_zone is None else find_time_zone(self.time_zone)
        if self.time is None:
            # the end is told by the next day's beginning: clocks put back at midnight show 23:59:59 twice
            return instant_of(self.date + _DAY, dt.time.min, own or zone) - _SECOND
        return instant_of(self.date, self.time, own or zone)
