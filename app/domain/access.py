"""Who may do what: actors, roles, and the scopes their tokens carry."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.domain.errors import Forbidden


class UserRole(StrEnum):
    """What an account is in the product as a whole."""

    USER = "user"
    ADMIN = "admin"


class Permission(StrEnum):
    """One thing a token may be used for; what a person may do to a row is decided by the row."""

    ACCOUNT_READ = "account:read"
    ACCOUNT_WRITE = "account:write"
    TODOS_READ = "todos:read"
    TODOS_WRITE = "todos:write"


ALL_PERMISSIONS: Final = frozenset(Permission)


@dataclass(frozen=True, slots=True)
class Actor:
    """The account on whose behalf work is done, wherever the call came from."""

    id: UUID
    session_id: UUID | None = None
    role: UserRole = UserRole.USER
    scopes: frozenset[Permission] = ALL_PERMISSIONS

    def require(self, permission: Permission) -> None:
        """Refuse a token that lacks the scope; raises `Forbidden`."""
        if permission not in self.scopes:
            raise Forbidden(f"The access token lacks the scope {permission}")
