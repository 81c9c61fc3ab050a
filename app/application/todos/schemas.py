"""What todos are asked and what they show."""

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType, field

from app.application.schemas import Command, CreatedAt, NextCursor, PageQuery, Patch, Row, Total, UpdatedAt, View
from app.application.validation import NOT_BLANK
from app.domain.accounts import TIME_ZONE_MAX
from app.domain.ordering import POSITION_MAX
from app.domain.recurrence import Anchor
from app.domain.rrule import RULE_MAX
from app.domain.todos import NOTES_MAX, SEARCH_MAX, TAG_NAME_MAX, TAGS_MAX, TITLE_MAX, Priority, TodoStatus

_LIST_ID = "01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e01"
_TODO_ID = "01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e02"
_USER_ID = "01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e03"

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
Status = Annotated[TodoStatus, Meta(description="Where it stands in its life.")]
Completed = Annotated[bool, Meta(description="Whether it is done: whether `status` is `completed`.", examples=[True])]
PriorityField = Annotated[Priority, Meta(description="How much it matters to its list.")]
Tag = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=TAG_NAME_MAX,
        pattern=NOT_BLANK,
        description="A tag's name; blanks around it are taken off.",
        examples=["errands"],
        extra={"trim": True},
    ),
]
Tags = Annotated[list[Tag], Meta(max_length=TAGS_MAX, description="Its tags, each once.", examples=[["errands"]])]
ListId = Annotated[UUID, Meta(description="The list that it is in.", examples=[_LIST_ID])]
ParentId = Annotated[UUID, Meta(description="The todo that it is a part of.", examples=[_TODO_ID])]
AssigneeId = Annotated[UUID, Meta(description="The member of the list who is to do it.", examples=[_USER_ID])]

DueDate = Annotated[dt.date, Meta(description="The calendar day.", examples=["2030-01-31"])]
DueTime = Annotated[
    dt.time, Meta(tz=False, description="The time on that day, by the clock of the time zone.", examples=["09:30:00"])
]
DueTimeZone = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=TIME_ZONE_MAX,
        description="The IANA time zone that the day and the time are of.",
        examples=["Europe/Berlin"],
    ),
]
RuleText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=RULE_MAX,
        description="An RRULE (RFC 5545) of the part that is documented at /problems/invalid_recurrence.",
        examples=["FREQ=WEEKLY;BYDAY=MO,TH"],
    ),
]
AnchorField = Annotated[Anchor, Meta(description="What the next occurrence is counted from.")]


class DueInput(Command, frozen=True):
    """When it is due: a calendar day, or a time on it, which needs a time zone."""

    date: DueDate
    time: DueTime | None = None
    time_zone: DueTimeZone | None = None


class Due(View, frozen=True, gc=False):
    """When it is due: a calendar day, or a time on it by the clock of a time zone."""

    date: DueDate
    time: DueTime | None
    time_zone: DueTimeZone | None


class RecurrenceInput(Command, frozen=True):
    """How it repeats; it needs a due date to repeat from."""

    rule: RuleText
    time_zone: DueTimeZone
    anchor: AnchorField = Anchor.SCHEDULE


class Recurrence(View, frozen=True, gc=False):
    """How it repeats."""

    rule: RuleText
    anchor: AnchorField
    time_zone: DueTimeZone


_DUE = Meta(description="When it is due.")
_RECURRENCE = Meta(description="How it repeats, for which it needs a due date.")


class TodoCreate(Command, frozen=True):
    """A todo as its author writes it."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "title": "Buy milk",
        "notes": "Two litres",
        "priority": "high",
        "due": {"date": "2030-01-31", "time": "09:30:00", "timeZone": "Europe/Berlin"},
        "tags": ["errands"],
    }

    title: Title
    id: (
        Annotated[
            UUID,
            Meta(description="A UUIDv7 of the client's own, unless the service is to make one.", examples=[_TODO_ID]),
        ]
        | UnsetType
    ) = UNSET
    list_id: ListId | UnsetType = UNSET
    parent_id: ParentId | UnsetType | None = UNSET
    notes: Notes | None = None
    status: Status | UnsetType = UNSET
    completed: Completed | UnsetType = UNSET
    priority: PriorityField = Priority.NONE
    due: Annotated[DueInput | None, _DUE] = None
    recurrence: Annotated[RecurrenceInput | None, _RECURRENCE] = None
    tags: Tags = field(default_factory=list[str])
    assignee_id: AssigneeId | None = None


class TodoUpdate(Patch, frozen=True):
    """A change to a todo: the fields of its making but for its place, each of which may be left out."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"title": "Buy oat milk", "completed": True, "notes": None}

    title: Title | UnsetType = UNSET
    notes: Notes | UnsetType | None = UNSET
    status: Status | UnsetType = UNSET
    completed: Completed | UnsetType = UNSET
    priority: PriorityField | UnsetType = UNSET
    due: Annotated[DueInput | UnsetType | None, _DUE] = UNSET
    recurrence: Annotated[RecurrenceInput | UnsetType | None, _RECURRENCE] = UNSET
    tags: Tags | UnsetType = UNSET
    assignee_id: AssigneeId | UnsetType | None = UNSET


