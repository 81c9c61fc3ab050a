"""Todos, what became of their occurrences, and who is reminded of them."""

import datetime as dt
from typing import Final
from uuid import UUID

from sqlalchemy import (
    DDL,
    BigInteger,
    Computed,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Time,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.accounts import TIME_ZONE_MAX
from app.domain.ordering import POSITION_MAX
from app.domain.recurrence import Anchor
from app.domain.rrule import RULE_MAX
from app.domain.todos import NOTES_MAX, TAG_NAME_MAX, TITLE_MAX, OccurrenceOutcome, Priority, ReminderStatus, TodoStatus
from app.infrastructure.database.base import Model, text_enum

NO_DUE: Final = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
"""Where todos without a due date stand among those that have one: later than any that there can be."""

PRIORITY_RANKS: Final = {priority: rank for rank, priority in enumerate(Priority)}

_LIVE: Final = text("deleted_at IS NULL")
# here and below in PostgreSQL's own words, which the check for drift compares
_RANKS: Final = " ".join(f"WHEN '{priority}'::text THEN {rank}" for priority, rank in PRIORITY_RANKS.items())

# What the indexes of this module need; the migrations say the same in words of their own.
for _statement in (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE EXTENSION IF NOT EXISTS unaccent",
    # unaccent alone depends on a dictionary, which somebody might change: this names the one it comes with
    """
    CREATE FUNCTION evenstar_fold(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN lower(public.unaccent('public.unaccent'::regdictionary, normalize($1, NFKC)))
    """,
    # PostgreSQL's parser would make one word of an address, a path, or words with hyphens between them
    """
    CREATE FUNCTION evenstar_words(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN translate(evenstar_fold($1), '!"#$%%&''()*+,-./:;<=>?@[\\]^_`{|}~', repeat(' ', 32))
    """,
    # null where the text has no word, so that it finds nothing
    """
    CREATE FUNCTION evenstar_prefixes(text) RETURNS tsquery LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (nullif(array_to_string(tsvector_to_array(to_tsvector('simple', evenstar_words($1))), ':* & '), '')
            || ':*')::tsquery
    """,
):
    event.listen(Model.metadata, "before_create", DDL(_statement))


class Todo(Model):
    """One thing to do, seen by all who share its list.

    The indexes that lead with the status give each listing its order for one list and one status; the listing puts
    those together. `created_by` and `completed_by` outlive the accounts that they name.
    """

    __tablename__ = "todos"
    __table_args__ = (
        UniqueConstraint(
            "list_id",
            "parent_id",
            "position",
            name="uq_todos_list_id_parent_id_position",
            postgresql_nulls_not_distinct=True,
        ),
        ForeignKeyConstraint(
            ["list_id", "assignee_id"],
            ["memberships.list_id", "memberships.user_id"],
            name="fk_todos_list_id_assignee_id_memberships",
            ondelete="SET NULL (assignee_id)",
        ),
        Index("ix_todos_list_id_created_at_id", "list_id", "created_at", "id", postgresql_where=_LIVE),
        *(
            Index(f"ix_todos_list_id_status_{column}_id", "list_id", "status", column, "id", postgresql_where=_LIVE)
            for column in ("created_at", "updated_at", "due_order", "priority_rank", "position")
        ),
        Index(
            "ix_todos_list_id_deleted_at_id", "list_id", "deleted_at", "id", postgresql_where=text("deletion_id = id")
        ),
        Index("ix_todos_deletion_id", "deletion_id", postgresql_where=text("deletion_id IS NOT NULL")),
        Index("ix_todos_parent_id", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
        Index(
            "ix_todos_assignee_id_list_id", "assignee_id", "list_id", postgresql_where=text("assignee_id IS NOT NULL")
        ),
        # the list as an array, which no other index has: whoever asks for that gets this one, whatever PostgreSQL
        # takes the list's size to be
        Index(
            "ix_todos_finding",
            text("(ARRAY[list_id])"),
            "tags",
            "search",
            "folded_title",
            postgresql_using="gin",
            postgresql_ops={"folded_title": "gin_trgm_ops"},
            # in kB: whoever fills what waits to be put in the index does so, and at more the others wait for that
            postgresql_with={"gin_pending_list_limit": 256},
            postgresql_where=_LIVE,
        ),
    )

    list_id: Mapped[UUID] = mapped_column(ForeignKey("lists.id", ondelete="CASCADE"))
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("todos.id", ondelete="CASCADE"))
    # never unset: while it is false, no other todo has to be looked at when this one is completed
    has_subtasks: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    title: Mapped[str] = mapped_column(String(TITLE_MAX))
    notes: Mapped[str | None] = mapped_column(String(NOTES_MAX))
    status: Mapped[TodoStatus] = mapped_column(text_enum(TodoStatus), default=TodoStatus.OPEN)
    completed: Mapped[bool] = mapped_column(Computed("status::text = 'completed'::text", persisted=True))
    completed_at: Mapped[dt.datetime | None]
    completed_by: Mapped[UUID | None]
    priority: Mapped[Priority] = mapped_column(text_enum(Priority), default=Priority.NONE)
    priority_rank: Mapped[int] = mapped_column(
        BigInteger, Computed(f"CASE priority {_RANKS} ELSE NULL::integer END", persisted=True)
    )
    due_date: Mapped[dt.date | None] = mapped_column(Date)
    due_time: Mapped[dt.time | None] = mapped_column(Time)
    due_time_zone: Mapped[str | None] = mapped_column(String(TIME_ZONE_MAX))
    due_at: Mapped[dt.datetime | None]
    due_order: Mapped[dt.datetime] = mapped_column(
        Computed(f"coalesce(due_at, '{NO_DUE:%Y-%m-%d %H:%M:%S}+00'::timestamp with time zone)", persisted=True)
    )
    recurrence_rule: Mapped[str | None] = mapped_column(String(RULE_MAX))
    recurrence_anchor: Mapped[Anchor | None] = mapped_column(text_enum(Anchor))
    recurrence_time_zone: Mapped[str | None] = mapped_column(String(TIME_ZONE_MAX))
    # the series' first day, and how many of its occurrences there have been, the present one included
    recurrence_start: Mapped[dt.date | None] = mapped_column(Date)
    recurrence_used: Mapped[int | None] = mapped_column(BigInteger)
    tags: Mapped[list[str]] = mapped_column(ARRAY(String(TAG_NAME_MAX)), default=list, server_default=text("'{}'"))
    assignee_id: Mapped[UUID | None]
    # keys compare as bytes, whatever the database's collation
    position: Mapped[str] = mapped_column(String(POSITION_MAX, collation="C"))
    created_by: Mapped[UUID]
    deleted_at: Mapped[dt.datetime | None]
    # the todo or list whose deletion this one went along with, which is its own id where it was deleted itself
    deletion_id: Mapped[UUID | None]
    folded_title: Mapped[str] = mapped_column(String, Computed("evenstar_fold(title::text)", persisted=True))
    search: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed(
            "setweight(to_tsvector('simple'::regconfig, evenstar_words(title::text)), 'A'::\"char\") || "
            "setweight(to_tsvector('simple'::regconfig, "
            "evenstar_words(COALESCE(notes, ''::character varying)::text)), 'B'::\"char\")",
            persisted=True,
        ),
    )


