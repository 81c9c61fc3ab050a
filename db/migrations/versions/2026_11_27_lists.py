"""Lists and who shares them, an inbox for everyone among them.

Revision ID: 67ebd6176b57
Revises: c41d7a0be592
Create Date: 2026-11-27 15:50:21.128607+00:00
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "67ebd6176b57"
down_revision = "c41d7a0be592"
branch_labels = None
depends_on = None

# a UUIDv7 (RFC 9562 5.7): 48 bits of milliseconds before 74 random ones; PostgreSQL has its own from 18 on
UUID7 = """
encode(set_bit(set_bit(overlay(
    uuid_send(gen_random_uuid())
    PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6
), 52, 1), 53, 1), 'hex')::uuid
"""


def upgrade() -> None:
    """Add three tables, and an inbox for each account that there is."""
    op.create_table(
        "lists",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("colour", sa.String(7), nullable=True),
        sa.Column("position", sa.String(128, collation="C"), nullable=False),
        sa.Column("is_inbox", sa.Boolean(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        *_common(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lists")),
        sa.UniqueConstraint("owner_id", "position", name=op.f("uq_lists_owner_id_position")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_lists_owner_id_users"), ondelete="CASCADE"),
    )
    op.create_index(
        op.f("ix_lists_owner_id_inbox"), "lists", ["owner_id"], unique=True, postgresql_where=sa.text("is_inbox")
    )
    op.create_table(
        "memberships",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        *_common(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
        sa.UniqueConstraint("list_id", "user_id", name=op.f("uq_memberships_list_id_user_id")),
        sa.ForeignKeyConstraint(
            ["list_id"], ["lists.id"], name=op.f("fk_memberships_list_id_lists"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_memberships_user_id_users"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("role IN ('owner', 'editor', 'viewer')", name=op.f("ck_memberships_listrole")),
    )
    op.create_index(op.f("ix_memberships_user_id_list_id"), "memberships", ["user_id", "list_id"])
    op.create_index(
        op.f("ix_memberships_list_id_owner"),
        "memberships",
        ["list_id"],
        unique=True,
        postgresql_where=sa.text("role = 'owner'"),
    )
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by", sa.Uuid(), nullable=True),
        *_common(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
        sa.ForeignKeyConstraint(
            ["list_id"], ["lists.id"], name=op.f("fk_invitations_list_id_lists"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("role IN ('owner', 'editor', 'viewer')", name=op.f("ck_invitations_listrole")),
    )
    op.create_index(op.f("ix_invitations_list_id"), "invitations", ["list_id"])
    op.execute(
        "INSERT INTO lists (id, owner_id, name, position, is_inbox, created_at, updated_at) "  # noqa: S608 -- our own
        f"SELECT {UUID7}, id, 'Inbox', 'a0', true, now(), now() FROM users"
    )
    op.execute(
        "INSERT INTO memberships (id, list_id, user_id, role, created_at, updated_at) "  # noqa: S608 -- our own
        f"SELECT {UUID7}, id, owner_id, 'owner', now(), now() FROM lists"
    )


def downgrade() -> None:
    """Drop them, and with them whatever they hold."""
    for table in ("invitations", "memberships", "lists"):
        op.drop_table(table)


def _common() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
