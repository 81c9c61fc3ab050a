"""Lists, who shares them, and the invitations to them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.lists import COLOUR_LENGTH, LIST_NAME_MAX
from app.domain.ordering import POSITION_MAX
from app.domain.sharing import ListRole
from app.infrastructure.database.base import Model, text_enum


class TodoList(Model):
    """A list of todos; its owner is a member of it like everybody else who shares it."""

    __tablename__ = "lists"
    __table_args__ = (
        UniqueConstraint("owner_id", "position", name="uq_lists_owner_id_position"),
        Index("ix_lists_owner_id_inbox", "owner_id", unique=True, postgresql_where=text("is_inbox")),
    )

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(LIST_NAME_MAX))
    colour: Mapped[str | None] = mapped_column(String(COLOUR_LENGTH))
    # keys compare as bytes, whatever the database's collation
    position: Mapped[str] = mapped_column(String(POSITION_MAX, collation="C"))
    is_inbox: Mapped[bool] = mapped_column(default=False)
    archived_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class Membership(Model):
    """That a person shares a list, and as what."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("list_id", "user_id", name="uq_memberships_list_id_user_id"),
        Index("ix_memberships_user_id_list_id", "user_id", "list_id"),
        Index("ix_memberships_list_id_owner", "list_id", unique=True, postgresql_where=text("role = 'owner'")),
    )

    list_id: Mapped[UUID] = mapped_column(ForeignKey("lists.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    role: Mapped[ListRole] = mapped_column(text_enum(ListRole))


class Invitation(Model):
    """That whoever shows a token may share a list: the token's hash, and what became of it.

    `invited_by` and `accepted_by` outlive the accounts that they name.
    """

    __tablename__ = "invitations"
    __table_args__ = (Index(None, "list_id"),)

    list_id: Mapped[UUID] = mapped_column(ForeignKey("lists.id", ondelete="CASCADE"))
    role: Mapped[ListRole] = mapped_column(text_enum(ListRole))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    invited_by: Mapped[UUID]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[UUID | None]
