"""Reads rows straight into Structs: a field is named once, and only what is shown is fetched.

A Struct within a Struct stands in columns that begin with the field's name (`due` in `due_date` and `due_time`), and
is null where the first of them is.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, get_args, get_origin

import msgspec
from sqlalchemy import Column
from sqlalchemy.inspection import inspect as mapped

from app.infrastructure.database.base import Model

KindT = TypeVar("KindT")
StructT = TypeVar("StructT", bound=msgspec.Struct)


@cache
def columns(schema: type[msgspec.Struct], *models: type[Model]) -> tuple[Column[Any], ...]:
    """The models' columns in the order of the Struct's fields and of those within them, for `maker` to read.

    Where several models have a column of a field's name, it is the first's.
    """
    available = {name: column for model in reversed(models) for name, column in mapped(model).columns.items()}
    return tuple(available[name] for name, _ in _columns(schema))


@cache
def maker(schema: type[StructT]) -> Callable[[Sequence[Any]], StructT]:
    """Makes a Struct of a row of its `columns`, in which an enum may stand as such or as its value."""
    # an enum of strings and its value are the same key
    members: list[tuple[int, dict[Any, StrEnum | None]]] = [
        (index, {None: None} | {member: member for member in kind})
        for index, (_, kind) in enumerate(_columns(schema))
        if kind is not None
    ]
    nested = [
        (index, struct, index + len(struct.__struct_fields__))
        for index, field in enumerate(msgspec.structs.fields(schema))
        if (struct := within(field.type, msgspec.Struct)) is not None
    ]
    if not nested and not members:
        return lambda row: schema(*row)

    def make(row: Sequence[Any]) -> StructT:
        values = list(row)
        for index, member in members:
            values[index] = member[values[index]]
        for index, struct, end in nested:
            # before the rest of its columns goes, for it is made of them
            values[index] = None if values[index] is None else struct(*values[index:end])
            del values[index + 1 : end]
        return schema(*values)

    return make


def _columns(schema: type[msgspec.Struct]) -> list[tuple[str, type[StrEnum] | None]]:
    """The names of the columns that are read into a Struct, and the enums in them."""
    found: list[tuple[str, type[StrEnum] | None]] = []
    for field in msgspec.structs.fields(schema):
        inner = within(field.type, msgspec.Struct)
        if inner is None:
            found.append((field.name, within(field.type, StrEnum)))
        else:
            parts = msgspec.structs.fields(inner)
            found += [(f"{field.name}_{part.name}", within(part.type, StrEnum)) for part in parts]
    return found


def within(annotation: Any, kind: type[KindT]) -> type[KindT] | None:
    """The class of this kind that a field holds, or none."""
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, kind) else None
    if get_origin(annotation) is list:
        return None
    return next((found for option in get_args(annotation) if (found := within(option, kind)) is not None), None)
