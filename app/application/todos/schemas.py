"""What todos are asked and what they show."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from app.application.schemas import Command, CreatedAt, NextCursor, PageQuery, Patch, Row, Total, UpdatedAt, View
from app.application.validation import NOT_BLANK
from app.domain.todos import NOTES_MAX, TITLE_MAX

Title = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=TITLE_MAX,
        pattern=NOT_BLANK,
        description="What is to be done; blanks around it are taken off.",
        examples=["Buy milk"],
        extra={"trim": True},
    ),
]
Notes = Annotated[str, Meta(max_length=NOTES_MAX, description="Anything more.", examples=["Two litres"])]
Completed = Annotated[bool, Meta(description="Whether it is done.", examples=[True])]


class TodoCreate(Command, frozen=True):
    """A todo as its author writes it."""

    title: Title
    notes: Notes | None = None
    completed: Completed = False


class TodoUpdate(Patch, frozen=True):
    """A change to a todo: the fields of its making, each of which may be left out."""

    title: Title | UnsetType = UNSET
    notes: Notes | UnsetType | None = UNSET
    completed: Completed | UnsetType = UNSET


class TodoSort(StrEnum):
    """A field to sort by, downwards with a minus."""

    CREATED_AT = "createdAt"
    CREATED_AT_DESC = "-createdAt"
    UPDATED_AT = "updatedAt"
    UPDATED_AT_DESC = "-updatedAt"


class TodoQuery(PageQuery, frozen=True):
    """Which page of which todos, in which order."""

    sort: Annotated[
        list[TodoSort],
        Meta(max_length=2, description="The order; newest first unless told.", examples=[["-updatedAt"]]),
    ] = field(default_factory=list[TodoSort])
    completed: Annotated[bool, Meta(description="Only those that are done, or only those that are not.")] | None = None


class Todo(Row, frozen=True, gc=False):
    """A todo as its owner sees it."""

    title: Title
    notes: Notes | None
    completed: Completed
    completed_at: (
        Annotated[datetime, Meta(tz=True, description="When it was done.", examples=["2030-01-31T18:00:00Z"])] | None
    )
    created_at: CreatedAt
    updated_at: UpdatedAt


class TodoPage(View, frozen=True, gc=False):
    """Some todos, and where the next ones start; `total` only where it was asked for."""

    items: Annotated[list[Todo], Meta(description="The todos of this page.")]
    next_cursor: NextCursor | None
    total: Total | UnsetType = UNSET
