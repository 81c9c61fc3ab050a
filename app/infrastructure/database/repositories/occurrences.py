"""Queries over what became of recurring todos' occurrences."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import func, insert, select

from app.infrastructure.database.models import Occurrence
from app.infrastructure.database.repositories.keyset import SortTerm, in_order
from app.infrastructure.database.repositories.projection import columns
from app.infrastructure.database.work import Repository

ViewT = TypeVar("ViewT", bound=msgspec.Struct)


class OccurrenceRepository(Repository[Occurrence]):
    """Stores occurrences, and finds those of a todo that the caller was found to see."""

    model_type = Occurrence

    async def log(self, schema: type[ViewT], values: Mapping[str, Any]) -> ViewT:
        """Store one and return it."""
        statement = insert(Occurrence).values(**values).returning(*columns(schema, Occurrence))
        return schema(*(await self.session.execute(statement)).one())

    async def list_page(
        self,
        schema: type[ViewT],
        todo_id: UUID,
        terms: Sequence[SortTerm],
        *,
        limit: int,
        after: Sequence[object] | None,
    ) -> list[ViewT]:
        """The next `limit` occurrences of a todo behind the position, in the order of the terms."""
        query = select(*columns(schema, Occurrence)).where(Occurrence.todo_id == todo_id)
        found = await self.session.execute(in_order(query, Occurrence, terms, after).limit(limit))
        return [schema(*row) for row in found]

    async def count_all(self, todo_id: UUID) -> int:
        """How many occurrences all pages have together."""
        query = select(func.count()).select_from(Occurrence).where(Occurrence.todo_id == todo_id)
        return (await self.session.execute(query)).scalar_one()
