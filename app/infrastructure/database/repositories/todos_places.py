"""Where todos stand among their siblings; whoever asks here has their list locked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    Boolean,
    ColumnElement,
    Select,
    String,
    TableValuedAlias,
    Uuid,
    case,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.orm import aliased
from sqlalchemy.types import TypeEngine

from app.domain.todos import TodoStatus
from app.infrastructure.database.models import Membership, Reminder, Todo
from app.infrastructure.database.work import Repository

_COPIED: Final = (
    "list_id",
    "title",
    "notes",
    "priority",
    "due_date",
    "due_time",
    "due_time_zone",
    "due_at",
    "recurrence_rule",
    "recurrence_anchor",
    "recurrence_time_zone",
    "tags",
    "assignee_id",
)


@dataclass(frozen=True, slots=True)
class Siblings:
    """The todos of a list below the same parent, or its outermost ones, trashed or not, but for one of them."""

    list_id: UUID
    parent_id: UUID | None
    but: UUID

    @property
    def clauses(self) -> tuple[ColumnElement[bool], ...]:
        """What they have in common."""
        return (Todo.list_id == self.list_id, Todo.parent_id == self.parent_id, Todo.id != self.but)


@dataclass(frozen=True, slots=True)
class Copy:
    """What a todo's copy differs in; without a position it has that of the original."""

    id: UUID
    parent_id: UUID | None
    position: str | None
    has_subtasks: bool


class TodoPlaceRepository(Repository[Todo]):
    """Finds places between todos, and puts todos there."""

    model_type = Todo

    async def lock(self, todo_id: UUID, list_id: UUID) -> bool:
        """Lock a todo of the list that is not in the trash; tells whether there is one."""
        query = select(Todo.id).where(Todo.id == todo_id, Todo.list_id == list_id, Todo.deleted_at.is_(None))
        return await self.session.scalar(query.with_for_update(key_share=True)) is not None

    async def position_of(self, todo_id: UUID, among: Siblings) -> str | None:
        """The position of one of the siblings; None for a todo that is none of them, or is in the trash."""
        query = select(Todo.position).where(Todo.id == todo_id, Todo.deleted_at.is_(None), *among.clauses)
        return await self.session.scalar(query)

    async def next_position(self, among: Siblings, after: str) -> str | None:
        """The position of whoever comes behind this one."""
        return await self.session.scalar(select(func.min(Todo.position)).where(Todo.position > after, *among.clauses))

    async def last_position(self, among: Siblings, before: str | None = None) -> str | None:
        """The last position of all, or of those ahead of this one."""
        query = select(func.max(Todo.position)).where(*among.clauses)
        return await self.session.scalar(query if before is None else query.where(Todo.position < before))

    async def in_order(self, among: Siblings) -> Sequence[UUID]:
        """The siblings by their positions."""
        return (await self.session.scalars(select(Todo.id).where(*among.clauses).order_by(Todo.position))).all()

    async def renumber(self, positions: Mapping[UUID, str]) -> None:
        """Give todos other positions, which changes what they show and so their versions, but is no change of theirs.

        Every position must sort behind those in use, for rows take them one by one.
        """
        fresh = _table(todo_id=(Uuid(), [*positions]), position=(String(), [*positions.values()]))
        await self.session.execute(
            update(Todo)
            .where(Todo.id == fresh.c.todo_id)
            .values(position=fresh.c.position, version=Todo.version + 1)
            .execution_options(synchronize_session=False)
        )

    async def carry(self, todo_id: UUID, to: Siblings, position: str, now: datetime) -> None:
        """Put a todo in another list with all below it, trashed or not.

        Whoever does not share that list is no more assigned to them, nor reminded of them.
        """
        members = select(Membership.user_id).where(Membership.list_id == to.list_id)
        await self._hold_members(members)
        moved = select(self._tree(todo_id))
        is_root = Todo.id == todo_id
        await self.session.execute(
            update(Todo)
            .where(Todo.id.in_(moved))
            .values(
                list_id=to.list_id,
                parent_id=case((is_root, literal(to.parent_id, Todo.parent_id.type)), else_=Todo.parent_id),
                position=case((is_root, position), else_=Todo.position),
                assignee_id=case((Todo.assignee_id.in_(members), Todo.assignee_id)),
                version=Todo.version + 1,
                updated_at=now,
            )
            .execution_options(synchronize_session=False)
        )
        await self.session.execute(
            delete(Reminder)
            .where(Reminder.todo_id.in_(moved), Reminder.user_id.not_in(members))
            .execution_options(synchronize_session=False)
        )

    async def copy(self, list_id: UUID, copies: Mapping[UUID, Copy], by: UUID, now: datetime) -> None:
        """Store open copies of a list's todos, told by their originals; their series begin anew with the due dates."""
        made = _table(
            original=(Uuid(), [*copies]),
            id=(Uuid(), [each.id for each in copies.values()]),
            parent_id=(Uuid(), [each.parent_id for each in copies.values()]),
            position=(String(), [each.position for each in copies.values()]),
            has_subtasks=(Boolean(), [each.has_subtasks for each in copies.values()]),
        )
        await self._hold_members(select(Membership.user_id).where(Membership.list_id == list_id))
        recurs = Todo.recurrence_rule.is_not(None)
        values: dict[str, Any] = {
            **{name: getattr(Todo, name) for name in _COPIED},
            **{name: made.c[name] for name in ("id", "parent_id", "has_subtasks")},
            "position": func.coalesce(made.c.position, Todo.position),
            "status": literal(TodoStatus.OPEN, Todo.status.type),
            "recurrence_start": case((recurs, Todo.due_date)),
            "recurrence_used": case((recurs, 1)),
            "created_by": literal(by, Uuid()),
            "version": literal(1),
            "created_at": literal(now, Todo.created_at.type),
            "updated_at": literal(now, Todo.updated_at.type),
        }
        originals = select(*values.values()).join_from(made, Todo, Todo.id == made.c.original)
        await self.session.execute(insert(Todo).from_select([*values], originals, include_defaults=False))

    async def _hold_members(self, members: Select[Any]) -> None:
        """Have nobody's account end before they are assigned to what comes."""
        await self.session.execute(members.with_for_update(key_share=True, read=True))

    def _tree(self, todo_id: UUID) -> CTE:
        """A recursive query for the ids of a todo and of all below it, trashed or not."""
        tree = select(Todo.id).where(Todo.id == todo_id).cte("tree", recursive=True)
        child = aliased(Todo)
        return tree.union(select(child.id).where(child.parent_id == tree.c.id))


def _table(**columns: tuple[TypeEngine[Any], Sequence[object]]) -> TableValuedAlias:
    """Rows that are handed over as one array for each of their columns, however many they are."""
    arrays = [literal(values, ARRAY(kind)) for kind, values in columns.values()]
    named = [column(name, kind) for name, (kind, _) in columns.items()]
    return func.unnest(*arrays).table_valued(*named).render_derived(name="given")
