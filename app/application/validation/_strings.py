import re
from typing import Final

from app.application.validation._node import Facts, Node, Unsound
from app.application.validation._report import Json, Report
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
                report.measure("array", len(value), facts.min_length, self._limit)
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


def _well_formed(value: Json, form: str, report: Report, *, fits: bool) -> None:
    if not isinstance(value, str):
        report.mistyped("string", value)
    elif not fits:
        report.malformed(form)
