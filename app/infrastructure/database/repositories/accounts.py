"""Queries over accounts, sessions and refresh tokens."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, and_, delete, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from app.domain.access import Actor, UserRole
from app.infrastructure.database.models import RefreshToken, Session, SignInFailure, User
from app.infrastructure.database.repositories.keyset import SortTerm, in_order
from app.infrastructure.database.repositories.projection import columns
from app.infrastructure.database.repositories.pruning import delete_some
from app.infrastructure.database.work import Repository

ViewT = TypeVar("ViewT", bound=msgspec.Struct)


class UserRepository(Repository[User]):
    """Finds and stores accounts."""

    model_type = User

    async def find_by_email(self, canonical: str) -> User | None:
        """The account of a canonical e-mail address."""
        return await self.session.scalar(select(User).where(User.email_canonical == canonical))

    async def find_self(self, schema: type[ViewT], actor: Actor) -> ViewT | None:
        """The actor's own account; None when it is gone or disabled."""
        query = select(*columns(schema, User)).where(User.id == actor.id, User.disabled_at.is_(None))
        row = (await self.session.execute(query)).one_or_none()
        return None if row is None else schema(*row)

    async def find(self, schema: type[ViewT], user_id: UUID) -> ViewT | None:
        """Any account."""
        row = (await self.session.execute(select(*columns(schema, User)).where(User.id == user_id))).one_or_none()
        return None if row is None else schema(*row)

    async def time_zone(self, user_id: UUID) -> str | None:
        """The name of the time zone in which the person lives."""
        return await self.session.scalar(select(User.time_zone).where(User.id == user_id))

    async def list_page(
        self, schema: type[ViewT], terms: Sequence[SortTerm], *, limit: int, after: Sequence[object] | None
    ) -> list[ViewT]:
        """The next `limit` accounts behind the position, in the order of the terms."""
        query = in_order(select(*columns(schema, User)), User, terms, after).limit(limit)
        return [schema(*row) for row in await self.session.execute(query)]

    async def lock_admins(self) -> set[UUID]:
        """The ids of all admins that are not disabled, locked until the transaction ends."""
        query = (
            select(User.id)
            .where(User.role == UserRole.ADMIN, User.disabled_at.is_(None))
            .order_by(User.id)
            .with_for_update()
        )
        return set(await self.session.scalars(query))

    async def change(
        self, schema: type[ViewT], user_id: UUID, values: Mapping[str, Any], *, versions: frozenset[int] | None = None
    ) -> ViewT | None:
        """Set the named columns and count the version up; None when no account has the id and one of the versions."""
        statement = (
            update(User)
            .where(User.id == user_id, true() if versions is None else User.version.in_(versions))
            .values(version=User.version + 1, **values)
            .returning(*columns(schema, User))
            .execution_options(synchronize_session=False)
        )
        row = (await self.session.execute(statement)).one_or_none()
        return None if row is None else schema(*row)

    async def remove(self, user_id: UUID) -> None:
        """Delete an account with all that is theirs."""
        await self.session.execute(delete(User).where(User.id == user_id))

    async def password_hash(self, user_id: UUID) -> str | None:
        """The hash of the account's password."""
        return await self.session.scalar(select(User.password_hash).where(User.id == user_id))

    async def replace_hash(self, user_id: UUID, old: str, new: str) -> None:
        """Store a hash of another cost, unless the password was changed meanwhile."""
        await self.session.execute(
            update(User).where(User.id == user_id, User.password_hash == old).values(password_hash=new)
        )


