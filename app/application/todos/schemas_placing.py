"""What is asked of todos' places and of the trash."""

from typing import Annotated, Any, ClassVar
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from app.application.schemas import Command, PageQuery

_AFTER = "01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e04"
_BEFORE = "01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e05"
_LIST_ID = "01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e01"
_PARENT_ID = "01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e02"


class TodoMove(Command, frozen=True):
    """Where a todo is to go: behind or ahead of another one, or else to the end; what is left out stays as it is."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"afterId": _AFTER}

    after_id: (
        Annotated[UUID, Meta(description="The todo that it is to come behind.", examples=[_AFTER])] | UnsetType
    ) = UNSET
    before_id: (
        Annotated[UUID, Meta(description="The todo that it is to come ahead of.", examples=[_BEFORE])] | UnsetType
    ) = UNSET
    list_id: Annotated[UUID, Meta(description="The list that it is to be in.", examples=[_LIST_ID])] | UnsetType = UNSET
    parent_id: (
        Annotated[
            UUID,
            Meta(
                description="The todo that it is to be a part of, null for none; in another list none unless told.",
                examples=[_PARENT_ID],
            ),
        ]
        | UnsetType
        | None
    ) = UNSET


class TrashQuery(PageQuery, frozen=True):
    """Which page of the trash."""
