"""Queries over lists; each of them carries who may see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, func, insert, literal, or_, select, update
from uuid_utils.compat import uuid7

from app.domain.access import Actor
from app.domain.sharing import ListRole
from app.infrastructure.database.models import Membership, TodoList
from app.infrastructure.database.repositories.keyset import SortTerm, in_order
from app.infrastructure.database.repositories.projection import columns
from app.infrastructure.database.work import Repository

ViewT = TypeVar("ViewT", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one of a person's lists stands."""

    list_id: UUID
    position: str
    deleted_at: datetime | None


class ListRepository(Repository[TodoList]):
    """Finds and stores lists."""

    model_type = TodoList

    async def list_page(
        self,
        schema: type[ViewT],
        actor: Actor,
        terms: Sequence[SortTerm],
        *,
        limit: int,
        after: Sequence[object] | None,
        archived: bool,
        trashed: bool,
    ) -> list[ViewT]:
        """The next `limit` lists behind the position, in the order of the terms."""
        query = (
            select(*columns(schema, TodoList, Membership))
            .join(Membership, Membership.list_id == TodoList.id)
            .where(self.visible_to(actor), self._standing(archived=archived, trashed=trashed))
            .limit(limit)
        )
        return [schema(*row) for row in await self.session.execute(in_order(query, TodoList, terms, after))]

    async def count_all(self, actor: Actor, *, archived: bool, trashed: bool) -> int:
        """How many lists all pages have together."""
        query = (
            select(func.count())
            .select_from(TodoList)
            .join(Membership, Membership.list_id == TodoList.id)
            .where(self.visible_to(actor), self._standing(archived=archived, trashed=trashed))
        )
        return (await self.session.execute(query)).scalar_one()

    async def find(self, schema: type[ViewT], actor: Actor, list_id: UUID) -> ViewT | None:
        """One list, or None when there is none that the actor may see."""
        query = (
            select(*columns(schema, TodoList, Membership))
            .join(Membership, Membership.list_id == TodoList.id)
            .where(TodoList.id == list_id, self.visible_to(actor))
        )
        row = (await self.session.execute(query)).one_or_none()
        return None if row is None else schema(*row)

    async def lock_owner(self, user_id: UUID) -> None:
        """Let nobody else count or order a person's lists until the transaction ends.

        The lock is their inbox, of which there is exactly one; todos may still be put there. It is taken before
        that of any other list, so that no two wait for each other.
        """
        await self.session.execute(_inbox_lock(user_id))

    async def lock_receiver(self, actor: Actor, list_id: UUID, user_id: UUID) -> bool:
        """The same for a member whom the actor gives a list; False when it is not theirs to give, or not to them.

        So nobody waits for those with whom they share nothing.
        """
        of_list = select(Membership.id).where(Membership.list_id == list_id)
        given = of_list.where(Membership.user_id == actor.id, Membership.role == ListRole.OWNER)
        taken = of_list.where(Membership.user_id == user_id)
        return await self.session.scalar(_inbox_lock(user_id).where(given.exists(), taken.exists())) is not None

    async def count_active(self, user_id: UUID) -> int:
        """How many lists a person owns that are neither archived nor deleted."""
        query = (
            select(func.count())
            .select_from(TodoList)
            .where(TodoList.owner_id == user_id, self._standing(archived=False, trashed=False))
        )
        return (await self.session.execute(query)).scalar_one()

    async def list_places(self, user_id: UUID) -> list[Place]:
        """Where all of a person's lists stand, those in the trash too, in their order."""
        query = (
            select(TodoList.id, TodoList.position, TodoList.deleted_at)
            .where(TodoList.owner_id == user_id)
            .order_by(TodoList.position)
        )
        return [Place(*row) for row in await self.session.execute(query)]

    async def insert(self, schema: type[ViewT], owner_id: UUID, values: Mapping[str, Any], now: datetime) -> ViewT:
        """Store a new list with its owner's membership, and return it as stored."""
        list_id = uuid7()
        owner = literal(ListRole.OWNER, Membership.role.type)
        shown = [
            column if column.table is TodoList.__table__ else owner for column in columns(schema, TodoList, Membership)
        ]
        written = {"created_at": now, "updated_at": now}
        statement = insert(TodoList).values(id=list_id, owner_id=owner_id, **values, **written).returning(*shown)
        made = schema(*(await self.session.execute(statement)).one())
        membership = {"id": uuid7(), "list_id": list_id, "user_id": owner_id, "role": ListRole.OWNER}
        await self.session.execute(insert(Membership).values(**membership, **written))
        return made

    async def change(self, schema: type[ViewT], actor: Actor, list_id: UUID, values: Mapping[str, Any]) -> ViewT:
        """Set the named columns of a list that is locked, and count its version up."""
        statement = (
            update(TodoList)
            .where(TodoList.id == list_id, Membership.list_id == TodoList.id, Membership.user_id == actor.id)
            .values(version=TodoList.version + 1, **values)
            .returning(*columns(schema, TodoList, Membership))
            .execution_options(synchronize_session=False)
        )
        return schema(*(await self.session.execute(statement)).one())

    async def renumber(self, positions: Mapping[UUID, str]) -> None:
        """Give lists other positions, none of which is in use; that is no change that people made."""
        statement = (
            update(TodoList.__table__)  # pyright: ignore[reportArgumentType] -- a Table, which the mapper types as less
            .where(TodoList.id == bindparam("list_id"))
            .values(position=bindparam("key"), version=TodoList.version + 1)
        )
        connection = await self.session.connection()
        await connection.execute(statement, [{"list_id": each, "key": key} for each, key in positions.items()])

    async def purge(self, before: datetime, limit: int) -> int:
        """Delete for good some of the lists that were deleted before then, with all that is in them; tells how many."""
        overdue = select(TodoList.id).where(TodoList.deleted_at < before).limit(limit)
        statement = delete(TodoList).where(TodoList.id.in_(overdue), TodoList.deleted_at < before)
        return len((await self.session.scalars(statement.returning(TodoList.id))).all())

    def visible_to(self, actor: Actor) -> ColumnElement[bool]:
        """The clause that every query over lists and memberships carries; a deleted list is its owner's alone."""
        seen = or_(TodoList.deleted_at.is_(None), Membership.role == ListRole.OWNER)
        return and_(Membership.user_id == actor.id, seen)

    def _standing(self, *, archived: bool, trashed: bool) -> ColumnElement[bool]:
        if trashed:
            return TodoList.deleted_at.is_not(None)
        kept = TodoList.archived_at.is_not(None) if archived else TodoList.archived_at.is_(None)
        return and_(TodoList.deleted_at.is_(None), kept)


def _inbox_lock(user_id: UUID) -> Select[tuple[UUID]]:
    inbox = select(TodoList.id).where(TodoList.owner_id == user_id, TodoList.is_inbox)
    return inbox.with_for_update(key_share=True)
