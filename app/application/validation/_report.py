"""A value's faults while they are being found: in Zod 4's codes, parameters and order, in our own words."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, TypeAlias

from app.application.validation._text import shown_key
from app.domain.errors import Issue, IssueCode, Location

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

ISSUE_LIMIT: Final = 100
KEY_LIMIT: Final = 20
SAFE_INTEGER: Final = 2**53 - 1
# Blank is what either Python or ECMAScript takes for it, so that both read the pattern alike.
NOT_BLANK: Final = r"[^\s\u001c-\u001f\u0085\ufeff]"

_BRANCH_LIMIT: Final = 10
_UNITS: Final = {"string": "character", "array": "item", "object": "key"}
_TYPES: Final = {
    "string": "a string",
    "number": "a number",
    "int": "a whole number",
    "boolean": "a boolean",
    "array": "an array",
    "object": "an object",
    "record": "an object",
    "null": "null",
}
_RECEIVED: Final[Mapping[type, str]] = {
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a boolean",
    list: "an array",
    dict: "an object",
    type(None): "null",
}
_FORMATS: Final = {
    "unicode": "Expected text without U+0000 and without lone surrogates",
    "email": "Expected an e-mail address",
    "uuid": "Expected a UUID",
    "datetime": "Expected a date and time with its offset, such as 2030-01-31T09:30:00Z",
    "date": "Expected a calendar day, such as 2030-01-31",
    "time": "Expected a time of day, such as 09:30",
}


class ReportFull(Exception):
    """As many issues were found as a report holds; the walk ends here."""


class Report:
    """The issues found so far, at most `limit`, and the path of the place that is being looked at.

    `aborted` and `halted` follow Zod: an aborted value is judged no further but for its length, and not even
    for that once halted.
    """

    __slots__ = ("_limit", "_location", "aborted", "halted", "issues", "path")

    def __init__(self, location: Location, path: Sequence[str | int] = (), *, limit: int = ISSUE_LIMIT) -> None:
        self.issues: list[Issue] = []
        self.path = list(path)
        self.aborted = False
        self.halted = False
        self._location: Location = location
        self._limit = limit

    def branch(self) -> "Report":
        """An empty report at the same place, for one option of a union."""
        return Report(self._location, self.path, limit=_BRANCH_LIMIT)

    def absorb(self, other: "Report") -> None:
        """Take over what a branch found."""
        self.aborted |= other.aborted
        self.halted |= other.halted
        for issue in other.issues:
            self._append(issue)

    def add(
        self, code: IssueCode, message: str, *, aborts: bool = False, halts: bool = False, **params: object
    ) -> None:
        """One fault of the present value, with the parameters that Zod gives this code."""
        self.aborted |= aborts
        self.halted |= halts
        self._append(Issue(code, tuple(self.path), message, self._location, params))

    def mistyped(self, expected: str, value: Json) -> None:
        """It is of another JSON type."""
        self._mistyped(expected, _RECEIVED[type(value)])

    def missing(self, expected: str) -> None:
        """It is not there although it must be."""
        self._mistyped(expected, "nothing")

    def infinite(self) -> None:
        """It is a number past every double, which JavaScript reads as Infinity."""
        self._mistyped("number", "one that is out of range")

    def fractional(self) -> None:
        """It is a number where only a whole one will do."""
        message = "Expected a whole number, received a fractional one"
        self.add(IssueCode.INVALID_TYPE, message, aborts=True, halts=True, expected="int", format="safeint")

    def measure(self, origin: str, length: int, least: int | None, most: int | None) -> None:
        """It has a length, which may be out of its limits."""
        if least is not None and length < least:
            self.too_few(origin, least)
        if most is not None and length > most:
            self.too_many(origin, most)

    def too_few(self, origin: str, minimum: int) -> None:
        """It has fewer characters, items or keys than it must."""
        message = f"Expected at least {_count(minimum, origin)}"
        self.add(IssueCode.TOO_SMALL, message, origin=origin, minimum=minimum, inclusive=True)

    def too_many(self, origin: str, maximum: int, *, halts: bool = False) -> None:
        """It has more characters, items or keys than it may."""
        message = f"Expected at most {_count(maximum, origin)}"
        self.add(
            IssueCode.TOO_BIG,
            message,
            aborts=halts,
            halts=halts,
            origin=origin,
            maximum=maximum,
            inclusive=True,
        )

    def too_low(self, minimum: float, *, inclusive: bool = True, origin: str = "number") -> None:
        """The number lies under its bound."""
        message = f"Expected {minimum} or more" if inclusive else f"Expected more than {minimum}"
        self.add(IssueCode.TOO_SMALL, message, origin=origin, minimum=minimum, inclusive=inclusive)

    def too_high(self, maximum: float, *, inclusive: bool = True, origin: str = "number") -> None:
        """The number lies over its bound."""
        message = f"Expected {maximum} or less" if inclusive else f"Expected less than {maximum}"
        self.add(IssueCode.TOO_BIG, message, origin=origin, maximum=maximum, inclusive=inclusive)

    def malformed(self, form: str) -> None:
        """The string is not of the named format."""
        self.add(IssueCode.INVALID_FORMAT, _FORMATS[form], origin="string", format=form)

    def mismatched(self, pattern: str) -> None:
        """The string does not match its pattern."""
        shown = f"/{pattern}/"
        message = "Expected more than blanks" if pattern == NOT_BLANK else f"Expected a match of {shown}"
        self.add(IssueCode.INVALID_FORMAT, message, origin="string", format="regex", pattern=shown)

    def not_among(self, values: Sequence[str | int | None]) -> None:
        """It is none of the values that are possible."""
        self.add(IssueCode.INVALID_VALUE, f"Expected {_listed(values)}", aborts=True, values=list(values))

    def untagged(self, tag: str, options: Sequence[str | int]) -> None:
        """The field that tells the options of a union apart names none of them."""
        self.path.append(tag)
        self.add(
            IssueCode.INVALID_UNION,
            f"Expected {_listed(options)}",
            aborts=True,
            errors=[],
            note="No matching discriminator",
            discriminator=tag,
            options=list(options),
        )
        self.path.pop()

    def no_union(self, branches: Sequence["Report"]) -> None:
        """No option fits; `errors` holds what each of them found, with paths from here."""
        depth = len(self.path)
        errors = [[_plain(issue, depth) for issue in branch.issues] for branch in branches]
        self.add(IssueCode.INVALID_UNION, "Expected one of the documented forms", aborts=True, errors=errors)

    def unrecognized(self, keys: Iterator[str], count: int) -> None:
        """The object has keys that it may not have; the first 20 of them are named."""
        named = [shown_key(key) for key in islice(keys, KEY_LIMIT)]
        listed = ", ".join(f'"{key}"' for key in named)
        message = f"Unrecognized key: {listed}" if count == 1 else f"Unrecognized keys: {listed}"
        if count > len(named):
            message += f" and {count - len(named)} more"
        self.add(IssueCode.UNRECOGNIZED_KEYS, message, keys=named)

    def broken(self, rule: str) -> None:
        """The fields are well formed each, but do not go together."""
        self.add(IssueCode.CUSTOM, rule)

    def _mistyped(self, expected: str, received: str) -> None:
        message = f"Expected {_TYPES[expected]}, received {received}"
        self.add(IssueCode.INVALID_TYPE, message, aborts=True, expected=expected)

    def _append(self, issue: Issue) -> None:
        self.issues.append(issue)
        if len(self.issues) >= self._limit:
            raise ReportFull


def _count(number: int, origin: str) -> str:
    return f"{number} {_UNITS[origin]}" + ("" if number == 1 else "s")


def _listed(values: Sequence[str | int | None]) -> str:
    shown = ", ".join(
        "null" if value is None else f'"{value}"' if isinstance(value, str) else str(value) for value in values
    )
    return shown if len(values) == 1 else f"one of {shown}"


def _plain(issue: Issue, depth: int) -> dict[str, object]:
    path = list(issue.path[depth:])
    return {"code": issue.code.value, "path": path, "message": issue.message, **issue.params}
