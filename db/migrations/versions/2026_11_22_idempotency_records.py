"""Requests that may be sent twice.

Revision ID: c41d7a0be592
Revises: 6f3331657e0d
Create Date: 2026-11-22 22:12:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "c41d7a0be592"
down_revision = "6f3331657e0d"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "idempotency_records",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_records")),
        sa.UniqueConstraint("owner_hash", "key_hash", name=op.f("uq_idempotency_records_owner_hash_key_hash")),
    )
    op.create_index(op.f("ix_idempotency_records_created_at"), "idempotency_records", ["created_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("idempotency_records")
