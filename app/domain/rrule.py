"""Recurrence rules as text: the part of RFC 5545's RRULE that its readers agree on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from app.domain.errors import Kind, Refusal

RULE_MAX: Final = 500
INTERVAL_MAX: Final = 1_000
COUNT_MAX: Final = 10_000

_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_PARTS: Final = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS")
_NUMBERS: Final[Mapping[str, tuple[re.Pattern[str], int]]] = {
    "INTERVAL": (re.compile(r"\d+"), INTERVAL_MAX),
    "COUNT": (re.compile(r"\d+"), COUNT_MAX),
    "BYMONTH": (re.compile(r"\d{1,2}"), 12),
    "BYMONTHDAY": (re.compile(r"[+-]?\d{1,2}"), 31),
    "BYSETPOS": (re.compile(r"[+-]?\d{1,3}"), 366),
}
_BY_DAY: Final = re.compile(r"([+-]?\d{1,2})?([A-Z]{2})")
_ORDINAL_MAX: Final = 53
_UNTIL_DAY: Final = re.compile(r"\d{8}")
_UNTIL_INSTANT: Final = re.compile(r"\d{8}T(?!24)\d{6}Z")


class InvalidRecurrence(Refusal):
    """The rule is outside of what todos repeat by, or does not go with the due date.

    Accepted of RFC 5545 are FREQ (DAILY, WEEKLY, MONTHLY, YEARLY), INTERVAL, COUNT or UNTIL, WKST, BYMONTH, BYDAY,
    BYMONTHDAY with MONTHLY and YEARLY, and BYSETPOS with MONTHLY and BYDAY. YEARLY with BYDAY or BYMONTHDAY needs
    BYMONTH. The time zone is the one of the due date.
    """

    code = "invalid_recurrence"
    title = "Invalid recurrence"
    kind = Kind.INVALID


class Frequency(StrEnum):
    """The period that a rule repeats in."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


