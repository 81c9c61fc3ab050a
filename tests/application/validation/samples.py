"""Structs with one of everything that a request may hold."""

import datetime as dt
import enum
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from app.application.validation import NOT_BLANK

INSTANT = Meta(tz=True)


class Closed(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The base of them all."""


class Colour(enum.StrEnum):
    BLUE = "blue"
    GREEN = "green"
    RED = "red"


class Only(enum.StrEnum):
    ONE = "one"


class Due(Closed, kw_only=True, frozen=True):
    date: dt.date
    time: dt.time | None = None
    time_zone: Annotated[str, Meta(min_length=1, max_length=5)] | UnsetType = UNSET


class Strings(Closed, kw_only=True, frozen=True):
    title: Annotated[str, Meta(min_length=1, max_length=10, pattern=NOT_BLANK, extra={"trim": True})] = "untitled"
    code: Annotated[str, Meta(min_length=3, max_length=6, pattern="^[a-z]+$")] = "abc"
    digits: Annotated[str, Meta(pattern=r"^\d+$")] | None = None
    email: Annotated[str, Meta(max_length=20, extra_json_schema={"format": "email"})] | UnsetType = UNSET
    note: str = ""


class Numbers(Closed, kw_only=True, frozen=True):
    any: int = 0
    small: Annotated[int, Meta(ge=0, le=100)] = 0
    inner: Annotated[int, Meta(gt=-5, lt=5)] | None = None
    ratio: float | UnsetType = UNSET
    share: Annotated[float, Meta(ge=0.5, lt=2.5)] | None = None
    flag: bool = False


class Times(Closed, kw_only=True, frozen=True):
    at: Annotated[dt.datetime, INSTANT] | UnsetType = UNSET
    until: Annotated[dt.datetime, INSTANT] | None = None
    day: dt.date | UnsetType = UNSET
    clock: dt.time | UnsetType = UNSET
    id: UUID | UnsetType = UNSET


class Choices(Closed, kw_only=True, frozen=True):
    colour: Colour
    other: Colour | None = None
    only: Only | UnsetType = UNSET
    mixed: Literal[3, "x", "y"] | UnsetType = UNSET


class Nested(Closed, kw_only=True, frozen=True):
    due: Due
    maybe: Due | None = None
    dues: Annotated[list[Due], Meta(min_length=2, max_length=3)] | UnsetType = UNSET
    ints: Annotated[list[int], Meta(min_length=2, max_length=4)] | UnsetType = UNSET
    lists: Annotated[list[Annotated[list[str], Meta(max_length=2)]], Meta(min_length=2)] | None = None
    labels: dict[str, Annotated[str, Meta(max_length=3)]] | UnsetType = UNSET
    by_name: dict[str, Due] | None = None


class Move(Closed, kw_only=True, frozen=True, tag_field="op", tag="move"):
    after: Annotated[str, Meta(max_length=3)]


class Rename(Closed, kw_only=True, frozen=True, tag_field="op", tag="rename"):
    title: str | None = None
    count: int = 0


class Tagged(Closed, kw_only=True, frozen=True):
    first: Move | Rename
    more: Annotated[list[Move | Rename], Meta(max_length=3)] | UnsetType = UNSET
    last: Move | Rename | None = None


class Unions(Closed, kw_only=True, frozen=True):
    text_or_int: Annotated[str, Meta(max_length=3)] | Annotated[int, Meta(le=5)]
    text_or_list: Annotated[str, Meta(max_length=3)] | Annotated[list[int], Meta(min_length=2)] | None = None
    due_or_text: Due | str | UnsetType = UNSET


class Period(Closed, kw_only=True, frozen=True):
    """A rule over two fields."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("The last must not come before the first")


class Periods(Closed, kw_only=True, frozen=True):
    main: Period
    others: list[Period] = []


class Tree(Closed, kw_only=True, frozen=True):
    """A Struct that holds itself."""

    name: Annotated[str, Meta(min_length=1, extra={"trim": True})]
    children: Annotated[list["Tree"], Meta(max_length=10)] = []


class Open(Struct, kw_only=True):
    """It ignores what it does not know."""

    a: str


SAMPLES: tuple[type[Struct], ...] = (
    Strings,
    Numbers,
    Times,
    Choices,
    Nested,
    Tagged,
    Unions,
    Periods,
    Tree,
    Open,
    Move,
)
