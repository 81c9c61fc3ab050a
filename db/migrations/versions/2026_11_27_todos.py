"""Todos in lists, their occurrences and reminders, and what searching them takes.

Revision ID: 8f2f0c1b7d35
Revises: 67ebd6176b57
Create Date: 2026-11-27 15:55:02.403211+00:00
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "8f2f0c1b7d35"
down_revision = "67ebd6176b57"
branch_labels = None
depends_on = None

EXTENSIONS = ("pg_trgm", "unaccent")
FUNCTIONS = {
    "evenstar_fold(text) RETURNS text": "lower(public.unaccent('public.unaccent'::regdictionary, normalize($1, NFKC)))",
    "evenstar_words(text) RETURNS text": (
        r"""translate(evenstar_fold($1), '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32))"""
    ),
    "evenstar_prefixes(text) RETURNS tsquery": "(nullif(array_to_string(tsvector_to_array("
    "to_tsvector('simple', evenstar_words($1))), ':* & '), '') || ':*')::tsquery",
}
PRIORITIES = ("none", "low", "medium", "high", "urgent")
ORDERS = ("created_at", "updated_at", "due_order", "priority_rank", "position")


def upgrade() -> None:
    """Add three tables, the extensions of their indexes, and the functions that make words and queries of texts."""
    for extension in EXTENSIONS:
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    for name, expression in FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {name} LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN {expression}")
    op.create_table(
        "todos",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_placing(),
        *_saying(),
        *_timing(),
        *_finding(),
        *_common(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_todos")),
        sa.UniqueConstraint(
            "list_id",
            "parent_id",
            "position",
            name=op.f("uq_todos_list_id_parent_id_position"),
            postgresql_nulls_not_distinct=True,
        ),
        sa.ForeignKeyConstraint(["list_id"], ["lists.id"], name=op.f("fk_todos_list_id_lists"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["parent_id"], ["todos.id"], name=op.f("fk_todos_parent_id_todos"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["list_id", "assignee_id"],
            ["memberships.list_id", "memberships.user_id"],
            name=op.f("fk_todos_list_id_assignee_id_memberships"),
            ondelete="SET NULL (assignee_id)",
        ),
        _one_of("todos", "status", "todostatus", "open", "completed", "cancelled"),
        _one_of("todos", "priority", "priority", *PRIORITIES),
        _one_of("todos", "recurrence_anchor", "anchor", "schedule", "completion"),
    )
    _create_todo_indexes()
    op.create_table(
        "occurrences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("todo_id", sa.Uuid(), nullable=False),
        sa.Column("scheduled_for", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        *_common(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrences")),
        sa.ForeignKeyConstraint(
            ["todo_id"], ["todos.id"], name=op.f("fk_occurrences_todo_id_todos"), ondelete="CASCADE"
        ),
        _one_of("occurrences", "outcome", "occurrenceoutcome", "completed", "skipped"),
    )
    op.create_index(op.f("ix_occurrences_todo_id_created_at_id"), "occurrences", ["todo_id", "created_at", "id"])
    op.create_table(
        "reminders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("todo_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("fire_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes_before", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(32), nullable=False),
        *_common(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
        sa.UniqueConstraint(
            "todo_id",
            "user_id",
            "fire_at",
            name=op.f("uq_reminders_todo_id_user_id_fire_at"),
            deferrable=True,
            initially="IMMEDIATE",
        ),
        sa.ForeignKeyConstraint(["todo_id"], ["todos.id"], name=op.f("fk_reminders_todo_id_todos"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_reminders_user_id_users"), ondelete="CASCADE"),
        _one_of("reminders", "status", "reminderstatus", "pending", "sent", "cancelled", "failed"),
    )
    op.create_index(op.f("ix_reminders_user_id"), "reminders", ["user_id"])
    op.create_index(
        op.f("ix_reminders_fire_at"), "reminders", ["fire_at"], postgresql_where=sa.text("status = 'pending'")
    )


def downgrade() -> None:
    """Drop them, and with them whatever they hold."""
    for table in ("reminders", "occurrences", "todos"):
        op.drop_table(table)
    for name in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {name.partition(' ')[0]}")
    for extension in reversed(EXTENSIONS):
        op.execute(f"DROP EXTENSION {extension}")


def _create_todo_indexes() -> None:
    for order in ORDERS:
        _index_live(f"list_id_status_{order}_id", "list_id", "status", order, "id")
    _index_live("list_id_created_at_id", "list_id", "created_at", "id")
    _index_where("list_id_deleted_at_id", "deletion_id = id", "list_id", "deleted_at", "id")
    _index_where("deletion_id", "deletion_id IS NOT NULL", "deletion_id")
    _index_where("parent_id", "parent_id IS NOT NULL", "parent_id")
    _index_where("assignee_id_list_id", "assignee_id IS NOT NULL", "assignee_id", "list_id")
    _index_live(
        "finding",
        sa.text("(ARRAY[list_id])"),
        "tags",
        "search",
        "folded_title",
        postgresql_using="gin",
        postgresql_ops={"folded_title": "gin_trgm_ops"},
    )


def _index_live(name: str, *columns: str | sa.TextClause, **options: Any) -> None:
    _index_where(name, "deleted_at IS NULL", *columns, **options)


def _index_where(name: str, condition: str, *columns: str | sa.TextClause, **options: Any) -> None:
    op.create_index(op.f(f"ix_todos_{name}"), "todos", list(columns), postgresql_where=sa.text(condition), **options)


def _one_of(table: str, column: str, kind: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{kind}"))


def _placing() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("has_subtasks", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("position", sa.String(128, collation="C"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deletion_id", sa.Uuid(), nullable=True),
    )


def _saying() -> tuple[sa.Column[Any], ...]:
    ranks = " ".join(f"WHEN '{name}' THEN {rank}" for rank, name in enumerate(PRIORITIES))
    return (
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("notes", sa.String(16_384), nullable=True),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("completed", sa.Boolean(), sa.Computed("status = 'completed'", persisted=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_by", sa.Uuid(), nullable=True),
        sa.Column("priority", sa.String(32), nullable=False),
        sa.Column(
            "priority_rank", sa.BigInteger(), sa.Computed(f"CASE priority {ranks} END", persisted=True), nullable=False
        ),
        sa.Column("tags", postgresql.ARRAY(sa.String(60)), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
    )


def _timing() -> tuple[sa.Column[Any], ...]:
    order = sa.Computed("coalesce(due_at, '9999-12-31 23:59:59+00'::timestamp with time zone)", persisted=True)
    return (
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("due_time", sa.Time(), nullable=True),
        sa.Column("due_time_zone", sa.String(64), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_order", sa.DateTime(timezone=True), order, nullable=False),
        sa.Column("recurrence_rule", sa.String(500), nullable=True),
        sa.Column("recurrence_anchor", sa.String(32), nullable=True),
        sa.Column("recurrence_time_zone", sa.String(64), nullable=True),
        sa.Column("recurrence_start", sa.Date(), nullable=True),
        sa.Column("recurrence_used", sa.BigInteger(), nullable=True),
    )


def _finding() -> tuple[sa.Column[Any], ...]:
    search = (
        "setweight(to_tsvector('simple', evenstar_words(title)), 'A') || "
        "setweight(to_tsvector('simple', evenstar_words(coalesce(notes, ''))), 'B')"
    )
    return (
        sa.Column("folded_title", sa.String(), sa.Computed("evenstar_fold(title)", persisted=True), nullable=False),
        sa.Column("search", postgresql.TSVECTOR(), sa.Computed(search, persisted=True), nullable=False),
    )


def _common() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
