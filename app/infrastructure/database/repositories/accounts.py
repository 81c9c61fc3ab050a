"""Queries over accounts, sessions and refresh tokens."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec
from advanced_alchemy.repository import SQLAlchemyAsyncRepository
from sqlalchemy import select, update

from app.domain.access import Actor
from app.infrastructure.database.models import RefreshToken, Session, User
from app.infrastructure.database.repositories.projection import columns

ViewT = TypeVar("ViewT", bound=msgspec.Struct)


class UserRepository(SQLAlchemyAsyncRepository[User]):
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

    async def replace_hash(self, user_id: UUID, old: str, new: str) -> None:
        """Store a hash of another cost, unless the password was changed meanwhile."""
        await self.session.execute(
            update(User).where(User.id == user_id, User.password_hash == old).values(password_hash=new)
        )


class SessionRepository(SQLAlchemyAsyncRepository[Session]):
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
        token, user = (await self.session.execute(query)).one()
        return session, token, user

    async def revoke(self, session_id: UUID, reason: str, now: datetime) -> None:
        """End a session; one that has ended keeps when and why it did."""
        await self.session.execute(
            update(Session)
            .where(Session.id == session_id, Session.revoked_at.is_(None))
            .values(revoked_at=now, revoked_reason=reason, updated_at=now, version=Session.version + 1)
        )


class RefreshTokenRepository(SQLAlchemyAsyncRepository[RefreshToken]):
    """Finds and stores refresh tokens by their hashes."""

    model_type = RefreshToken
