"""The declarative base: shared columns, and constraint names that say what they guard."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from advanced_alchemy.base import CommonTableAttributes, create_registry
from sqlalchemy import BigInteger, DateTime, Enum, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from uuid_utils.compat import uuid7


class Model(CommonTableAttributes, DeclarativeBase):
    """A row with a UUIDv7 id, a version that counts its changes, and when it was first and last written.

    Instants are set by whoever writes, from the one clock; the database's own clock is never asked.
    """

    __abstract__ = True
    registry = create_registry(custom_annotation_map={UUID: Uuid(), datetime: DateTime(timezone=True)})

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, sort_order=-1)
    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1", sort_order=100)
    created_at: Mapped[datetime] = mapped_column(sort_order=101)
    updated_at: Mapped[datetime] = mapped_column(sort_order=102)


def _values(kind: type[StrEnum]) -> list[str]:
    return [member.value for member in kind]


def text_enum(kind: type[StrEnum]) -> Enum:
    """Store an enum by value in a checked text column, so that a new member needs no new type."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=32,
        name=kind.__name__.lower(),
        values_callable=_values,
    )
