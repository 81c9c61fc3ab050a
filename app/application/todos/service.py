"""What people do with todos one by one."""

from collections.abc import Iterable
from datetime import tzinfo
from typing import Any, Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import UNSET, UnsetType, convert
from uuid_utils import uuid7

from app.application.positions import last_position
from app.application.todos.lifecycle import TodoLifecycle
from app.application.todos.schemas import Todo, TodoCreate, TodoUpdate
from app.application.todos.timing import (
    due_of,
    due_values,
    recurrence_of,
    recurrence_values,
    stored_due,
    stored_recurrence,
    zone_of,
)
from app.domain import lifecycle
from app.domain.access import Actor, Permission
from app.domain.due import Due
from app.domain.errors import Issue, IssueCode, NotFound, StaleVersion, ValidationFailed
from app.domain.lifecycle import ParentNotFound
from app.domain.lists import check_not_archived
from app.domain.ports import Clock
from app.domain.recurrence import Recurrence
from app.domain.sharing import ListPermission, require
from app.domain.todos import TodoExists, TodoStatus
from app.infrastructure.database.repositories.accounts import UserRepository
from app.infrastructure.database.repositories.reminders import ReminderRepository
from app.infrastructure.database.repositories.todos import TodoRepository
from app.infrastructure.database.repositories.todos_trees import Standing, TodoTreeRepository

ValueT = TypeVar("ValueT")
Versions = frozenset[int] | None
_TIMING: Final = frozenset({"due", "recurrence"})
_STATUS: Final = frozenset({"status", "completed"})
_UUID7: Final = 7