class SessionRepository(Repository[Session]):
    """Finds, locks and ends sessions."""

    model_type = Session

    async def lock_by_token(self, token_hash: bytes) -> tuple[Session, RefreshToken, User] | None:
        """The session a refresh token belongs to, locked until the transaction ends, with token and user.

        The token is read after the lock is held: whoever waited sees what the one before has written.
        """
        session_id = await self.session.scalar(
            select(RefreshToken.session_id).where(RefreshToken.token_hash == token_hash)
        )
        if session_id is None:
            return None
        session = await self.session.scalar(select(Session).where(Session.id == session_id).with_for_update())
        if session is None:
            return None
        query = (
            select(RefreshToken, User)
            .join(User, User.id == session.user_id)
            .where(RefreshToken.token_hash == token_hash)
        )
        row = (await self.session.execute(query)).one_or_none()
        return None if row is None else (session, row[0], row[1])

    async def list_living(self, schema: type[ViewT], user_id: UUID, now: datetime) -> list[ViewT]:
        """The user's sessions that have not ended, last seen first."""
        query = (
            select(*columns(schema, Session))
            .where(self._living(user_id, now))
            .order_by(Session.last_seen_at.desc(), Session.id.desc())
        )
        return [schema(*row) for row in await self.session.execute(query)]

    async def revoke(self, session_id: UUID, reason: str, now: datetime) -> bool:
        """End a session, whosever it is; False when it has ended before, which keeps its when and why."""
        return bool(await self._revoke(Session.id == session_id, reason, now))

    async def revoke_own(self, actor: Actor, session_id: UUID, reason: str, now: datetime) -> bool:
        """End one of the actor's sessions; False when there is no such one."""
        clause = and_(self._living(actor.id, now), Session.id == session_id)
        return bool(await self._revoke(clause, reason, now))

    async def revoke_all(self, user_id: UUID, reason: str, now: datetime, *, but: UUID | None = None) -> int:
        """End all sessions of a user, or all but one; tells how many."""
        clause = self._living(user_id, now)
        if but is not None:
            clause = and_(clause, Session.id != but)
        return await self._revoke(clause, reason, now)

    async def revoke_beyond(self, user_id: UUID, most: int, reason: str, now: datetime) -> int:
        """End the user's sessions that were seen longest ago, until no more than `most` are left."""
        surplus = (
            select(Session.id)
            .where(self._living(user_id, now))
            .order_by(Session.last_seen_at.desc(), Session.id.desc())
            .offset(most)
        )
        return await self._revoke(Session.id.in_(surplus), reason, now)

    async def scrub(self, user_id: UUID) -> None:
        """Forget where a user's sessions came from."""
        await self.session.execute(update(Session).where(Session.user_id == user_id).values(device="", address=""))

    async def prune(self, before: datetime) -> int:
        """Delete a batch of those that were over before the instant, with their refresh tokens; tells how many."""
        over = or_(Session.revoked_at < before, Session.idle_expires_at < before, Session.expires_at < before)
        return await delete_some(self.session, Session, over)

    def _living(self, user_id: UUID, now: datetime) -> ColumnElement[bool]:
        return and_(
            Session.user_id == user_id,
            Session.revoked_at.is_(None),
            Session.idle_expires_at > now,
            Session.expires_at > now,
        )

    async def _revoke(self, clause: ColumnElement[bool], reason: str, now: datetime) -> int:
        statement = (
            update(Session)
            .where(clause, Session.revoked_at.is_(None))
            .values(revoked_at=now, revoked_reason=reason, updated_at=now, version=Session.version + 1)
            .returning(Session.id)
            .execution_options(synchronize_session=False)
        )
        return len((await self.session.scalars(statement)).all())


class SignInFailureRepository(Repository[SignInFailure]):
    """Counts failed sign-ins."""

    model_type = SignInFailure

    async def lock(self, account_hash: bytes, now: datetime) -> SignInFailure:
        """The row of an address, made when there is none, locked until the transaction ends."""
        made = insert(SignInFailure).values(
            id=uuid7(), account_hash=account_hash, failures=0, retry_at=now, created_at=now, updated_at=now
        )
        # an update of nothing, for only what is updated is locked and returned
        locked = made.on_conflict_do_update(
            index_elements=[SignInFailure.account_hash], set_={"version": SignInFailure.version + 1}
        ).returning(SignInFailure)
        return (await self.session.scalars(locked)).one()

    async def forget(self, account_hash: bytes) -> None:
        """Start counting anew."""
        await self.session.execute(delete(SignInFailure).where(SignInFailure.account_hash == account_hash))

    async def prune(self, before: datetime) -> int:
        """Delete a batch of those that nothing was added to since the instant; tells how many."""
        return await delete_some(self.session, SignInFailure, SignInFailure.updated_at < before)


class RefreshTokenRepository(Repository[RefreshToken]):
    """Finds and stores refresh tokens by their hashes."""

    model_type = RefreshToken
