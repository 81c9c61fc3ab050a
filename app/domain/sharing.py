"""Who shares a list, and what that lets them do."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.domain.errors import Conflict, Forbidden, Kind, Refusal

MEMBERS_MAX: Final = 50
"""Of one list, its owner included."""
INVITATION_LIFETIME: Final = timedelta(days=7)


class ListRole(StrEnum):
    """What a person is to a list; each list has one owner."""

    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"


class ListPermission(StrEnum):
    """One thing that a person may do in a list, if a token of theirs may be used for it too."""

    LIST_READ = "list:read"
    LIST_WRITE = "list:write"
    LIST_DELETE = "list:delete"
    LIST_TRANSFER = "list:transfer"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    TODOS_READ = "todos:read"
    TODOS_WRITE = "todos:write"


_SEE: Final = frozenset({ListPermission.LIST_READ, ListPermission.MEMBERS_READ, ListPermission.TODOS_READ})

GRANTS: Final[Mapping[ListRole, frozenset[ListPermission]]] = {
    ListRole.VIEWER: _SEE,
    ListRole.EDITOR: _SEE | {ListPermission.TODOS_WRITE},
    ListRole.OWNER: frozenset(ListPermission),
}
"""One's own membership may be left, and one's own reminders set, whatever the role."""

INVITABLE: Final = frozenset({ListRole.EDITOR, ListRole.VIEWER})
"""The roles that invitations and changes of role may give; a list gets another owner by transfer alone."""


class TooManyMembers(Conflict):
    """A list has at most 50 members, its owner included."""

    code = "too_many_members"
    title = "Too many members"


class AlreadyMember(Conflict):
    """The person is a member of the list."""

    code = "already_member"
    title = "Already a member"


class NotAMember(Refusal):
    """Todos are assigned, and lists transferred, to members of the list alone."""

    code = "not_a_member"
    title = "Not a member"
    kind = Kind.INVALID


class LastOwner(Conflict):
    """A list has an owner at all times: who owns it transfers it before leaving it or taking another role."""

    code = "last_owner"
    title = "The list needs an owner"


class InvitationExpired(Refusal):
    """The invitation is older than seven days; ask for another one."""

    code = "invitation_expired"
    title = "Invitation expired"
    kind = Kind.GONE


class InvitationUsed(Refusal):
    """An invitation is good for one person, once, and this one has been accepted."""

    code = "invitation_used"
    title = "Invitation used"
    kind = Kind.GONE


def require(role: ListRole, permission: ListPermission) -> None:
    """Refuse what the role does not grant; raises `Forbidden`."""
    if permission not in GRANTS[role]:
        raise Forbidden(f"In this list you are its {role}, who lacks the permission {permission}")


def check_member_count(members: int) -> None:
    """Refuse one more member to a list of so many; raises `TooManyMembers`."""
    if members >= MEMBERS_MAX:
        raise TooManyMembers


def check_not_owner(role: ListRole) -> None:
    """Refuse to remove the owner or to give them another role; raises `LastOwner`."""
    if role is ListRole.OWNER:
        raise LastOwner


def check_invitation(*, expires_at: datetime, accepted_at: datetime | None, now: datetime) -> None:
    """Refuse an invitation that is good no more; raises `InvitationUsed`, `InvitationExpired`."""
    if accepted_at is not None:
        raise InvitationUsed
    if now >= expires_at:
        raise InvitationExpired
