"""What people do with their own account."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from uuid import UUID

from app.application.accounts.audit import AuditService
from app.application.accounts.emails import canonical_email
from app.application.accounts.schemas import Registration, User, UserUpdate
from app.application.accounts.sessions import SessionService
from app.application.accounts.time_zones import checked_time_zone
from app.domain.access import Actor, Permission, UserRole
from app.domain.auditing import Outcome
from app.domain.errors import StaleVersion, Unauthenticated
from app.domain.ports import Clock
from app.infrastructure.database import models
from app.infrastructure.database.repositories.accounts import UserRepository

Released: TypeAlias = Callable[[UUID], Awaitable[None]]
"""Ends what a person had to do for others, before their account ends."""


class AccountService:
    """Decides over accounts."""

    def __init__(
        self, users: UserRepository, sessions: SessionService, audit: AuditService, clock: Clock, *, released: Released
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._audit = audit
        self._clock = clock
        self._released = released

    async def get_me(self, actor: Actor) -> User:
        """The actor's own account; raises `Unauthenticated` when it is gone."""
        actor.require(Permission.ACCOUNT_READ)
        user = await self._users.find_self(User, actor)
        if user is None:
            raise Unauthenticated
        return user

    async def update_me(self, actor: Actor, data: UserUpdate, *, versions: frozenset[int] | None = None) -> User:
        """Change the fields that were sent; raises `StaleVersion` when at none of the `versions`."""
        actor.require(Permission.ACCOUNT_WRITE)
        values = data.changes()
        if "time_zone" in values:
            checked_time_zone(data.time_zone)
        changed = None
        if values:
            values |= {"updated_at": self._clock.now()}
            changed = await self._users.change(User, actor.id, values, versions=versions)
        if changed is not None:
            return changed
        user = await self.get_me(actor)
        if versions is not None and user.version not in versions:
            raise StaleVersion(current=user)
        return user

    async def delete_me(self, actor: Actor) -> None:
        """Delete the account with all that is theirs; raises `ReauthenticationRequired`."""
        actor.require(Permission.ACCOUNT_WRITE)
        actor.require_recent_sign_in(self._clock.now())
        await self._sessions.forget(actor.id)
        await self._released(actor.id)
        await self._users.remove(actor.id)
        await self._audit.record("account.delete", Outcome.SUCCESS, actor=actor, subject_id=actor.id)

    async def get_for_sign_in(self, actor: Actor) -> models.User:
        """The actor's row, hash included; raises `Unauthenticated` when it is gone or disabled."""
        user = await self._users.get_one_or_none(id=actor.id)
        if user is None or user.disabled_at is not None:
            raise Unauthenticated
        return user

    async def lock(self, user_id: UUID) -> models.User | None:
        """An account's row, locked until the transaction ends; None when it is gone or disabled."""
        # rows that refer to the account may still be written
        user = await self._users.get_one_or_none(id=user_id, with_for_update={"key_share": True})
        return None if user is None or user.disabled_at is not None else user

    async def mark_verified(self, user: models.User) -> None:
        """Remember since when the account's address is proven."""
        if user.email_verified_at is None:
            now = self._clock.now()
            await self._users.change(User, user.id, {"email_verified_at": now, "updated_at": now})

    async def change_email(self, user_id: UUID, email: str) -> None:
        """Give the account another address, which was proven; raises `EmailTaken`."""
        now = self._clock.now()
        values = {"email": email, "email_canonical": canonical_email(email)}
        await self._users.change(User, user_id, {**values, "email_verified_at": now, "updated_at": now})

    async def set_password(self, user_id: UUID, password_hash: str) -> None:
        """Store another password's hash."""
        await self._users.change(User, user_id, {"password_hash": password_hash, "updated_at": self._clock.now()})

    async def find_by_canonical_email(self, canonical: str) -> models.User | None:
        """The account of an e-mail address in its canonical form."""
        return await self._users.find_by_email(canonical)

    async def create(
        self, data: Registration, password_hash: str, time_zone: str, role: UserRole = UserRole.USER
    ) -> models.User:
        """A new account; raises `EmailTaken`."""
        now = self._clock.now()
        return await self._users.add(
            models.User(
                email=data.email,
                email_canonical=canonical_email(data.email),
                password_hash=password_hash,
                name=data.name,
                time_zone=time_zone,
                role=role,
                created_at=now,
                updated_at=now,
            ),
            auto_refresh=False,
        )

    async def replace_hash(self, user: models.User, password_hash: str) -> None:
        """Store the same password's hash at another cost."""
        if user.password_hash is not None:
            await self._users.replace_hash(user.id, user.password_hash, password_hash)
