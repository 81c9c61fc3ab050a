"""Where todos stand: moved among their siblings, below others and to other lists, and duplicated."""

from uuid import UUID

from msgspec import UNSET, UnsetType
from uuid_utils.compat import uuid7

from app.application.positions import last_position
from app.application.todos.lifecycle import TodoLifecycle
from app.application.todos.schemas import Todo
from app.application.todos.schemas_placing import TodoMove
from app.domain import lifecycle
from app.domain.access import Actor, Permission
from app.domain.errors import Issue, IssueCode, ValidationFailed
from app.domain.ordering import NotASibling, aside, needs_rebalance, rebalanced
from app.domain.ports import Clock
from app.infrastructure.database.repositories.todos_places import Copy, Siblings, TodoPlaceRepository
from app.infrastructure.database.repositories.todos_trees import TodoTreeRepository


class TodoPlacing:
    """Decides where todos stand, one at a time in each list."""

    def __init__(
        self,
        trees: TodoTreeRepository,
        places: TodoPlaceRepository,
        *,
        life: TodoLifecycle,
        clock: Clock,
    ) -> None:
        self._trees = trees
        self._places = places
        self._life = life
        self._clock = clock

    async def move(self, actor: Actor, todo_id: UUID, data: TodoMove) -> Todo:
        """Put a todo behind or ahead of another one, or at the end, with all below it.

        Raises `NotFound`, `Forbidden` and `ListArchived` for the todo and for the list it is to go to,
        `ParentNotFound`, `ParentCycle`, `TooDeep`, `NotASibling`.
        """
        actor.require(Permission.TODOS_WRITE)
        if data.after_id is not UNSET and data.before_id is not UNSET:
            raise ValidationFailed([Issue(IssueCode.CUSTOM, ("beforeId",), "Expected `afterId` or `beforeId` alone")])
        beside = None if isinstance(data.list_id, UnsetType) else data.list_id
        todo = (await self._life.writable(actor, todo_id, beside=beside)).todo
        elsewhere = beside is not None and beside != todo.list_id
        if elsewhere:
            await self._life.check_list(actor, beside)
        list_id = beside or todo.list_id
        if not isinstance(data.parent_id, UnsetType):
            parent_id = data.parent_id
        else:
            parent_id = None if elsewhere else todo.parent_id
        if parent_id is not None and (elsewhere or parent_id != todo.parent_id):
            await self._check_parent(todo_id, list_id, parent_id)
        among = Siblings(list_id, parent_id, but=todo_id)
        position = await self._position(among, data)
        if needs_rebalance(position):
            await self._rebalance(among)
            position = await self._position(among, data)
        now = self._clock.now()
        if elsewhere:
            await self._places.carry(todo_id, among, position, now)
        else:
            values = {"parent_id": parent_id, "position": position, "updated_at": now}
            await self._trees.set_values(todo_id, values)
        if parent_id is not None:
            await self._trees.mark_parents([parent_id])
            await self._life.mend(actor, todo_id)
        return await self._life.shown(actor, todo_id)

    async def duplicate(self, actor: Actor, todo_id: UUID) -> Todo:
        """Make an open copy of a todo and of all below it, right behind it, of which nobody is reminded.

        Raises `NotFound`, `Forbidden`, `ListArchived`.
        """
        todo = (await self._life.writable(actor, todo_id)).todo
        # by their ids, so that those of the copies tell the same order
        branch = sorted(await self._trees.branch(todo_id), key=lambda node: node.id)
        parents = {node.parent_id for node in branch}
        ids = {each: uuid7() for each in (todo_id, *(node.id for node in branch))}
        among = Siblings(todo.list_id, todo.parent_id, but=ids[todo_id])
        position = await self._behind(among, todo.position)
        if needs_rebalance(position):
            await self._rebalance(among)
            position = await self._behind(among, await self._position_of(todo_id, among))
        copies = {todo_id: Copy(ids[todo_id], todo.parent_id, position, todo_id in parents)}
        for node in branch:
            parent_id = None if node.parent_id is None else ids[node.parent_id]
            copies[node.id] = Copy(ids[node.id], parent_id, None, node.id in parents)
        await self._places.copy(todo.list_id, copies, actor.id, self._clock.now())
        if todo.parent_id is not None:
            await self._life.mend(actor, ids[todo_id])
        return await self._life.shown(actor, ids[todo_id])

    async def _check_parent(self, todo_id: UUID, list_id: UUID, parent_id: UUID) -> None:
        # locked, so that it is not completed by itself meanwhile
        found = await self._places.lock(parent_id, list_id)
        above = await self._trees.line(parent_id) if found else []
        lifecycle.check_parent([*await self._trees.branch(todo_id), *above], todo_id, parent_id)

    async def _position(self, among: Siblings, data: TodoMove) -> str:
        """A position where the request says."""
        if not isinstance(data.after_id, UnsetType):
            return await self._behind(among, await self._position_of(data.after_id, among))
        if not isinstance(data.before_id, UnsetType):
            before = await self._position_of(data.before_id, among)
            return aside(await self._places.last_position(among, before), before)
        return _end(await self._places.last_position(among))

    async def _behind(self, among: Siblings, after: str) -> str:
        before = await self._places.next_position(among, after)
        return _end(after) if before is None else aside(after, before)

    async def _position_of(self, todo_id: UUID, among: Siblings) -> str:
        position = await self._places.position_of(todo_id, among)
        if position is None:
            raise NotASibling
        return position

    async def _rebalance(self, among: Siblings) -> None:
        """Give all siblings short positions, in their order."""
        ids = await self._places.in_order(among)
        last = await self._places.last_position(among)
        # as new rows get them, so that none of those is given the same meanwhile
        fresh = [last_position() for _ in ids]
        if last is not None and fresh[0] <= last:
            fresh = rebalanced(len(ids), last)
        await self._places.renumber(dict(zip(ids, fresh, strict=True)))


def _end(last: str | None) -> str:
    """A position behind the last one: that of a new row, unless the last was given by a clock ahead of this one."""
    position = last_position()
    return position if last is None or last < position else aside(last, None)
