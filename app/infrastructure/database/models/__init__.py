"""Every table of the product; importing this package is what makes the metadata complete."""

from app.infrastructure.database.models.accounts import (
    AuditEvent,
    MailToken,
    RefreshToken,
    Session,
    SignInFailure,
    User,
)
from app.infrastructure.database.models.idempotency import IdempotencyRecord
from app.infrastructure.database.models.lists import Invitation, Membership, TodoList
from app.infrastructure.database.models.todos import Occurrence, Reminder, Todo

__all__ = [
    "AuditEvent",
    "IdempotencyRecord",
    "Invitation",
    "MailToken",
    "Membership",
    "Occurrence",
    "RefreshToken",
    "Reminder",
    "Session",
    "SignInFailure",
    "Todo",
    "TodoList",
    "User",
]
