"""What people do with their lists."""

from typing import Any, Final, TypeAlias
from uuid import UUID

from msgspec import UNSET

from app.application.accounts.audit import AuditService
from app.application.lists.schemas import (
    ListCreate,
    ListMove,
    ListPage,
    ListQuery,
    ListState,
    ListTransfer,
    ListUpdate,
    TodoList,
)
from app.application.paging import CursorCodec, Pager
from app.application.positions import last_position
from app.application.sharing.schemas import InvitationAccept
from app.application.sharing.service import SharingService
from app.domain.access import Actor, Permission
from app.domain.auditing import Outcome
from app.domain.errors import Issue, IssueCode, NotFound, StaleVersion, ValidationFailed
from app.domain.lists import (
    INBOX_NAME,
    INBOX_POSITION,
    check_active_lists,
    check_not_archived,
    check_not_inbox,
)
from app.domain.ordering import NotASibling, between, needs_rebalance, rebalanced
from app.domain.ports import Clock
from app.domain.sharing import ListPermission, ListRole, NotAMember, require
from app.infrastructure.database.repositories.keyset import SortTerm
from app.infrastructure.database.repositories.lists import ListRepository
from app.infrastructure.database.repositories.sharing import MembershipRepository

Versions: TypeAlias = frozenset[int] | None
AS_PLACED: Final = SortTerm("position", descending=False)


