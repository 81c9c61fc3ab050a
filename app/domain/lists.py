"""Lists: their limits, and what is refused to them."""

from datetime import datetime
from typing import Final

from app.domain.errors import Conflict

LIST_NAME_MAX: Final = 120
COLOUR_PATTERN: Final = "^#[0-9a-f]{6}$"
COLOUR_LENGTH: Final = 7
INBOX_NAME: Final = "Inbox"
INBOX_POSITION: Final = "a0"
"""Ahead of every list that is made later."""
LISTS_MAX: Final = 500
"""Active ones, of one person."""


class ListArchived(Conflict):
    """An archived list is for reading only; unarchive it first."""

    code = "list_archived"
    title = "List is archived"


class InboxImmutable(Conflict):
    """Everyone has exactly one inbox: it is neither deleted nor archived nor given away."""

    code = "inbox_immutable"
    title = "The inbox stays"


class TooManyLists(Conflict):
    """A person owns at most 500 lists that are neither archived nor deleted."""

    code = "too_many_lists"
    title = "Too many lists"


def check_not_archived(archived_at: datetime | None) -> None:
    """Refuse a change to an archived list or to what it holds; raises `ListArchived`."""
    if archived_at is not None:
        raise ListArchived


def check_not_inbox(*, is_inbox: bool) -> None:
    """Refuse to delete, archive or transfer the inbox; raises `InboxImmutable`."""
    if is_inbox:
        raise InboxImmutable


def check_active_lists(active: int) -> None:
    """Refuse one more list to whoever has `active` of them; raises `TooManyLists`."""
    if active >= LISTS_MAX:
        raise TooManyLists
