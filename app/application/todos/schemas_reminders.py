"""What reminders are asked and what they show."""

import datetime as dt
from typing import Annotated, Any, ClassVar
from uuid import UUID

from msgspec import Meta

from app.application.schemas import Command, CreatedAt, Row, UpdatedAt, View
from app.domain.todos import MINUTES_BEFORE_MAX, REMINDERS_MAX, ReminderStatus

FireAt = Annotated[dt.datetime, Meta(tz=True, description="When it comes.", examples=["2030-01-31T08:00:00Z"])]
MinutesBefore = Annotated[
    int,
    Meta(
        ge=0,
        le=MINUTES_BEFORE_MAX,
        description="How many minutes before `dueAt` it comes, wherever that is moved to.",
        examples=[30],
    ),
]


class ReminderCreate(Command, frozen=True):
    """When to be reminded: at an instant, or so many minutes before the todo is due, one of the two."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"minutesBefore": 30}

    fire_at: FireAt | None = None
    minutes_before: MinutesBefore | None = None


class Reminder(Row, frozen=True, gc=False):
    """That you are reminded of a todo, which nobody else is shown."""

    todo_id: Annotated[
        UUID, Meta(description="The todo that it is of.", examples=["01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e02"])
    ]
    fire_at: FireAt
    minutes_before: MinutesBefore | None
    status: Annotated[ReminderStatus, Meta(description="What became of it: while it is pending, it is to come.")]
    created_at: CreatedAt
    updated_at: UpdatedAt


class ReminderList(View, frozen=True, gc=False):
    """All of your reminders of a todo, in the order in which they come."""

    items: Annotated[list[Reminder], Meta(max_length=REMINDERS_MAX, description="The reminders.")]