@dataclass(frozen=True, slots=True, order=True)
class ByDay:
    """A weekday, of which Monday is 0: each one, or the `ordinal`th of a month, counted from its end if negative."""

    weekday: int
    ordinal: int = 0

    def __str__(self) -> str:
        return f"{self.ordinal or ''}{_WEEKDAYS[self.weekday]}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A recurrence rule; `parse` makes one from text, and `str` makes text of it again, in one canonical form.

    `until` is the last day or, as a `datetime` in UTC, the last instant.
    """

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    week_start: int = 0
    by_month: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_day: tuple[ByDay, ...] = ()
    by_set_pos: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """Read a rule of at most `RULE_MAX` characters, in either case, with or without `RRULE:` before it.

        Raises `InvalidRecurrence`, which tells the part at fault.
        """
        parts = _parts(text)
        if parts.get("FREQ") not in list(Frequency):
            raise InvalidRecurrence("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY")
        rule = cls(
            frequency=Frequency(parts["FREQ"]),
            interval=_number(parts, "INTERVAL") or 1,
            count=_number(parts, "COUNT"),
            until=_until(parts),
            week_start=_week_start(parts),
            by_month=_numbers(parts, "BYMONTH"),
            by_month_day=_numbers(parts, "BYMONTHDAY"),
            by_day=_by_day(parts),
            by_set_pos=_numbers(parts, "BYSETPOS"),
        )
        _check_combination(rule)
        return rule

    def __str__(self) -> str:
        values = {
            "FREQ": self.frequency.value,
            "INTERVAL": str(self.interval) if self.interval > 1 else "",
            "COUNT": str(self.count or ""),
            "UNTIL": _until_text(self.until),
            "WKST": _WEEKDAYS[self.week_start] if self.week_start else "",
            "BYMONTH": ",".join(map(str, self.by_month)),
            "BYMONTHDAY": ",".join(map(str, self.by_month_day)),
            "BYDAY": ",".join(map(str, self.by_day)),
            "BYSETPOS": ",".join(map(str, self.by_set_pos)),
        }
        return ";".join(f"{name}={value}" for name, value in values.items() if value)


def _parts(text: str) -> dict[str, str]:
    # upper-casing would turn a dotless i and a long s into ASCII letters, and \d takes any script's digits
    if len(text) > RULE_MAX or not text.isascii():
        raise InvalidRecurrence(f"A rule has at most {RULE_MAX} characters, all of them ASCII")
    parts: dict[str, str] = {}
    for part in text.upper().removeprefix("RRULE:").split(";"):
        name, _, value = part.partition("=")
        if name not in _PARTS:
            raise InvalidRecurrence(f"A rule is made of {', '.join(_PARTS)}, as NAME=VALUE with semicolons between")
        if name in parts:
            raise InvalidRecurrence(f"{name} must stand only once")
        parts[name] = value
    return parts


def _numbers(parts: Mapping[str, str], name: str) -> tuple[int, ...]:
    if name not in parts:
        return ()
    pattern, most = _NUMBERS[name]
    numbers: set[int] = set()
    for text in parts[name].split(","):
        if not pattern.fullmatch(text) or not 1 <= abs(int(text)) <= most:
            signed = f" or from -{most} to -1" if pattern.fullmatch("-1") else ""
            raise InvalidRecurrence(f"{name} takes numbers from 1 to {most}{signed}")
        numbers.add(int(text))
    return tuple(sorted(numbers))


def _number(parts: Mapping[str, str], name: str) -> int | None:
    if "," in parts.get(name, ""):
        raise InvalidRecurrence(f"{name} takes a single number")
    return next(iter(_numbers(parts, name)), None)


def _by_day(parts: Mapping[str, str]) -> tuple[ByDay, ...]:
    if "BYDAY" not in parts:
        return ()
    days: set[ByDay] = set()
    for text in parts["BYDAY"].split(","):
        found = _BY_DAY.fullmatch(text)
        if found is None or found[2] not in _WEEKDAYS or not 1 <= abs(int(found[1] or 1)) <= _ORDINAL_MAX:
            raise InvalidRecurrence("BYDAY takes MO, TU, WE, TH, FR, SA and SU, with 1 to 53 or -53 to -1 before it")
        days.add(ByDay(_WEEKDAYS.index(found[2]), int(found[1] or 0)))
    return tuple(sorted(days))


def _week_start(parts: Mapping[str, str]) -> int:
    name = parts.get("WKST", "MO")
    if name not in _WEEKDAYS:
        raise InvalidRecurrence("WKST must be MO, TU, WE, TH, FR, SA or SU")
    return _WEEKDAYS.index(name)


def _until(parts: Mapping[str, str]) -> date | datetime | None:
    text = parts.get("UNTIL")
    if text is None:
        return None
    try:
        if _UNTIL_DAY.fullmatch(text):
            return date.fromisoformat(text)
        if _UNTIL_INSTANT.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass  # the right shape, and no day of any calendar
    raise InvalidRecurrence("UNTIL must be a day, such as 20301231, or an instant in UTC, such as 20301231T120000Z")


def _until_text(until: date | datetime | None) -> str:
    if until is None:
        return ""
    # strftime does not pad years to four digits everywhere
    compact = until.isoformat().replace("-", "").replace(":", "")
    return compact.replace("+0000", "Z")


def _check_combination(rule: Rule) -> None:
    by_month_days = rule.frequency in {Frequency.MONTHLY, Frequency.YEARLY}
    faults = {
        "COUNT and UNTIL exclude one another": rule.count is not None and rule.until is not None,
        "BYDAY takes numbers only with MONTHLY and YEARLY": (
            not by_month_days and any(day.ordinal for day in rule.by_day)
        ),
        "BYMONTHDAY goes only with MONTHLY and YEARLY": bool(not by_month_days and rule.by_month_day),
        "BYSETPOS goes only with MONTHLY and BYDAY": (
            bool(rule.by_set_pos) and not (rule.frequency is Frequency.MONTHLY and rule.by_day)
        ),
        "YEARLY with BYDAY or BYMONTHDAY needs BYMONTH": (
            rule.frequency is Frequency.YEARLY and bool(rule.by_day or rule.by_month_day) and not rule.by_month
        ),
    }
    for words, applies in faults.items():
        if applies:
            raise InvalidRecurrence(words)
