"""What lists are asked and what they show."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Final
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType, field

from app.application.schemas import Command, CreatedAt, NextCursor, PageQuery, Patch, Row, Total, UpdatedAt, View
from app.application.validation import NOT_BLANK
from app.domain.lists import COLOUR_PATTERN, LIST_NAME_MAX
from app.domain.ordering import POSITION_MAX
from app.domain.sharing import ListRole

ListName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=LIST_NAME_MAX,
        pattern=NOT_BLANK,
        description="What the list is called; blanks around it are taken off.",
        examples=["Groceries"],
        extra={"trim": True},
    ),
]
Colour = Annotated[
    str,
    Meta(
        pattern=COLOUR_PATTERN,
        description="Its colour: red, green and blue, two hexadecimal digits each.",
        examples=["#2e7d32"],
    ),
]
_SIBLING_ID: Final = "01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e92"


class ListCreate(Command, frozen=True):
    """A list as its owner makes it."""

    name: ListName
    colour: Colour | None = None


class ListUpdate(Patch, frozen=True):
    """A change to a list: the fields of its making, each of which may be left out."""

    name: ListName | UnsetType = UNSET
    colour: Colour | UnsetType | None = UNSET


class ListMove(Command, frozen=True):
    """Where a list is to go: behind one of your lists, or ahead of one; exactly one of the two is sent."""

    EXAMPLE: ClassVar = {"afterId": _SIBLING_ID}

    after_id: Annotated[UUID, Meta(description="The list it is to follow.", examples=[_SIBLING_ID])] | UnsetType = UNSET
    before_id: (
        Annotated[UUID, Meta(description="The list that is to follow it.", examples=[_SIBLING_ID])] | UnsetType
    ) = UNSET


class ListTransfer(Command, frozen=True):
    """Who is to own a list."""

    user_id: Annotated[
        UUID, Meta(description="A member of the list.", examples=["01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e90"])
    ]


class ListState(StrEnum):
    """Which lists are listed; those in the trash are their owner's to see."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    TRASHED = "trashed"


class ListSort(StrEnum):
    """A field to sort by, downwards with a minus."""

    POSITION = "position"
    POSITION_DESC = "-position"
    NAME = "name"
    NAME_DESC = "-name"
    CREATED_AT = "createdAt"
    CREATED_AT_DESC = "-createdAt"
    UPDATED_AT = "updatedAt"
    UPDATED_AT_DESC = "-updatedAt"


class ListQuery(PageQuery, frozen=True):
    """Which page of which lists, in which order."""

    state: Annotated[ListState, Meta(description="Whether active, archived or deleted ones.")] = ListState.ACTIVE
    sort: Annotated[
        list[ListSort],
        Meta(max_length=2, description="The order; as their owner put them unless told.", examples=[["-updatedAt"]]),
    ] = field(default_factory=list[ListSort])


class TodoList(Row, frozen=True, gc=False):
    """A list as one of its members sees it."""

    name: ListName
    colour: Colour | None
    position: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=POSITION_MAX,
            description="Where its owner put it: positions compare byte by byte.",
            examples=["a0"],
        ),
    ]
    is_inbox: Annotated[
        bool, Meta(description="Whether it is its owner's inbox, which everybody has one of.", examples=[False])
    ]
    role: Annotated[ListRole, Meta(description="What you are to the list.")]
    owner_id: Annotated[UUID, Meta(description="Whose it is.", examples=["01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e90"])]
    archived_at: (
        Annotated[datetime, Meta(tz=True, description="Since when it is archived.", examples=["2030-02-01T12:00:00Z"])]
        | None
    )
    deleted_at: (
        Annotated[
            datetime, Meta(tz=True, description="Since when it is in the trash.", examples=["2030-02-01T12:00:00Z"])
        ]
        | None
    )
    created_at: CreatedAt
    updated_at: UpdatedAt


class ListPage(View, frozen=True, gc=False):
    """Some lists, and where the next ones start; `total` only where it was asked for."""

    items: Annotated[list[TodoList], Meta(description="The lists of this page.")]
    next_cursor: NextCursor | None
    total: Total | UnsetType = UNSET
