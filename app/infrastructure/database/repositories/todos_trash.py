"""What is in the trash: a todo's own deletion has its id, and those that went along with it bear that too."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import delete, func, select, true, update

from app.domain.access import Actor
from app.domain.lifecycle import Node
from app.domain.todos import TodoStatus
from app.infrastructure.database.models import Todo
from app.infrastructure.database.repositories.keyset import SortTerm, in_order, ordering
from app.infrastructure.database.repositories.projection import columns, maker
from app.infrastructure.database.repositories.visibility import shared_lists
from app.infrastructure.database.work import Repository

ViewT = TypeVar("ViewT", bound=msgspec.Struct)

_ROOT = Todo.deletion_id == Todo.id


class TodoTrashRepository(Repository[Todo]):
    """Finds what was deleted, and brings it back or deletes it for good."""

    model_type = Todo

    async def list_page(
        self,
        schema: type[ViewT],
        actor: Actor,
        terms: Sequence[SortTerm],
        *,
        limit: int,
        after: Sequence[object] | None,
    ) -> list[ViewT]:
        """The next `limit` todos behind the position that were deleted by themselves, in the order of the terms.

        An index has each list's trash in that order: each gives what a page may need of it.
        """
        places = shared_lists(actor.id).subquery("places")
        shown = columns(schema, Todo)
        of_list = select(*shown).where(Todo.list_id == places.c.list_id, _ROOT)
        found = in_order(of_list, Todo, terms, after).limit(limit).lateral("found")
        query = (
            select(*(found.c[each.name] for each in shown))
            .select_from(places.join(found, true()))
            .order_by(*ordering(found.c, terms))
            .limit(limit)
        )
        make = maker(schema)
        return [make(row) for row in await self.session.execute(query)]

    async def count_all(self, actor: Actor) -> int:
        """How many todos all pages have together."""
        query = select(func.count()).select_from(Todo).where(Todo.list_id.in_(shared_lists(actor.id)), _ROOT)
        return (await self.session.execute(query)).scalar_one()

    async def batch(self, deletion_id: UUID) -> list[Node]:
        """What was deleted along with a todo, and that todo."""
        query = select(Todo.id, Todo.parent_id, Todo.status).where(Todo.deletion_id == deletion_id)
        return [Node(row[0], row[1], TodoStatus(row[2])) for row in await self.session.execute(query)]

    async def restore(self, deletion_id: UUID, now: datetime) -> None:
        """Take what was deleted along with a todo, and that todo, out of the trash."""
        await self.session.execute(
            update(Todo)
            .where(Todo.deletion_id == deletion_id)
            .values(deleted_at=None, deletion_id=None, version=Todo.version + 1, updated_at=now)
            .execution_options(synchronize_session=False)
        )

    async def overdue(self, before: datetime, limit: int) -> Mapping[UUID, UUID]:
        """Some of the todos that were deleted by themselves before then, and their lists."""
        query = select(Todo.id, Todo.list_id).where(_ROOT, Todo.deleted_at < before).limit(limit)
        return {row[0]: row[1] for row in await self.session.execute(query)}

    async def purge(self, deletion_ids: Collection[UUID], before: datetime) -> int:
        """Delete for good what went with these deletions, unless it was restored since; tells how much there was."""
        statement = delete(Todo).where(Todo.deletion_id.in_(deletion_ids), Todo.deleted_at < before).returning(Todo.id)
        return len((await self.session.scalars(statement)).all())
