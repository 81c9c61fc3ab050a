"""What people do about who shares a list."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from msgspec import UNSET

from app.application.accounts.audit import AuditService
from app.application.paging import CursorCodec, Pager
from app.application.sharing.schemas import (
    Access,
    Invitation,
    InvitationAccept,
    InvitationCreate,
    InvitationPage,
    InvitationQuery,
    Member,
    MemberList,
    MemberUpdate,
    NewInvitation,
)
from app.application.tokens import digest_of, new_token
from app.domain.access import Actor, Permission
from app.domain.auditing import Outcome
from app.domain.errors import NotFound
from app.domain.lists import check_not_archived
from app.domain.ports import Clock
from app.domain.sharing import (
    INVITATION_LIFETIME,
    AlreadyMember,
    InvitationUsed,
    ListPermission,
    ListRole,
    check_invitation,
    check_member_count,
    check_not_owner,
    require,
)
from app.infrastructure.database.repositories.keyset import SortTerm
from app.infrastructure.database.repositories.sharing import InvitationRepository, MembershipRepository

NEWEST_FIRST: Final = SortTerm("created_at", descending=True)

Released: TypeAlias = Callable[[UUID, UUID], Awaitable[None]]
"""Ends what a person had to do in a list, before they lose it."""


class SharingService:
    """Decides over members and invitations; what is archived stays as it is, but whoever wants to leave may."""

    def __init__(
        self,
        members: MembershipRepository,
        invitations: InvitationRepository,
        *,
        audit: AuditService,
        clock: Clock,
        cursors: CursorCodec,
        released: Released,
    ) -> None:
        self._members = members
        self._invitations = invitations
        self._audit = audit
        self._clock = clock
        self._cursors = cursors
        self._released = released

    async def list_members(self, actor: Actor, list_id: UUID) -> MemberList:
        """Those who share a list of the actor's; raises `NotFound`."""
        actor.require(Permission.LISTS_READ)
        members = await self._members.list_members(Member, actor, list_id)
        own = next((member for member in members if member.user_id == actor.id), None)
        if own is None:
            raise NotFound
        require(own.role, ListPermission.MEMBERS_READ)
        return MemberList(members)

    async def update_member(self, actor: Actor, list_id: UUID, user_id: UUID, data: MemberUpdate) -> Member:
        """Give a member another role; raises `NotFound`, `Forbidden`, `ListArchived`, `LastOwner`."""
        check_not_archived((await self._hold(actor, list_id)).archived_at)
        role = await self._role_of(list_id, user_id)
        if data.role is not UNSET and role.value != data.role.value:
            check_not_owner(role)
            role, now = ListRole(data.role), self._clock.now()
            await self._members.change_role(list_id, user_id, role, now)
            await self._members.touch_list(list_id, now)
            await self._record(actor, "member.change", list_id, user_id, f", role: {role.value}")
        member = await self._members.find_member(Member, list_id, user_id)
        if member is None:
            raise NotFound
        return member

    async def remove_member(self, actor: Actor, list_id: UUID, user_id: UUID) -> None:
        """Take a list from a member, or leave it: what they had to do there ends.

        Raises `NotFound`, `LastOwner`, and for whoever is not to leave themselves `Forbidden` and `ListArchived`.
        """
        leaves = user_id == actor.id
        access = await self._hold(actor, list_id, None if leaves else ListPermission.MEMBERS_WRITE)
        if not leaves:
            check_not_archived(access.archived_at)
        check_not_owner(await self._role_of(list_id, user_id))
        await self._released(list_id, user_id)
        await self._members.remove(list_id, user_id)
        await self._members.touch_list(list_id, self._clock.now())
        await self._record(actor, "member.leave" if leaves else "member.remove", list_id, user_id)

    async def create_invitation(self, actor: Actor, list_id: UUID, data: InvitationCreate) -> NewInvitation:
        """Invite somebody, whom the owner hands the token; raises `NotFound`, `Forbidden`, `ListArchived`."""
        check_not_archived((await self._hold(actor, list_id)).archived_at)
        now, token = self._clock.now(), new_token()
        made = await self._invitations.insert(
            Invitation,
            {
                "list_id": list_id,
                "role": ListRole(data.role),
                "token_hash": digest_of(token),
                "invited_by": actor.id,
                "expires_at": now + INVITATION_LIFETIME,
                "created_at": now,
                "updated_at": now,
            },
        )
        return NewInvitation(made.id, made.list_id, made.role, made.expires_at, made.created_at, token)

    async def list_invitations(self, actor: Actor, list_id: UUID, query: InvitationQuery) -> InvitationPage:
        """A page of a list's invitations that are still good, newest first; raises `NotFound`, `Forbidden`."""
        actor.require(Permission.LISTS_READ)
        await self._access(actor, list_id, ListPermission.MEMBERS_WRITE)
        pager = Pager(self._cursors, actor, Invitation, query, NEWEST_FIRST, within=list_id)
        now = self._clock.now()
        found = await self._invitations.list_page(
            Invitation, actor, list_id, pager.terms, limit=pager.limit, after=pager.after, now=now
        )
        total = await self._invitations.count_good(actor, list_id, now) if query.include_total else UNSET
        return InvitationPage(*pager.page(found), total)

    async def delete_invitation(self, actor: Actor, list_id: UUID, invitation_id: UUID) -> None:
        """Take back an invitation that nobody has accepted; raises `NotFound`, `Forbidden`, `ListArchived`."""
        check_not_archived((await self._hold(actor, list_id)).archived_at)
        if not await self._invitations.remove_unused(list_id, invitation_id):
            raise NotFound

    async def accept_invitation(self, actor: Actor, data: InvitationAccept) -> UUID:
        """Share the list that the token leads to, which is told.

        Whoever accepts an invitation to the same list meanwhile waits for the end of the transaction.
        Raises `NotFound`, `AlreadyMember`, `InvitationUsed`, `InvitationExpired`, `ListArchived`, `TooManyMembers`.
        """
        actor.require(Permission.LISTS_WRITE)
        token_hash = digest_of(data.token)
        place = await self._invitations.lock_list_of(token_hash)
        invitation = None if place is None else await self._invitations.find_by_token(token_hash)
        if place is None or invitation is None:
            raise NotFound
        if await self._members.find_role(place.id, actor.id) is not None:
            raise AlreadyMember
        now: datetime = self._clock.now()
        check_invitation(expires_at=invitation.expires_at, accepted_at=invitation.accepted_at, now=now)
        check_not_archived(place.archived_at)
        check_member_count(await self._members.count_members(place.id))
        if not await self._invitations.use(invitation.id, actor.id, now):
            raise InvitationUsed
        await self._members.insert(place.id, actor.id, invitation.role, now)
        await self._members.touch_list(place.id, now)
        await self._record(actor, "invitation.accept", place.id, actor.id, f", role: {invitation.role.value}")
        return place.id

    async def _hold(
        self, actor: Actor, list_id: UUID, permission: ListPermission | None = ListPermission.MEMBERS_WRITE
    ) -> Access:
        """What the actor is to the list, which is locked until the transaction ends."""
        actor.require(Permission.LISTS_WRITE)
        await self._members.lock_list(actor, list_id)
        return await self._access(actor, list_id, permission)

    async def _access(self, actor: Actor, list_id: UUID, permission: ListPermission | None) -> Access:
        access = await self._members.find_access(Access, actor, list_id)
        if access is None:
            raise NotFound
        if permission is not None:
            require(access.role, permission)
        return access

    async def _role_of(self, list_id: UUID, user_id: UUID) -> ListRole:
        role = await self._members.find_role(list_id, user_id)
        if role is None:
            raise NotFound
        return role

    async def _record(self, actor: Actor, action: str, list_id: UUID, subject_id: UUID, more: str = "") -> None:
        detail = f"list: {list_id}{more}"
        await self._audit.record(action, Outcome.SUCCESS, actor=actor, subject_id=subject_id, detail=detail)
