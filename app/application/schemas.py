"""Struct bases: what comes in is closed, what goes out is frozen and always whole."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, structs

MAX_SAFE_INTEGER = 2**53 - 1

CURSOR_MAX = 2048
_CURSOR = "q7Zr5m0eY1u3s9GdX2bKfFsiMjAzMC0wMS0zMVQwOTozMDowMFoiXQ"

Limit = Annotated[int, Meta(ge=1, le=100, description="How many items a page holds at the most.", examples=[20])]
Cursor = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=CURSOR_MAX,
        description="Where the page starts: `nextCursor` of the one before.",
        examples=[_CURSOR],
    ),
]
NextCursor = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=CURSOR_MAX,
        description="The `cursor` of the next page; null on the last one.",
        examples=[_CURSOR],
    ),
]
CreatedAt = Annotated[datetime, Meta(tz=True, description="When it was made.", examples=["2030-01-31T09:30:00Z"])]
Total = Annotated[
    int, Meta(ge=0, le=MAX_SAFE_INTEGER, description="How many items all pages have together.", examples=[42])
]
UpdatedAt = Annotated[
    datetime, Meta(tz=True, description="When it was last changed.", examples=["2030-01-31T18:00:00Z"])
]


class Command(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Something a caller asks for; fields it does not know are refused."""


class PageQuery(Command, frozen=True):
    """Which page of a listing."""

    limit: Limit = 20
    cursor: Cursor | None = None
    include_total: Annotated[
        bool, Meta(description="Whether to count all items, which costs a second look.", examples=[True])
    ] = False


class Patch(Command, frozen=True):
    """A change to some fields (RFC 7396): what was not sent stays UNSET and is left alone."""

    def changes(self) -> dict[str, object]:
        """The fields that were sent, by their column names."""
        return {name: value for name, value in structs.asdict(self).items() if value is not UNSET}


class View(Struct, frozen=True, rename="camel", gc=False):
    """Something a caller is shown; every field is always present."""


class Row(View, frozen=True, gc=False):
    """A view of one stored row; its `version` is its entity tag."""

    id: Annotated[
        UUID,
        Meta(
            description="UUIDv7: ids sort by the time of their making.",
            examples=["01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e8f"],
        ),
    ]
    version: Annotated[
        int,
        Meta(ge=1, le=MAX_SAFE_INTEGER, description="Counts the row's changes; in quotes, its ETag.", examples=[1]),
    ]


class Encoded(View, frozen=True, gc=False):
    """A view that is JSON already, for whoever only hands it on."""

    json: bytes
