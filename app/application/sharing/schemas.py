"""What is asked and shown of who shares a list."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from app.application.accounts.schemas import Email, Name
from app.application.schemas import Command, CreatedAt, NextCursor, PageQuery, Patch, Total, View
from app.domain.sharing import ListRole

ExpiresAt = Annotated[
    datetime,
    Meta(tz=True, description="Until when it is good, which is seven days.", examples=["2030-02-07T09:30:00Z"]),
]
InvitationId = Annotated[UUID, Meta(description="UUIDv7.", examples=["01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e91"])]
InvitationToken = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description="What the invited person shows to be let in; it is told once, and not kept.",
        examples=["Zk3vYbq0tX7Wc1uJ9sR5eLhN2aPmD8gF4iKoVxT6yQE"],
    ),
]
ListId = Annotated[UUID, Meta(description="Of which list.", examples=["01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e8f"])]
MemberRole = Annotated[ListRole, Meta(description="What the member is to the list.")]
UserId = Annotated[UUID, Meta(description="Whose account.", examples=["01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e90"])]


class GivenRole(StrEnum):
    """What one person may make another in a list; it gets another owner by transfer alone."""

    EDITOR = ListRole.EDITOR.value
    VIEWER = ListRole.VIEWER.value


class MemberUpdate(Patch, frozen=True):
    """What a list's owner may change about a member."""

    role: Annotated[GivenRole, Meta(description="The member's next role.")] | UnsetType = UNSET


class InvitationCreate(Command, frozen=True):
    """An invitation to a list, for whoever is handed its token."""

    role: Annotated[GivenRole, Meta(description="What the invited person is to be.")]


class InvitationAccept(Command, frozen=True):
    """The token of an invitation."""

    token: InvitationToken


class InvitationQuery(PageQuery, frozen=True):
    """Which page of a list's invitations."""


class Access(View, frozen=True, gc=False):
    """What a person is to a list, and how the list stands."""

    role: ListRole
    archived_at: datetime | None


class Member(View, frozen=True, gc=False):
    """Somebody who shares a list."""

    user_id: UserId
    name: Name
    email: Email
    role: MemberRole
    created_at: CreatedAt


class MemberList(View, frozen=True, gc=False):
    """Those who share a list, its owner among them, longest first; at most 50."""

    items: Annotated[list[Member], Meta(description="The members.")]


class Invitation(View, frozen=True, gc=False):
    """An invitation that is still good."""

    id: InvitationId
    list_id: ListId
    role: MemberRole
    expires_at: ExpiresAt
    created_at: CreatedAt


class NewInvitation(View, frozen=True, gc=False):
    """An invitation as it is told once, with its token."""

    id: InvitationId
    list_id: ListId
    role: MemberRole
    expires_at: ExpiresAt
    created_at: CreatedAt
    token: InvitationToken


class InvitationPage(View, frozen=True, gc=False):
    """Some invitations, newest first, and where the next ones start; `total` only where it was asked for."""

    items: Annotated[list[Invitation], Meta(description="The invitations of this page.")]
    next_cursor: NextCursor | None
    total: Total | UnsetType = UNSET
