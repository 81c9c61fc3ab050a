"""What admins do."""

from typing import Final
from uuid import UUID

from msgspec import UNSET

from app.application.accounts.audit import AuditService
from app.application.accounts.sessions import SessionService
from app.application.administration.schemas import (
    AuditEvent,
    AuditPage,
    AuditQuery,
    ManagedUser,
    ManagedUserPage,
    ManagedUserQuery,
    ManagedUserUpdate,
)
from app.application.paging import CursorCodec, Pager
from app.domain.access import Actor, Permission, UserRole
from app.domain.accounts import LastAdmin
from app.domain.auditing import AUDIT_LIFETIME, Outcome
from app.domain.errors import Forbidden, NotFound, StaleVersion
from app.domain.ports import Clock
from app.infrastructure.database.repositories.accounts import UserRepository
from app.infrastructure.database.repositories.audit import AuditRepository
from app.infrastructure.database.repositories.keyset import SortTerm

NEWEST_FIRST: Final = SortTerm("created_at", descending=True)

OPERATOR: Final = Actor(id=UUID(int=0), role=UserRole.ADMIN)
"""Whoever has the command line; no account of the product."""


class AdministrationService:
    """Decides over other people's accounts; every method needs the scope `admin`."""

    def __init__(
        self,
        users: UserRepository,
        events: AuditRepository,
        *,
        sessions: SessionService,
        audit: AuditService,
        clock: Clock,
        cursors: CursorCodec,
    ) -> None:
        self._users = users
        self._events = events
        self._sessions = sessions
        self._audit = audit
        self._clock = clock
        self._cursors = cursors

    async def list_users(self, actor: Actor, query: ManagedUserQuery) -> ManagedUserPage:
        """A page of all accounts, newest first."""
        actor.require(Permission.ADMIN)
        pager = Pager(self._cursors, actor, ManagedUser, query, NEWEST_FIRST)
        found = await self._users.list_page(ManagedUser, pager.terms, limit=pager.limit, after=pager.after)
        total = await self._users.count() if query.include_total else UNSET
        return ManagedUserPage(*pager.page(found), total)

    async def get_user(self, actor: Actor, user_id: UUID) -> ManagedUser:
        """One account; raises `NotFound`."""
        actor.require(Permission.ADMIN)
        user = await self._users.find(ManagedUser, user_id)
        if user is None:
            raise NotFound
        return user

    async def update_user(
        self, actor: Actor, user_id: UUID, data: ManagedUserUpdate, *, versions: frozenset[int] | None = None
    ) -> ManagedUser:
        """Change an account's role, disable or enable it; its sessions end with that.

        Raises `NotFound`, `StaleVersion` when at none of the `versions`, and `LastAdmin`.
        """
        actor.require(Permission.ADMIN)
        # whoever changes who is admin waits here, so that of two who demote each other one remains
        admins = await self._users.lock_admins()
        if actor is not OPERATOR and actor.id not in admins:
            raise Forbidden
        user = await self.get_user(actor, user_id)
        if versions is not None and user.version not in versions:
            raise StaleVersion(current=user)
        role = user.role if data.role is UNSET else data.role
        disabled = user.disabled_at is not None if data.disabled is UNSET else data.disabled
        if admins == {user_id} and (role is not UserRole.ADMIN or disabled):
            raise LastAdmin
        if (role, disabled) == (user.role, user.disabled_at is not None):
            return user
        now = self._clock.now()
        changed = await self._users.change(
            ManagedUser,
            user_id,
            {"role": role, "disabled_at": (user.disabled_at or now) if disabled else None, "updated_at": now},
        )
        if changed is None:
            raise NotFound
        await self._sessions.end_all(user_id, "administration")
        await self._audit.record(
            "user.change",
            Outcome.SUCCESS,
            actor=actor,
            subject_id=user_id,
            detail=f"role: {role.value}, {'disabled' if disabled else 'enabled'}",
        )
        return changed

    async def list_events(self, actor: Actor, query: AuditQuery) -> AuditPage:
        """A page of the audit log, newest first."""
        actor.require(Permission.ADMIN)
        pager = Pager(self._cursors, actor, AuditEvent, query, NEWEST_FIRST)
        found = await self._events.list_page(AuditEvent, pager.terms, limit=pager.limit, after=pager.after)
        total = await self._events.count() if query.include_total else UNSET
        return AuditPage(*pager.page(found), total)

    async def prune_events(self, actor: Actor) -> int:
        """Delete a batch of the events that are older than `AUDIT_LIFETIME`; tells how many."""
        actor.require(Permission.ADMIN)
        return await self._events.prune(self._clock.now() - AUDIT_LIFETIME)