class TodoService:
    """Decides over todos; every method takes the actor first, and what is not theirs to see does not exist."""

    def __init__(
        self,
        todos: TodoRepository,
        trees: TodoTreeRepository,
        reminders: ReminderRepository,
        users: UserRepository,
        *,
        life: TodoLifecycle,
        clock: Clock,
    ) -> None:
        self._todos = todos
        self._trees = trees
        self._reminders = reminders
        self._users = users
        self._life = life
        self._clock = clock

    async def get(self, actor: Actor, todo_id: UUID) -> Todo:
        """One todo; raises `NotFound`."""
        actor.require(Permission.TODOS_READ)
        return await self._found(actor, todo_id)

    async def create(self, actor: Actor, data: TodoCreate) -> Todo:
        """Write a todo down, in the inbox unless told where.

        Raises `NotFound`, `Forbidden` and `ListArchived` for the list, `ParentNotFound`, `TooDeep`, `TodoExists`,
        `NotAMember`, `InvalidDue`, `InvalidRecurrence`.
        """
        actor.require(Permission.TODOS_WRITE)
        due, recurrence = due_of(data.due), recurrence_of(data.recurrence)
        status = _asked_status(data) or TodoStatus.OPEN
        # what is left out is null, or none
        values: dict[str, Any] = {
            "id": _own_id(data.id),
            "title": data.title,
            "status": status,
            "priority": data.priority,
            "position": last_position(),
            "created_at": self._clock.now(),
        }
        if data.notes is not None:
            values["notes"] = data.notes
        # first, for it refuses what the due date's instant cannot be told of
        if recurrence is not None:
            values |= _present(recurrence_values(recurrence, due))
        if due is not None:
            values |= _present(due_values(due, await self._zone(actor, due, recurrence)))
        if data.tags:
            values["tags"] = _distinct(data.tags)
        if data.assignee_id is not None:
            values["assignee_id"] = data.assignee_id
        list_id = _given(data.list_id)
        parent_id = _given(data.parent_id)
        if parent_id is not None:
            list_id = await self._make_room(actor, parent_id, list_id, lifecycle.Node(values["id"], parent_id, status))
            values["parent_id"] = parent_id
        sole = parent_id is None
        made = await self._todos.insert(Todo, actor, list_id, values, sole=sole, shared=sole and data.id is UNSET)
        if made is None:
            await self._life.check_list(actor, list_id)
            raise NotFound
        return made

    async def update(self, actor: Actor, todo_id: UUID, data: TodoUpdate, *, versions: Versions = None) -> Todo:
        """Change the fields that were sent.

        Raises `NotFound`, `Forbidden`, `ListArchived`, `StaleVersion` when at none of the `versions`, what changes
        of status raise, `NotAMember`, `InvalidDue`, `InvalidRecurrence`.
        """
        actor.require(Permission.TODOS_WRITE)
        changes = data.changes()
        if not changes:
            return await self._found(actor, todo_id, versions=versions)
        plain = {name: value for name, value in changes.items() if name not in _TIMING | _STATUS}
        if "tags" in plain:
            plain["tags"] = _distinct(data.tags or [])
        changed = None
        asked = _asked_status(data)
        if not changes.keys() & _TIMING and (asked is None or asked is not TodoStatus.CANCELLED):
            values = {**plain, **({"status": asked} if asked else {}), "updated_at": self._clock.now()}
            changed = await self._todos.change(
                Todo, actor, todo_id, values, versions=versions, alone=asked is not None, sole=True
            )
            if changed is None and asked is None:
                # without a lock, for the todo may be locked by now, and its list comes first
                await self._refuse_stale(actor, await self._life.writable(actor, todo_id, lock=False), versions)
        return changed or await self._update_with_others(actor, todo_id, data, plain, versions)

    async def delete(self, actor: Actor, todo_id: UUID, *, versions: Versions = None) -> None:
        """Put a todo in the trash with all below it; raises as `update` does for what is not to be changed."""
        await self._refuse_stale(actor, await self._life.writable(actor, todo_id), versions)
        await self._trees.trash(todo_id, self._clock.now())

    async def _update_with_others(
        self, actor: Actor, todo_id: UUID, data: TodoUpdate, plain: dict[str, Any], versions: Versions
    ) -> Todo:
        """Change a todo together with those above and below it, or tell why it is not changed."""
        standing = await self._life.writable(actor, todo_id)
        await self._refuse_stale(actor, standing, versions)
        todo = standing.todo
        values = {**plain, **await self._timing_values(actor, data, stored_due(todo), stored_recurrence(todo))}
        recurs = values.get("recurrence_rule", todo.recurrence_rule) is not None
        status = lifecycle.status_from(todo.status, status=_given(data.status), completed=_given(data.completed))
        counted = status is not todo.status and await self._life.set_status(actor, todo, status, recurs=recurs)
        if values:
            now = self._clock.now()
            await self._trees.set_values(todo_id, {**values, "updated_at": now}, counted=counted)
            if "due_at" in values and values["due_at"] != todo.due_at:
                await self._reminders.rearm(todo_id, values["due_at"], now)
        return await self._found(actor, todo_id)

    async def _timing_values(
        self, actor: Actor, data: TodoUpdate, due: Due | None, recurrence: Recurrence | None
    ) -> dict[str, Any]:
        """The columns of a due date and a recurrence that change.

        A series begins anew with another recurrence; with another due date it goes on from there.
        """
        if data.due is UNSET and data.recurrence is UNSET:
            return {}
        stored = due
        if data.due is not UNSET:
            due = due_of(data.due)
        if data.recurrence is not UNSET:
            recurrence = recurrence_of(data.recurrence)
        timing = recurrence_values(recurrence, due)
        if data.recurrence is UNSET:
            # COUNT counts what there has been
            del timing["recurrence_used"]
            if due == stored:
                del timing["recurrence_start"]
        return {**timing, **due_values(due, await self._zone(actor, due, recurrence))}

    async def _zone(self, actor: Actor, due: Due | None, recurrence: Recurrence | None) -> tzinfo:
        """Where the due date counts: where it says, or else where the actor lives."""
        zone = zone_of(due, recurrence)
        return zone or ZoneInfo(await self._users.time_zone(actor.id) or "UTC")

    async def _make_room(self, actor: Actor, parent_id: UUID, list_id: UUID | None, child: lifecycle.Node) -> UUID:
        """Lock the parent's list and reopen what is completed above an open child; tells the list."""
        standing = await self._trees.stand(actor, parent_id)
        if standing is None or standing.todo.deleted_at is not None:
            raise ParentNotFound
        found = standing.todo.list_id
        if list_id not in {None, found}:
            await self._life.check_list(actor, list_id)
            raise ParentNotFound
        require(standing.role, ListPermission.TODOS_WRITE)
        check_not_archived(standing.archived_at)
        family = await self._trees.family(parent_id)
        if child.id in {node.id for node in family}:
            raise TodoExists
        lifecycle.check_parent(family, child.id, parent_id)
        if child.status is TodoStatus.OPEN:
            reopened = lifecycle.reopen([*family, child], child.id)
            await self._trees.set_status(reopened, by=actor.id, now=self._clock.now())
        await self._trees.mark_parents([parent_id])
        return found

    async def _refuse_stale(self, actor: Actor, standing: Standing, versions: Versions) -> None:
        if versions is not None and standing.todo.version not in versions:
            raise StaleVersion(current=await self._found(actor, standing.todo.id))

    async def _found(self, actor: Actor, todo_id: UUID, *, versions: Versions = None) -> Todo:
        todo = await self._todos.find(Todo, actor, todo_id)
        if todo is None:
            raise NotFound
        if versions is not None and todo.version not in versions:
            raise StaleVersion(current=todo)
        return todo


def _given(value: ValueT | UnsetType) -> ValueT | None:
    return None if isinstance(value, UnsetType) else value


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _asked_status(data: TodoCreate | TodoUpdate) -> TodoStatus | None:
    """The status that is asked for of a todo that is open; None where it asks for none. Raises `ValidationFailed`."""
    if data.status is UNSET and data.completed is UNSET:
        return None
    return lifecycle.status_from(TodoStatus.OPEN, status=_given(data.status), completed=_given(data.completed))


def _own_id(given: UUID | UnsetType) -> UUID:
    """The id of a new todo: the client's own, or a fresh one; raises `ValidationFailed` for another kind of id."""
    if isinstance(given, UnsetType):
        # half the price of what makes one of Python's from the number
        return convert(str(uuid7()), UUID)
    if given.version != _UUID7:
        raise ValidationFailed([Issue(IssueCode.CUSTOM, ("id",), "Expected a UUID of version 7")])
    return given


def _distinct(tags: Iterable[str]) -> list[str]:
    """Each tag once, in the order of their first mention."""
    return list(dict.fromkeys(tags))
