"""Requests that may be sent twice, and how they were answered."""

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.infrastructure.database.base import Model


class IdempotencyRecord(Model):
    """One request under its key: hashes of whose it is and what it asked, and its answer, encrypted."""

    __tablename__ = "idempotency_records"
    __table_args__ = (
        UniqueConstraint("owner_hash", "key_hash", name="uq_idempotency_records_owner_hash_key_hash"),
        Index("ix_idempotency_records_created_at", "created_at"),
    )

    owner_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    answer: Mapped[bytes] = mapped_column(LargeBinary)
