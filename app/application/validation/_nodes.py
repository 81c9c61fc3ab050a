"""What a schema says of a single value: one node per kind, shared by the fast path and the search for faults.

A node's `admit` runs before msgspec and adds what msgspec does not know; `collect` runs only after one of them
has refused, and finds every fault.
"""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.application.validation._report import SAFE_INTEGER, Json, Report
from app.application.validation._text import (
    WHITESPACE,
    full_time,
    is_date,
    is_email,
    is_instant,
    is_likely_instant,
    is_likely_uuid,
    is_text,
    is_time,
    is_uuid,
    strict_pattern,
)

EMAIL_LIMIT: Final = 254
# A text that is refused for its length already is not also searched past this many characters.
PATTERN_REACH: Final = 10_000

_INTEGER = re.compile(r"-?(?:0|[1-9]\d*)", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_DIGIT_LIMIT: Final = 310  # a longer whole number is past every double


class Unsound(Exception):
    """The value has a fault that msgspec would not see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the `Meta` objects around a type say together; of two that disagree the outer one wins."""

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    trim: bool = False
    email: bool = False


class Node(ABC):
    """One place of a schema."""

    # what Zod says was expected of a value of another type
    expected: str
    # the Python types that the JSON values of this place have
    takes: frozenset[type]
    # whether `admit` does anything, and whether it may return another value than it was given
    guarded: bool = False
    rewrites: bool = False

    def admit(self, value: Json) -> Json:
        """The value as msgspec shall convert it; one of the wrong type goes through, for msgspec to refuse.

        Raises `Unsound`.
        """
        return value

    def read(self, value: Json) -> Json:
        """The value that a text of the query stands for; a text that stands for none stays as it is."""
        return value

    def missing(self, report: Report) -> None:
        """Report that there is no value although there must be one."""
        report.missing(self.expected)

    @abstractmethod
    def collect(self, value: Json, report: Report) -> None:
        """Report every fault of the value."""


class StringNode(Node):
    """Text, within its length, of its pattern or format."""

    expected = "string"
    takes = frozenset({str})
    guarded = True

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._limit = facts.max_length if facts.max_length is not None or not facts.email else EMAIL_LIMIT
        self._pattern = None if facts.pattern is None else re.compile(facts.pattern)
        self._strict = None if facts.pattern is None else strict_pattern(facts.pattern)
        self.rewrites = facts.trim

    def admit(self, value: Json) -> Json:
        if type(value) is not str:
            return value
        if "\0" in value or not (value.isascii() or is_text(value)):
            raise Unsound
        if self._facts.trim:
            value = value.strip(WHITESPACE)
        # The two readings of a pattern differ in what `$` does before a line feed and in what a digit is.
        if self._strict is not None and ("\n" in value or not value.isascii()) and not self._strict.search(value):
            raise Unsound
        if self._facts.email and (len(value) > EMAIL_LIMIT or not is_email(value)):
            raise Unsound
        return value

    def collect(self, value: Json, report: Report) -> None:
        facts = self._facts
        if not isinstance(value, str):
            report.mistyped(self.expected, value)
            if isinstance(value, list):  # Zod measures whatever has a length
                measure("array", len(value), facts.min_length, self._limit, report)
            return
        if not is_text(value):
            report.malformed("unicode")
        text = value.strip(WHITESPACE) if facts.trim else value
        length = len(text)
        too_long = self._limit is not None and length > self._limit
        judged = not too_long or length <= PATTERN_REACH
        matches = not judged or self._matches(text)
        if facts.email and judged and not is_email(text):
            report.malformed("email")
        # The document's Zod does not trim: of a blank text it sees the pattern broken, not the length.
        if facts.min_length is not None and (length if matches else len(value)) < facts.min_length:
            report.too_few("string", facts.min_length)
        if too_long:
            report.too_many("string", self._limit or 0)
        if not matches:
            report.mismatched(facts.pattern or "")

    def _matches(self, text: str) -> bool:
        if self._pattern is None or self._strict is None:
            return True
        return self._pattern.search(text) is not None and self._strict.search(text) is not None


class IntNode(Node):
    """A whole number that a double can hold exactly, within its bounds."""

    expected = "number"
    takes = frozenset({int})

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        lowest = max(bound for bound in (facts.ge, facts.gt, -math.inf) if bound is not None)
        highest = min(bound for bound in (facts.le, facts.lt, math.inf) if bound is not None)
        self.guarded = lowest < -SAFE_INTEGER or highest > SAFE_INTEGER

    def admit(self, value: Json) -> Json:
        if type(value) is int and not -SAFE_INTEGER <= value <= SAFE_INTEGER:
            raise Unsound
        return value

    def read(self, value: Json) -> Json:
        if not isinstance(value, str) or _INTEGER.fullmatch(value) is None:
            return value
        return int(value) if len(value) <= _DIGIT_LIMIT else math.inf

    def collect(self, value: Json, report: Report) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            report.mistyped(self.expected, value)
        elif _is_infinite(value):
            report.infinite()
        elif isinstance(value, float):
            report.fractional()
        else:
            if value > SAFE_INTEGER:
                report.too_high(SAFE_INTEGER, origin="int")
            elif value < -SAFE_INTEGER:
                report.too_low(-SAFE_INTEGER, origin="int")
            _bound(value, self._facts, report)


class FloatNode(Node):
    """A finite number within its bounds."""

    expected = "number"
    takes = frozenset({int, float})
    guarded = True

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def admit(self, value: Json) -> Json:
        if type(value) is float and not math.isfinite(value):
            raise Unsound
        return value

    def read(self, value: Json) -> Json:
        if not isinstance(value, str) or _NUMBER.fullmatch(value) is None:
            return value
        return float(value)

    def collect(self, value: Json, report: Report) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            report.mistyped(self.expected, value)
        elif _is_infinite(value):
            report.infinite()
        else:
            _bound(value, self._facts, report)


class BoolNode(Node):
    """True or false."""

    expected = "boolean"
    takes = frozenset({bool})

    def read(self, value: Json) -> Json:
        if value == "true":
            return True
        return False if value == "false" else value

    def collect(self, value: Json, report: Report) -> None:
        if not isinstance(value, bool):
            report.mistyped(self.expected, value)


class NullNode(Node):
    """Null and nothing else."""

    expected = "null"
    takes = frozenset({type(None)})

    def collect(self, value: Json, report: Report) -> None:
        if value is not None:
            report.mistyped(self.expected, value)


class ChoiceNode(Node):
    """One of a few values: an enumeration or a literal."""

    expected = "string"

    def __init__(self, values: Sequence[str | int | None]) -> None:
        self._values = tuple(values)
        self._known = frozenset((type(value), value) for value in values)
        self.takes = frozenset(type(value) for value in values)

    def read(self, value: Json) -> Json:
        if not isinstance(value, str) or (str, value) in self._known or _INTEGER.fullmatch(value) is None:
            return value
        return next((known for known in self._values if str(known) == value), value)

    def missing(self, report: Report) -> None:
        report.not_among(self._values)

    def collect(self, value: Json, report: Report) -> None:
        if isinstance(value, (list, dict)) or (type(value), value) not in self._known:
            report.not_among(self._values)


class UuidNode(Node):
    """The hyphenated text of a UUID."""

    expected = "string"
    takes = frozenset({str})
    guarded = True

    def admit(self, value: Json) -> Json:
        if type(value) is str and not is_likely_uuid(value):
            raise Unsound
        return value

    def collect(self, value: Json, report: Report) -> None:
        _well_formed(value, "uuid", report, fits=isinstance(value, str) and is_uuid(value))


class InstantNode(Node):
    """An instant as RFC 3339 writes it."""

    expected = "string"
    takes = frozenset({str})
    guarded = True

    def admit(self, value: Json) -> Json:
        if type(value) is str and not is_likely_instant(value):
            raise Unsound
        return value

    def collect(self, value: Json, report: Report) -> None:
        _well_formed(value, "datetime", report, fits=isinstance(value, str) and is_instant(value))


class DateNode(Node):
    """A calendar day, `YYYY-MM-DD`."""

    expected = "string"
    takes = frozenset({str})

    def collect(self, value: Json, report: Report) -> None:
        _well_formed(value, "date", report, fits=isinstance(value, str) and is_date(value))


class TimeNode(Node):
    """A time of day without offset, `HH:MM` or `HH:MM:SS`."""

    expected = "string"
    takes = frozenset({str})
    guarded = True
    rewrites = True

    def admit(self, value: Json) -> Json:
        if type(value) is not str or len(value) == len("09:30:00"):  # then msgspec is exact
            return value
        full = full_time(value)
        if full is None:
            raise Unsound
        return full

    def collect(self, value: Json, report: Report) -> None:
        _well_formed(value, "time", report, fits=isinstance(value, str) and is_time(value))


def measure(origin: str, length: int, least: int | None, most: int | None, report: Report) -> None:
    """Report a length that is out of its limits."""
    if least is not None and length < least:
        report.too_few(origin, least)
    if most is not None and length > most:
        report.too_many(origin, most)


def _well_formed(value: Json, form: str, report: Report, *, fits: bool) -> None:
    if not isinstance(value, str):
        report.mistyped("string", value)
    elif not fits:
        report.malformed(form)


def _is_infinite(value: float) -> bool:
    try:
        return not math.isfinite(value)
    except OverflowError:
        return True


def _bound(value: float, facts: Facts, report: Report) -> None:
    if facts.ge is not None and value < facts.ge:
        report.too_low(facts.ge)
    if facts.gt is not None and value <= facts.gt:
        report.too_low(facts.gt, inclusive=False)
    if facts.le is not None and value > facts.le:
        report.too_high(facts.le)
    if facts.lt is not None and value >= facts.lt:
        report.too_high(facts.lt, inclusive=False)
