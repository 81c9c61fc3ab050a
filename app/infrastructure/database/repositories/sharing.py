"""Queries over who shares a list, and over the invitations to it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update
from uuid_utils.compat import uuid7

from app.domain.access import Actor
from app.domain.sharing import ListRole
from app.infrastructure.database.models import Invitation, Membership, TodoList, User
from app.infrastructure.database.repositories.keyset import SortTerm, in_order
from app.infrastructure.database.repositories.projection import columns
from app.infrastructure.database.repositories.visibility import shared_lists
from app.infrastructure.database.work import Repository

ViewT = TypeVar("ViewT", bound=msgspec.Struct)


class MembershipRepository(Repository[Membership]):
    """Finds and stores who shares a list, and locks the list while that is decided over."""

    model_type = Membership

    async def lock_list(self, actor: Actor, list_id: UUID) -> bool:
        """Hold a list of the actor's, even one in the trash, until the transaction ends; False when there is none.

        What is read from then on is as the one who held it before has left it.
        """
        member = select(Membership.id).where(Membership.list_id == TodoList.id, Membership.user_id == actor.id)
        query = select(TodoList.id).where(TodoList.id == list_id, member.exists()).with_for_update()
        return await self.session.scalar(query) is not None

    async def find_access(self, schema: type[ViewT], actor: Actor, list_id: UUID) -> ViewT | None:
        """What the actor is to a list; None when they do not share it, or it is in the trash."""
        query = (
            select(*columns(schema, TodoList, Membership))
            .join(Membership, Membership.list_id == TodoList.id)
            .where(TodoList.id == list_id, TodoList.deleted_at.is_(None), Membership.user_id == actor.id)
        )
        row = (await self.session.execute(query)).one_or_none()
        return None if row is None else schema(*row)

    async def list_members(self, schema: type[ViewT], actor: Actor, list_id: UUID) -> list[ViewT]:
        """The members of a list, longest first; none when the actor is not one of them."""
        query = (
            select(*columns(schema, Membership, User))
            .join(User, User.id == Membership.user_id)
            .where(Membership.list_id == list_id, Membership.list_id.in_(shared_lists(actor.id)))
            .order_by(Membership.created_at, Membership.id)
        )
        return [schema(*row) for row in await self.session.execute(query)]

    async def find_member(self, schema: type[ViewT], list_id: UUID, user_id: UUID) -> ViewT | None:
        """One member of a list."""
        query = (
            select(*columns(schema, Membership, User))
            .join(User, User.id == Membership.user_id)
            .where(self._of(list_id, user_id))
        )
        row = (await self.session.execute(query)).one_or_none()
        return None if row is None else schema(*row)

    async def find_role(self, list_id: UUID, user_id: UUID) -> ListRole | None:
        """What a person is to a list; None when they do not share it."""
        return await self.session.scalar(select(Membership.role).where(self._of(list_id, user_id)))

    async def count_members(self, list_id: UUID) -> int:
        """How many share a list."""
        query = select(func.count()).select_from(Membership).where(Membership.list_id == list_id)
        return (await self.session.execute(query)).scalar_one()

    async def insert(self, list_id: UUID, user_id: UUID, role: ListRole, now: datetime) -> None:
        """Let a person share a list."""
        values = {"id": uuid7(), "list_id": list_id, "user_id": user_id, "role": role}
        await self.session.execute(insert(Membership).values(**values, created_at=now, updated_at=now))

    async def change_role(self, list_id: UUID, user_id: UUID, role: ListRole, now: datetime) -> None:
        """Make a member something else to the list."""
        await self.session.execute(
            update(Membership)
            .where(self._of(list_id, user_id))
            .values(role=role, updated_at=now, version=Membership.version + 1)
            .execution_options(synchronize_session=False)
        )

    async def remove(self, list_id: UUID, user_id: UUID) -> None:
        """Let a person share the list no longer."""
        await self.session.execute(
            delete(Membership).where(self._of(list_id, user_id)).execution_options(synchronize_session=False)
        )

    async def touch_list(self, list_id: UUID, now: datetime) -> None:
        """Count the list's version up, for what its members are shown of it has changed."""
        await self.session.execute(
            update(TodoList)
            .where(TodoList.id == list_id)
            .values(version=TodoList.version + 1, updated_at=now)
            .execution_options(synchronize_session=False)
        )

    def _of(self, list_id: UUID, user_id: UUID) -> ColumnElement[bool]:
        return and_(Membership.list_id == list_id, Membership.user_id == user_id)


class InvitationRepository(Repository[Invitation]):
    """Finds, stores and uses up invitations, by their tokens' hashes."""

    model_type = Invitation

    async def insert(self, schema: type[ViewT], values: Mapping[str, Any]) -> ViewT:
        """Store a new invitation and return it as stored."""
        statement = insert(Invitation).values(id=uuid7(), **values).returning(*columns(schema, Invitation))
        return schema(*(await self.session.execute(statement)).one())

    async def list_page(
        self,
        schema: type[ViewT],
        actor: Actor,
        list_id: UUID,
        terms: Sequence[SortTerm],
        *,
        limit: int,
        after: Sequence[object] | None,
        now: datetime,
    ) -> list[ViewT]:
        """The next `limit` invitations behind the position that are still good, in the order of the terms."""
        query = select(*columns(schema, Invitation)).where(self._good(actor, list_id, now)).limit(limit)
        return [schema(*row) for row in await self.session.execute(in_order(query, Invitation, terms, after))]

    async def count_good(self, actor: Actor, list_id: UUID, now: datetime) -> int:
        """How many invitations all pages have together."""
        query = select(func.count()).select_from(Invitation).where(self._good(actor, list_id, now))
        return (await self.session.execute(query)).scalar_one()

    async def remove_unused(self, list_id: UUID, invitation_id: UUID) -> bool:
        """Delete an invitation that nobody has accepted; False when the list has no such one."""
        statement = (
            delete(Invitation)
            .where(Invitation.id == invitation_id, Invitation.list_id == list_id, Invitation.accepted_at.is_(None))
            .returning(Invitation.id)
            .execution_options(synchronize_session=False)
        )
        return await self.session.scalar(statement) is not None

    async def lock_list_of(self, token_hash: bytes) -> TodoList | None:
        """The list that a token leads to, held until the transaction ends; None when there is none but in the trash."""
        invited = select(Invitation.list_id).where(Invitation.token_hash == token_hash)
        query = select(TodoList).where(TodoList.id.in_(invited), TodoList.deleted_at.is_(None)).with_for_update()
        return await self.session.scalar(query)

    async def find_by_token(self, token_hash: bytes) -> Invitation | None:
        """The invitation, whatever has become of it."""
        return await self.session.scalar(select(Invitation).where(Invitation.token_hash == token_hash))

    async def use(self, invitation_id: UUID, user_id: UUID, now: datetime) -> bool:
        """Use an invitation up; False when it was used before: of parallel callers one has True."""
        statement = (
            update(Invitation)
            .where(Invitation.id == invitation_id, Invitation.accepted_at.is_(None))
            .values(accepted_at=now, accepted_by=user_id, updated_at=now, version=Invitation.version + 1)
            .returning(Invitation.id)
            .execution_options(synchronize_session=False)
        )
        return await self.session.scalar(statement) is not None

    def _good(self, actor: Actor, list_id: UUID, now: datetime) -> ColumnElement[bool]:
        return and_(
            Invitation.list_id == list_id,
            Invitation.list_id.in_(shared_lists(actor.id)),
            Invitation.accepted_at.is_(None),
            Invitation.expires_at > now,
        )
