"""The statements that walk from a todo to those above and below it, written once: to write one takes milliseconds."""

from functools import cache
from typing import Any, Final, cast

from sqlalchemy import CTE, Table, Uuid, select

from app.infrastructure.database.hot import Hot, given
from app.infrastructure.database.models import Todo

_TODO: Final[Any] = given("todo_id", Uuid())
_TABLE: Final = cast("Table", Todo.__table__)


@cache
def family_statement() -> Hot:
    """The todo `todo_id`, those above it and those below it, none of them trashed: id, parent and status."""
    return Hot(select(_above()).union(select(below(_TODO))))


@cache
def branch_statement() -> Hot:
    """Those of them that are below the todo."""
    return Hot(select(below(_TODO)))


@cache
def line_statement() -> Hot:
    """The todo and those of them that are above it."""
    return Hot(select(_above()))


def below(todo_id: Any) -> CTE:
    """A recursive query for all below a todo that is not in the trash."""
    child, grandchild = _TABLE.alias("child"), _TABLE.alias("grandchild")
    found = (
        select(child.c.id, child.c.parent_id, child.c.status)
        .where(child.c.parent_id == todo_id, child.c.deleted_at.is_(None))
        .cte("below", recursive=True)
    )
    return found.union(
        select(grandchild.c.id, grandchild.c.parent_id, grandchild.c.status).where(
            grandchild.c.parent_id == found.c.id, grandchild.c.deleted_at.is_(None)
        )
    )


def _above() -> CTE:
    """A recursive query for a todo and all above it that is not in the trash."""
    todo, parent = _TABLE.alias("todo"), _TABLE.alias("parent")
    found = select(todo.c.id, todo.c.parent_id, todo.c.status).where(todo.c.id == _TODO).cte("above", recursive=True)
    return found.union(
        select(parent.c.id, parent.c.parent_id, parent.c.status).where(
            parent.c.id == found.c.parent_id, parent.c.deleted_at.is_(None)
        )
    )
