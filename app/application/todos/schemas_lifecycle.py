"""What is asked of a todo's life, and what it shows of it."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from app.application.schemas import Command, NextCursor, PageQuery, Total, View
from app.application.todos.schemas import Todo
from app.domain.todos import OccurrenceOutcome

OccurrenceDay = Annotated[dt.date, Meta(description="The day that it was due on.", examples=["2030-01-31"])]


class OccurrenceChoice(Command, frozen=True):
    """Which occurrence of a recurring todo is meant, so that no late request deals with the next one."""

    occurrence: Annotated[dt.date, Meta(description="The day that it is due on.", examples=["2030-01-31"])] | None = (
        None
    )


class Occurrence(View, frozen=True, gc=False):
    """One occurrence of a recurring todo, after it was dealt with."""

    id: Annotated[UUID, Meta(description="UUIDv7.", examples=["01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e04"])]
    scheduled_for: OccurrenceDay
    outcome: Annotated[OccurrenceOutcome, Meta(description="What became of it.")]
    created_at: Annotated[
        dt.datetime, Meta(tz=True, description="When it was dealt with.", examples=["2030-01-31T18:00:00Z"])
    ]
    user_id: Annotated[UUID, Meta(description="By whom.", examples=["01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e03"])]


class Completion(View, frozen=True, gc=False):
    """A todo after it was completed, and the occurrence that was, where it recurs."""

    completed_occurrence: Annotated[Occurrence | None, Meta(description="The occurrence that was completed.")]
    todo: Todo


class Skip(View, frozen=True, gc=False):
    """A recurring todo after one of its occurrences was passed over."""

    skipped_occurrence: Occurrence
    todo: Todo


class OccurrenceQuery(PageQuery, frozen=True):
    """Which page of a todo's occurrences."""


class OccurrencePage(View, frozen=True, gc=False):
    """Some occurrences, latest first, and where the next ones start; `total` only where it was asked for."""

    items: Annotated[list[Occurrence], Meta(description="The occurrences of this page.")]
    next_cursor: NextCursor | None
    total: Total | UnsetType = UNSET
