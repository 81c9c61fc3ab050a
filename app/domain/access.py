"""Who may do what: actors, roles, and the scopes their tokens carry."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from app.domain.errors import Forbidden, Unauthenticated

STEP_UP_WINDOW: Final = timedelta(minutes=5)


class ReauthenticationRequired(Unauthenticated):
    """A sign-in of the last five minutes is needed: sign in again, then repeat the request (RFC 9470)."""

    code = "reauthentication_required"
    title = "Sign in again"


class UserRole(StrEnum):
    """What an account is in the product as a whole."""

    USER = "user"
    ADMIN = "admin"


class Permission(StrEnum):
    """One thing a token may be used for; what a person may do to a row is decided by the row."""

    ACCOUNT_READ = "account:read"
    ACCOUNT_WRITE = "account:write"
    ADMIN = "admin"
    LISTS_READ = "lists:read"
    LISTS_WRITE = "lists:write"
    TODOS_READ = "todos:read"
    TODOS_WRITE = "todos:write"


ALL_PERMISSIONS: Final = frozenset(Permission)


def permissions_of(role: UserRole) -> frozenset[Permission]:
    """The scopes that an account's tokens carry."""
    return ALL_PERMISSIONS if role is UserRole.ADMIN else ALL_PERMISSIONS - {Permission.ADMIN}


class Origin(NamedTuple):
    """Where a request comes from, as far as it tells."""

    device: str = ""
    address: str = ""


NOWHERE: Final = Origin()


@dataclass(frozen=True, slots=True)
class Actor:
    """The account on whose behalf work is done, wherever the call came from.

    `authenticated_at` is when the password was last given for this session; None where there is no session.
    """

    id: UUID
    session_id: UUID | None = None
    role: UserRole = UserRole.USER
    scopes: frozenset[Permission] = ALL_PERMISSIONS
    authenticated_at: datetime | None = None
    origin: Origin = NOWHERE

    def require(self, permission: Permission) -> None:
        """Refuse a token that lacks the scope; raises `Forbidden`."""
        if permission not in self.scopes:
            raise Forbidden(f"The access token lacks the scope {permission}")

    def require_role(self, role: UserRole) -> None:
        """Refuse anyone of another role; raises `Forbidden`."""
        if self.role is not role:
            raise Forbidden(f"Only for accounts of the role {role}")

    def require_recent_sign_in(self, now: datetime) -> None:
        """Refuse a sign-in older than `STEP_UP_WINDOW`; raises `ReauthenticationRequired` (RFC 9470)."""
        if self.authenticated_at is None or now - self.authenticated_at > STEP_UP_WINDOW:
            raise ReauthenticationRequired
