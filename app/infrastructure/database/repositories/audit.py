"""Queries over the audit log."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
from sqlalchemy import select

from app.infrastructure.database.models import AuditEvent
from app.infrastructure.database.repositories.keyset import SortTerm, in_order
from app.infrastructure.database.repositories.projection import columns
from app.infrastructure.database.repositories.pruning import delete_some
from app.infrastructure.database.work import Repository

ViewT = TypeVar("ViewT", bound=msgspec.Struct)


class AuditRepository(Repository[AuditEvent]):
    """Stores events."""

    model_type = AuditEvent

    async def list_page(
        self, schema: type[ViewT], terms: Sequence[SortTerm], *, limit: int, after: Sequence[object] | None
    ) -> list[ViewT]:
        """The next `limit` events behind the position, in the order of the terms."""
        query = in_order(select(*columns(schema, AuditEvent)), AuditEvent, terms, after).limit(limit)
        return [schema(*row) for row in await self.session.execute(query)]

    async def prune(self, before: datetime) -> int:
        """Delete a batch of what is older; tells how many."""
        return await delete_some(self.session, AuditEvent, AuditEvent.created_at < before)