class ListService:
    """Decides over lists; a list that the actor does not share does not exist."""

    def __init__(
        self,
        lists: ListRepository,
        members: MembershipRepository,
        *,
        sharing: SharingService,
        audit: AuditService,
        clock: Clock,
        cursors: CursorCodec,
    ) -> None:
        self._lists = lists
        self._members = members
        self._sharing = sharing
        self._audit = audit
        self._clock = clock
        self._cursors = cursors

    async def list(self, actor: Actor, query: ListQuery) -> ListPage:
        """A page of the lists that the actor shares, in their order unless told."""
        actor.require(Permission.LISTS_READ)
        pager = Pager(self._cursors, actor, TodoList, query, AS_PLACED)
        archived, trashed = query.state is ListState.ARCHIVED, query.state is ListState.TRASHED
        found = await self._lists.list_page(
            TodoList, actor, pager.terms, limit=pager.limit, after=pager.after, archived=archived, trashed=trashed
        )
        counted = query.include_total
        total = await self._lists.count_all(actor, archived=archived, trashed=trashed) if counted else UNSET
        return ListPage(*pager.page(found), total)

    async def get(self, actor: Actor, list_id: UUID) -> TodoList:
        """One list, in the trash too for its owner; raises `NotFound`."""
        actor.require(Permission.LISTS_READ)
        return await self._found(actor, list_id, ListPermission.LIST_READ, trashed=True)

    async def create(self, actor: Actor, data: ListCreate) -> TodoList:
        """Make a list, behind all others; raises `TooManyLists`."""
        actor.require(Permission.LISTS_WRITE)
        await self._lists.lock_owner(actor.id)
        await self._check_room(actor.id)
        values = {"name": data.name, "colour": data.colour, "position": last_position(), "is_inbox": False}
        return await self._lists.insert(TodoList, actor.id, values, self._clock.now())

    async def create_inbox(self, user_id: UUID) -> None:
        """Make a new account's inbox, in the transaction that makes the account."""
        values = {"name": INBOX_NAME, "position": INBOX_POSITION, "is_inbox": True}
        await self._lists.insert(TodoList, user_id, values, self._clock.now())

    async def update(self, actor: Actor, list_id: UUID, data: ListUpdate, *, versions: Versions = None) -> TodoList:
        """Change the fields that were sent.

        Raises `NotFound`, `Forbidden`, `ListArchived`, and `StaleVersion` when at none of the `versions`.
        """
        found = await self._hold(actor, list_id, ListPermission.LIST_WRITE)
        values = data.changes()
        if values:
            check_not_archived(found.archived_at)
        _check_version(found, versions)
        return await self._changed(actor, found, values) if values else found

    async def delete(self, actor: Actor, list_id: UUID, *, versions: Versions = None) -> None:
        """Put a list in the trash, where its owner alone sees it.

        Raises `NotFound`, `Forbidden`, `InboxImmutable`, and `StaleVersion` when at none of the `versions`.
        """
        found = await self._hold(actor, list_id, ListPermission.LIST_DELETE)
        check_not_inbox(is_inbox=found.is_inbox)
        _check_version(found, versions)
        await self._changed(actor, found, {"deleted_at": self._clock.now()})

    async def restore(self, actor: Actor, list_id: UUID) -> TodoList:
        """Take a list out of the trash; raises `NotFound`, `Forbidden`, `TooManyLists`."""
        found = await self._hold(actor, list_id, ListPermission.LIST_DELETE, among_others=True, trashed=True)
        if found.deleted_at is None:
            return found
        if found.archived_at is None:
            await self._check_room(actor.id)
        return await self._changed(actor, found, {"deleted_at": None})

    async def archive(self, actor: Actor, list_id: UUID) -> TodoList:
        """Make a list, and all that it holds, for reading only; raises `NotFound`, `Forbidden`, `InboxImmutable`."""
        found = await self._hold(actor, list_id, ListPermission.LIST_WRITE)
        check_not_inbox(is_inbox=found.is_inbox)
        if found.archived_at is not None:
            return found
        return await self._changed(actor, found, {"archived_at": self._clock.now()})

    async def unarchive(self, actor: Actor, list_id: UUID) -> TodoList:
        """Let a list be changed again; raises `NotFound`, `Forbidden`, `TooManyLists`."""
        found = await self._hold(actor, list_id, ListPermission.LIST_WRITE, among_others=True)
        if found.archived_at is None:
            return found
        await self._check_room(actor.id)
        return await self._changed(actor, found, {"archived_at": None})

    async def move(self, actor: Actor, list_id: UUID, data: ListMove) -> TodoList:
        """Put a list behind or ahead of another of the actor's own; of parallel moves one waits for the other.

        Raises `NotFound`, `Forbidden`, `ListArchived`, `NotASibling`, and `ValidationFailed` unless the place is told
        in exactly one way.
        """
        if (data.after_id is UNSET) == (data.before_id is UNSET):
            raise ValidationFailed([Issue(IssueCode.CUSTOM, (), "Expected either afterId or beforeId")])
        sibling_id = data.before_id if data.after_id is UNSET else data.after_id
        found = await self._hold(actor, list_id, ListPermission.LIST_WRITE, among_others=True)
        check_not_archived(found.archived_at)
        others = [place for place in await self._lists.list_places(actor.id) if place.list_id != list_id]
        index = next((i for i, each in enumerate(others) if each.list_id == sibling_id and not each.deleted_at), None)
        if index is None:
            raise NotASibling
        if data.before_id is UNSET:
            index += 1
        after = others[index - 1].position if index > 0 else None
        before = others[index].position if index < len(others) else None
        if (after is None or after < found.position) and (before is None or found.position < before):
            return found
        position = between(after, before)
        if needs_rebalance(position):
            last = max(found.position, others[-1].position)
            fresh = rebalanced(len(others) + 1, last)
            position = fresh.pop(index)
            await self._lists.renumber({each.list_id: key for each, key in zip(others, fresh, strict=True)})
        return await self._changed(actor, found, {"position": position})

    async def transfer(self, actor: Actor, list_id: UUID, data: ListTransfer) -> TodoList:
        """Make another member the owner of a list, behind all of theirs; who was it becomes an editor.

        Raises `NotFound`, `Forbidden`, `InboxImmutable`, `NotAMember`, `TooManyLists`.
        """
        actor.require(Permission.LISTS_WRITE)
        locked = await self._lists.lock_receiver(actor, list_id, data.user_id)
        found = await self._hold(actor, list_id, ListPermission.LIST_TRANSFER)
        check_not_inbox(is_inbox=found.is_inbox)
        if data.user_id == actor.id:
            return found
        if not locked or await self._members.find_role(list_id, data.user_id) is None:
            raise NotAMember
        if found.archived_at is None:
            await self._check_room(data.user_id)
        now = self._clock.now()
        # a list never has two owners, not even for a moment
        await self._members.change_role(list_id, actor.id, ListRole.EDITOR, now)
        await self._members.change_role(list_id, data.user_id, ListRole.OWNER, now)
        changed = await self._changed(actor, found, {"owner_id": data.user_id, "position": last_position()})
        await self._audit.record(
            "list.transfer", Outcome.SUCCESS, actor=actor, subject_id=data.user_id, detail=f"list: {list_id}"
        )
        return changed

    async def accept_invitation(self, actor: Actor, data: InvitationAccept) -> TodoList:
        """Share the list that the token leads to; raises as `SharingService.accept_invitation` does."""
        list_id = await self._sharing.accept_invitation(actor, data)
        return await self._found(actor, list_id, ListPermission.LIST_READ)

    async def _check_room(self, user_id: UUID) -> None:
        """Refuse another active list to whoever has too many; they are locked as an owner."""
        check_active_lists(await self._lists.count_active(user_id))

    async def _hold(
        self,
        actor: Actor,
        list_id: UUID,
        permission: ListPermission,
        *,
        among_others: bool = False,
        trashed: bool = False,
    ) -> TodoList:
        """A list that the actor may do this to, locked until the transaction ends; first, if need be, all of theirs."""
        actor.require(Permission.LISTS_WRITE)
        if among_others:
            await self._lists.lock_owner(actor.id)
        await self._members.lock_list(actor, list_id)
        return await self._found(actor, list_id, permission, trashed=trashed)

    async def _found(
        self, actor: Actor, list_id: UUID, permission: ListPermission, *, trashed: bool = False
    ) -> TodoList:
        found = await self._lists.find(TodoList, actor, list_id)
        if found is None or (found.deleted_at is not None and not trashed):
            raise NotFound
        require(found.role, permission)
        return found

    async def _changed(self, actor: Actor, found: TodoList, values: dict[str, Any]) -> TodoList:
        return await self._lists.change(TodoList, actor, found.id, {**values, "updated_at": self._clock.now()})


def _check_version(found: TodoList, versions: Versions) -> None:
    if versions is not None and found.version not in versions:
        raise StaleVersion(current=found)
