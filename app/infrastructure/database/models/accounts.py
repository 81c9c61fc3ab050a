"""Accounts, their sessions and their refresh tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.access import UserRole
from app.domain.accounts import (
    ADDRESS_MAX,
    DEVICE_MAX,
    EMAIL_MAX,
    NAME_MAX,
    REASON_MAX,
    TIME_ZONE_MAX,
    MailPurpose,
)
from app.domain.auditing import ACTION_MAX, DETAIL_MAX, Outcome
from app.infrastructure.database.base import Model, text_enum


class User(Model):
    """One account; `email` is as its owner writes it, `email_canonical` is who it is."""

    __tablename__ = "users"
    __table_args__ = (Index("ix_users_created_at_id", "created_at", "id"),)

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
    __table_args__ = (
        Index(None, "user_id"),
        # what every worker asks for twice a second: the sessions that have ended lately
        Index("ix_sessions_revoked_at", "revoked_at", postgresql_where=text("revoked_at IS NOT NULL")),
    )

    # an ended session outlives its account for as long as access tokens do: they must be known to have ended
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    device: Mapped[str] = mapped_column(String(DEVICE_MAX))
    address: Mapped[str] = mapped_column(String(ADDRESS_MAX))
    last_seen_at: Mapped[datetime]
    idle_expires_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None] = mapped_column(String(REASON_MAX))


class RefreshToken(Model):
    """One generation of a session's refresh token: its hash, and the salt its successor was made with."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index(None, "session_id"),)

    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    used_at: Mapped[datetime | None]
    successor_salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))


class MailToken(Model):
    """A token that was mailed: its hash, what it is for, and the new address where it is for one."""

    __tablename__ = "mail_tokens"
    __table_args__ = (Index("ix_mail_tokens_user_id_purpose", "user_id", "purpose"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    purpose: Mapped[MailPurpose] = mapped_column(text_enum(MailPurpose))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    email: Mapped[str | None] = mapped_column(String(EMAIL_MAX))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInFailure(Model):
    """The failed sign-ins in a row of one address, whether it has an account or not: the key is a hash of it."""

    __tablename__ = "sign_in_failures"

    account_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    failures: Mapped[int] = mapped_column(BigInteger)
    retry_at: Mapped[datetime]


class AuditEvent(Model):
    """Who did what to whom, from where, and how it ended; it outlives the accounts it names."""

    __tablename__ = "audit_events"
    __table_args__ = (Index("ix_audit_events_created_at_id", "created_at", "id"),)

    action: Mapped[str] = mapped_column(String(ACTION_MAX))
    outcome: Mapped[Outcome] = mapped_column(text_enum(Outcome))
    actor_id: Mapped[UUID | None]
    subject_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    device: Mapped[str | None] = mapped_column(String(DEVICE_MAX))
    address: Mapped[str | None] = mapped_column(String(ADDRESS_MAX))
    detail: Mapped[str | None] = mapped_column(String(DETAIL_MAX))
