"""Queries over the audit log."""

from advanced_alchemy.repository import SQLAlchemyAsyncRepository

from app.infrastructure.database.models import AuditEvent


class AuditRepository(SQLAlchemyAsyncRepository[AuditEvent]):
    """Stores events."""

    model_type = AuditEvent
