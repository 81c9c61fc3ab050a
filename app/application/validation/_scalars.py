import math
import re
from collections.abc import Sequence
from typing import Final

from app.application.validation._node import Facts, Node, Unsound
from app.application.validation._report import SAFE_INTEGER, Json, Report

_INTEGER: Final = re.compile(r"-?(?:0|[1-9]\d*)", re.ASCII)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_DIGIT_LIMIT: Final = 310  # a longer whole number is past every double


class IntNode(Node):
    """A whole number that a double can hold exactly, within its bounds; `1.0` is one, as in JavaScript."""

    expected = "number"
    takes = frozenset({int, float})
    guarded = True
    rewrites = True

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def admit(self, value: Json) -> Json:
        if type(value) is float and value.is_integer():
            value = int(value)
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
        elif isinstance(value, float) and not value.is_integer():
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
