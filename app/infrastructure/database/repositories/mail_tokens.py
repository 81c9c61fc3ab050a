"""Queries over mailed tokens."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, insert, literal, select, update
from uuid_utils.compat import uuid7

from app.domain.accounts import MailPurpose
from app.infrastructure.database.models import MailToken, User
from app.infrastructure.database.repositories.pruning import delete_some
from app.infrastructure.database.work import Repository


class MailTokenRepository(Repository[MailToken]):
    """Finds, uses up and voids mailed tokens, by their hashes."""

    model_type = MailToken

    async def add_for(
        self, user_id: UUID, *, purpose: MailPurpose, token_hash: bytes, email: str, expires_at: datetime, now: datetime
    ) -> None:
        """Store a token of an account, if there is that account."""
        values = {
            MailToken.id: uuid7(),
            MailToken.purpose: purpose,
            MailToken.token_hash: token_hash,
            MailToken.email: email,
            MailToken.expires_at: expires_at,
            MailToken.created_at: now,
            MailToken.updated_at: now,
        }
        owner = select(User.id, *(literal(value, column.type) for column, value in values.items()))
        await self.session.execute(
            insert(MailToken).from_select(
                [MailToken.user_id, *values], owner.where(User.id == user_id), include_defaults=False
            )
        )

    async def find_usable(self, token_hash: bytes, purposes: Sequence[MailPurpose], now: datetime) -> MailToken | None:
        """The token, as long as it may be used."""
        return await self.session.scalar(select(MailToken).where(_usable(token_hash, purposes, now)))

    async def use(self, token_hash: bytes, purposes: Sequence[MailPurpose], now: datetime) -> bool:
        """Use the token up; False when it was used before or is good for nothing: of parallel callers one has True."""
        statement = (
            update(MailToken)
            .where(_usable(token_hash, purposes, now))
            .values(used_at=now, updated_at=now, version=MailToken.version + 1)
            .returning(MailToken.id)
            .execution_options(synchronize_session=False)
        )
        return await self.session.scalar(statement) is not None

    async def void(self, user_id: UUID, purposes: Sequence[MailPurpose]) -> None:
        """Forget the user's tokens, used ones too."""
        await self.session.execute(
            delete(MailToken)
            .where(MailToken.user_id == user_id, MailToken.purpose.in_(purposes))
            .execution_options(synchronize_session=False)
        )

    async def prune(self, now: datetime) -> int:
        """Delete a batch of those whose time is over; tells how many."""
        return await delete_some(self.session, MailToken, MailToken.expires_at <= now)


def _usable(token_hash: bytes, purposes: Sequence[MailPurpose], now: datetime) -> ColumnElement[bool]:
    return and_(
        MailToken.token_hash == token_hash,
        MailToken.purpose.in_(purposes),
        MailToken.used_at.is_(None),
        MailToken.expires_at > now,
    )
