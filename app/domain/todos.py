"""Todos: their limits, and what is refused to them beside the rules of their life."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

from app.domain.errors import Conflict, Kind, Refusal

TITLE_MAX: Final = 500
NOTES_MAX: Final = 16_384
LEVELS_MAX: Final = 4
TAGS_MAX: Final = 20
TAG_NAME_MAX: Final = 60
SEARCH_MAX: Final = 200
REMINDERS_MAX: Final = 20
"""Of one person, for one todo."""
MINUTES_BEFORE_MAX: Final = 40_320
"""Four weeks."""
BULK_MAX: Final = 100
TRASH_LIFETIME: Final = timedelta(days=30)


class TodoStatus(StrEnum):
    """Where a todo stands in its life."""

    OPEN = "open"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Priority(StrEnum):
    """How much a todo matters to its list."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


class OccurrenceOutcome(StrEnum):
    """What became of one occurrence of a recurring todo."""

    COMPLETED = "completed"
    SKIPPED = "skipped"


class ReminderStatus(StrEnum):
    """What became of a reminder."""

    PENDING = "pending"
    SENT = "sent"
    CANCELLED = "cancelled"
    FAILED = "failed"


class TodoExists(Conflict):
    """The id that the client chose for a new todo is in use; a client that sends a todo again has its answer here."""

    code = "todo_exists"
    title = "Todo exists already"


class ParentTrashed(Conflict):
    """The todo's parent is in the trash; restore the parent first."""

    code = "parent_trashed"
    title = "Parent in the trash"


class TooManyReminders(Conflict):
    """A person has at most 20 reminders for one todo."""

    code = "too_many_reminders"
    title = "Too many reminders"


class ReminderExists(Conflict):
    """A person is reminded of a todo once at any one moment, and there is a reminder for this one."""

    code = "reminder_exists"
    title = "Reminder exists already"


class ReminderNeedsDue(Refusal):
    """A reminder that counts back from the due date needs a todo that has one."""

    code = "reminder_needs_due"
    title = "Reminder needs a due date"
    kind = Kind.INVALID


def check_reminder_count(reminders: int) -> None:
    """Refuse one more reminder to whoever has so many of a todo; raises `TooManyReminders`."""
    if reminders >= REMINDERS_MAX:
        raise TooManyReminders
