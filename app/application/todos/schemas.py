"""What todos are asked and what they show."""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from app.application.schemas import Command, Cursor, Limit, Patch, Row, View
from app.domain.todos import NOTES_MAX, PAGE_LIMIT_DEFAULT, TITLE_MAX

Title = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=TITLE_MAX,
        description="What is to be done.",
        examples=["Buy milk"],
        extra={"trim": True},
    ),
]
Notes = Annotated[str, Meta(max_length=NOTES_MAX, description="Anything more.", examples=["Two litres"])]
Completed = Annotated[bool, Meta(description="Whether it is done.")]


class TodoCreate(Command, frozen=True):
    """A todo as its author writes it."""

    title: Title
    notes: Notes | None = None
    completed: Completed = False


class TodoUpdate(Patch, frozen=True):
    """The same fields, each one optional to send."""

    title: Title | UnsetType = UNSET
    notes: Notes | UnsetType | None = UNSET
    completed: Completed | UnsetType = UNSET


class TodoQuery(Command, frozen=True):
    """Which page of the todos."""

    limit: Limit = PAGE_LIMIT_DEFAULT
    cursor: Cursor | None = None


class Todo(Row, frozen=True, gc=False):
    """A todo as its owner sees it."""

    title: Title
    notes: Notes | None
    completed: Completed
    completed_at: Annotated[datetime, Meta(description="When it was done.")] | None
    created_at: Annotated[datetime, Meta(description="When it was written down.")]
    updated_at: Annotated[datetime, Meta(description="When it was last changed.")]


class TodoPage(View, frozen=True, gc=False):
    """Some todos, newest first, and where the next ones start."""

    items: list[Todo]
    next_cursor: Cursor | None
