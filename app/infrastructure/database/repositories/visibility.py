"""Which lists a person shares: the clause that every query over what stands in them carries."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select

from app.domain.sharing import GRANTS, ListPermission
from app.infrastructure.database.models import Membership, TodoList

WRITERS: Final = [role for role, granted in GRANTS.items() if ListPermission.TODOS_WRITE in granted]


def shared_lists(user_id: UUID) -> Select[tuple[UUID]]:
    """The ids of the lists that the person shares and that are not in the trash."""
    return (
        select(Membership.list_id)
        .join(TodoList, TodoList.id == Membership.list_id)
        .where(Membership.user_id == user_id, TodoList.deleted_at.is_(None))
    )


def writable_lists(user_id: UUID) -> Select[Any]:
    """Those of them whose todos the person may change."""
    return shared_lists(user_id).where(Membership.role.in_(WRITERS), TodoList.archived_at.is_(None))