class TodoSort(StrEnum):
    """A field to sort by, downwards with a minus; what has no due date is due after all that has."""

    CREATED_AT = "createdAt"
    CREATED_AT_DESC = "-createdAt"
    UPDATED_AT = "updatedAt"
    UPDATED_AT_DESC = "-updatedAt"
    DUE_AT = "dueAt"
    DUE_AT_DESC = "-dueAt"
    PRIORITY = "priority"
    PRIORITY_DESC = "-priority"
    POSITION = "position"
    POSITION_DESC = "-position"


class TodoFilter(PageQuery, frozen=True):
    """Which todos."""

    list_id: ListId | None = None
    parent_id: Annotated[UUID, Meta(description="The todo that they are parts of.", examples=[_TODO_ID])] | None = None
    status: Annotated[
        list[TodoStatus], Meta(max_length=3, description="Only those that stand so.", examples=[["open"]])
    ] = field(default_factory=list[TodoStatus])
    completed: Annotated[bool, Meta(description="Only those that are done, or only those that are not.")] | None = None
    priority: Annotated[
        list[Priority], Meta(max_length=5, description="Only those that matter so.", examples=[["high", "urgent"]])
    ] = field(default_factory=list[Priority])
    tag: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=TAG_NAME_MAX,
                description="Only those that have this tag.",
                examples=["errands"],
            ),
        ]
        | None
    ) = None
    assignee_id: AssigneeId | None = None
    due_before: (
        Annotated[
            dt.datetime, Meta(tz=True, description="Only those due before this.", examples=["2030-02-01T00:00:00Z"])
        ]
        | None
    ) = None
    due_after: (
        Annotated[
            dt.datetime,
            Meta(tz=True, description="Only those due at this instant or later.", examples=["2030-01-01T00:00:00Z"]),
        ]
        | None
    ) = None
    q: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=SEARCH_MAX,
                description="Only those with words that begin like these.",
                examples=["milk"],
            ),
        ]
        | None
    ) = None


class TodoQuery(TodoFilter, frozen=True):
    """Which page of which todos, in which order."""

    sort: Annotated[
        list[TodoSort],
        Meta(max_length=2, description="The order; newest first unless told.", examples=[["dueAt", "-createdAt"]]),
    ] = field(default_factory=list[TodoSort])


class Todo(Row, frozen=True, gc=False):
    """A todo as those who share its list see it."""

    list_id: ListId
    parent_id: ParentId | None
    title: Title
    notes: Notes | None
    status: Status
    completed: Completed
    completed_at: (
        Annotated[dt.datetime, Meta(tz=True, description="When it was done.", examples=["2030-01-31T18:00:00Z"])] | None
    )
    completed_by: Annotated[UUID, Meta(description="Who has done it.", examples=[_USER_ID])] | None
    priority: PriorityField
    due: Annotated[Due | None, _DUE]
    due_at: (
        Annotated[
            dt.datetime,
            Meta(
                tz=True,
                description="The instant that `due` stands for, by which todos are sorted and filtered: of a day alone "
                "its last second, in its own time zone or that of whoever set it.",
                examples=["2030-01-31T08:30:00Z"],
            ),
        ]
        | None
    )
    recurrence: Annotated[Recurrence | None, _RECURRENCE]
    tags: Tags
    assignee_id: AssigneeId | None
    position: Annotated[
        str,
        Meta(
            max_length=POSITION_MAX,
            description="Its place among its siblings: they compare as bytes. It is changed by moving the todo.",
            examples=["a0"],
        ),
    ]
    created_at: CreatedAt
    created_by: Annotated[UUID, Meta(description="Who has written it down.", examples=[_USER_ID])]
    updated_at: UpdatedAt
    deleted_at: (
        Annotated[
            dt.datetime, Meta(tz=True, description="When it was put in the trash.", examples=["2030-02-01T18:00:00Z"])
        ]
        | None
    )


class TodoPage(View, frozen=True, gc=False):
    """Some todos, and where the next ones start; `total` only where it was asked for."""

    items: Annotated[list[Todo], Meta(description="The todos of this page.")]
    next_cursor: NextCursor | None
    total: Total | UnsetType = UNSET
