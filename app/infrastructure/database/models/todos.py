"""Todos."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Computed, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.todos import NOTES_MAX, TITLE_MAX
from app.infrastructure.database.base import Model


class Todo(Model):
    """One thing to do, seen by its owner alone."""

    __tablename__ = "todos"
    __table_args__ = (
        Index("ix_todos_owner_id_created_at_id", "owner_id", "created_at", "id"),
        Index("ix_todos_owner_id_updated_at_id", "owner_id", "updated_at", "id"),
        Index("ix_todos_owner_id_completed_created_at_id", "owner_id", "completed", "created_at", "id"),
    )

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(TITLE_MAX))
    notes: Mapped[str | None] = mapped_column(String(NOTES_MAX))
    completed_at: Mapped[datetime | None]
    completed: Mapped[bool] = mapped_column(Computed("completed_at IS NOT NULL", persisted=True))
