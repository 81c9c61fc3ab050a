"""Queries over requests that may be sent twice."""

from datetime import datetime

from sqlalchemy import delete, func, select

from app.infrastructure.database.models import IdempotencyRecord
from app.infrastructure.database.repositories.pruning import delete_some
from app.infrastructure.database.work import Repository


class IdempotencyRepository(Repository[IdempotencyRecord]):
    """Finds and stores answers."""

    model_type = IdempotencyRecord

    async def try_lock(self, owner_hash: bytes, key_hash: bytes) -> bool:
        """Whether no other transaction works under the key; it is held until this one ends, however it ends."""
        number = int.from_bytes((owner_hash[:4] + key_hash[:4]), signed=True)
        return bool(await self.session.scalar(select(func.pg_try_advisory_xact_lock(number))))

    async def find(self, owner_hash: bytes, key_hash: bytes, since: datetime) -> IdempotencyRecord | None:
        """The record of a key that is not older than `since`."""
        query = select(IdempotencyRecord).where(
            IdempotencyRecord.owner_hash == owner_hash,
            IdempotencyRecord.key_hash == key_hash,
            IdempotencyRecord.created_at > since,
        )
        return await self.session.scalar(query)

    async def remove(self, owner_hash: bytes, key_hash: bytes) -> None:
        """Delete the record of a key, if there is one."""
        await self.session.execute(
            delete(IdempotencyRecord).where(
                IdempotencyRecord.owner_hash == owner_hash, IdempotencyRecord.key_hash == key_hash
            )
        )

    async def prune(self, before: datetime) -> int:
        """Delete a batch of what is older; tells how many."""
        return await delete_some(self.session, IdempotencyRecord, IdempotencyRecord.created_at <= before)
