"""What admins ask for and are shown."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from app.application.accounts.schemas import Email, EmailVerifiedAt, Name, TimeZone
from app.application.schemas import CreatedAt, NextCursor, PageQuery, Patch, Row, Total, UpdatedAt, View
from app.domain.access import UserRole
from app.domain.auditing import ACTION_MAX, Outcome

DisabledAt = Annotated[datetime, Meta(tz=True, description="When it was disabled.", examples=["2030-02-01T12:00:00Z"])]


class ManagedUser(Row, frozen=True, gc=False):
    """An account as admins see it."""

    email: Email
    name: Name
    time_zone: TimeZone
    role: Annotated[UserRole, Meta(description="What the account is in the product as a whole.")]
    email_verified_at: EmailVerifiedAt | None
    disabled_at: DisabledAt | None
    created_at: CreatedAt
    updated_at: UpdatedAt


class ManagedUserUpdate(Patch, frozen=True):
    """What admins may change about an account; any change of either ends all its sessions."""

    role: Annotated[UserRole, Meta(description="The account's next role.")] | UnsetType = UNSET
    disabled: Annotated[bool, Meta(description="Whether it is to be disabled.", examples=[True])] | UnsetType = UNSET


class ManagedUserQuery(PageQuery, frozen=True):
    """Which page of the accounts."""


class ManagedUserPage(View, frozen=True, gc=False):
    """Some accounts, newest first, and where the next ones start; `total` only where it was asked for."""

    items: Annotated[list[ManagedUser], Meta(description="The accounts of this page.")]
    next_cursor: NextCursor | None
    total: Total | UnsetType = UNSET


class AuditEvent(View, frozen=True, gc=False):
    """Something that was done, or tried."""

    id: Annotated[UUID, Meta(description="UUIDv7.", examples=["01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e90"])]
    action: Annotated[str, Meta(max_length=ACTION_MAX, description="What.", examples=["session.start"])]
    outcome: Annotated[Outcome, Meta(description="How it ended.")]
    actor_id: Annotated[UUID, Meta(description="Who did it.", examples=["01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e8f"])] | None
    subject_id: (
        Annotated[UUID, Meta(description="Whose account.", examples=["01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e8f"])] | None
    )
    session_id: (
        Annotated[UUID, Meta(description="In which session.", examples=["01937a3e-5d4c-7b2a-9f10-3c6e8d2b4a72"])] | None
    )
    device: Annotated[str, Meta(description="On which device.", examples=["curl/8.5.0"])] | None
    address: Annotated[str, Meta(description="From where.", examples=["203.0.113.7"])] | None
    detail: Annotated[str, Meta(description="Anything more.", examples=["role: admin"])] | None
    created_at: CreatedAt


class AuditQuery(PageQuery, frozen=True):
    """Which page of the audit log."""


class AuditPage(View, frozen=True, gc=False):
    """Some events, newest first, and where the next ones start; `total` only where it was asked for."""

    items: Annotated[list[AuditEvent], Meta(description="The events of this page.")]
    next_cursor: NextCursor | None
    total: Total | UnsetType = UNSET
