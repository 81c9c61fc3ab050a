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
from app.infrastructure.database.models.todos import Todo

__all__ = ["AuditEvent", "IdempotencyRecord", "MailToken", "RefreshToken", "Session", "SignInFailure", "Todo", "User"]
