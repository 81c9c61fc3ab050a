"""What a schema says of a single value: one node per kind, shared by the fast path and the search for faults.

A node's `admit` runs before msgspec and adds what msgspec does not know; `collect` runs only after one of them
has refused, and finds every fault.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from app.application.validation._report import Json, Report


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
