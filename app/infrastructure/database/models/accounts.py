"""Accounts, their sessions and their refresh tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.access import UserRole
from app.domain.accounts import ADDRESS_MAX, DEVICE_MAX, EMAIL_MAX, NAME_MAX, TIME_ZONE_MAX
from app.infrastructure.database.base import Model, text_enum


class User(Model):
    """One account; `email` is as its owner writes it, `email_canonical` is who it is."""

    __tablename__ = "users"

    email: Mapped[str] = mapped_column(String(EMAIL_MAX))
    email_canonical: Mapped[str] = mapped_column(String(EMAIL_MAX), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(NAME_MAX))
    time_zone: Mapped[str] = mapped_column(String(TIME_ZONE_MAX))
    role: Mapped[UserRole] = mapped_column(text_enum(UserRole), default=UserRole.USER)
    email_verified_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class Session(Model):
    """One sign-in on one device; ends by logout, by age, or when its refresh token is used twice."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "user_id"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    device: Mapped[str] = mapped_column(String(DEVICE_MAX))
    address: Mapped[str] = mapped_column(String(ADDRESS_MAX))
    last_seen_at: Mapped[datetime]
    idle_expires_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None] = mapped_column(String(32))


class RefreshToken(Model):
    """One generation of a session's refresh token: its hash, and the salt its successor was made with."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index(None, "session_id"),)

    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    used_at: Mapped[datetime | None]
    successor_salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))