class Occurrence(Model):
    """One occurrence of a recurring todo, after it was dealt with."""

    __tablename__ = "occurrences"
    __table_args__ = (Index("ix_occurrences_todo_id_created_at_id", "todo_id", "created_at", "id"),)

    todo_id: Mapped[UUID] = mapped_column(ForeignKey("todos.id", ondelete="CASCADE"))
    scheduled_for: Mapped[dt.date] = mapped_column(Date)
    outcome: Mapped[OccurrenceOutcome] = mapped_column(text_enum(OccurrenceOutcome))
    user_id: Mapped[UUID]


class Reminder(Model):
    """That a person is to be reminded of a todo, at an instant or so many minutes before it is due."""

    __tablename__ = "reminders"
    __table_args__ = (
        # asked at a statement's end, for one that moves several of them in one go
        UniqueConstraint(
            "todo_id",
            "user_id",
            "fire_at",
            name="uq_reminders_todo_id_user_id_fire_at",
            deferrable=True,
            initially="IMMEDIATE",
        ),
        Index(None, "user_id"),
        Index("ix_reminders_fire_at", "fire_at", postgresql_where=text("status = 'pending'")),
    )

    todo_id: Mapped[UUID] = mapped_column(ForeignKey("todos.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    fire_at: Mapped[dt.datetime]
    minutes_before: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[ReminderStatus] = mapped_column(text_enum(ReminderStatus), default=ReminderStatus.PENDING)
