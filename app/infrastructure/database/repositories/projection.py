"""Reads rows straight into Structs: a field is named once, and only what is shown is fetched.

A Struct within a Struct stands in columns that begin with the field's name (`due` in `due_date` and `due_time`), and
is null where the first of them is.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar, get_args

import msgspec
from sqlalchemy import Column
from sqlalchemy.inspection import inspect as mapped

from app.infrastructure.database.base import Model

StructT = TypeVar("StructT", bound=msgspec.Struct)


@cache
def columns(schema: type[msgspec.Struct], *models: type[Model]) -> tuple[Column[Any], ...]:
    """The models' columns in the order of the Struct's fields and of those within them, for `maker` to read.

    Where several models have a column of a field's name, it is the first's.
    """
    available = {name: column for model in reversed(models) for name, column in mapped(model).columns.items()}
    found: list[Column[Any]] = []
    for field in msgspec.structs.fields(schema):
        inner = _inner(field.type)
        names = [field.name] if inner is None else [f"{field.name}_{part}" for part in inner.__struct_fields__]
        found += [available[name] for name in names]
    return tuple(found)


@cache
def maker(schema: type[StructT]) -> Callable[[Sequence[Any]], StructT]:
    """Makes a Struct of a row of its `columns`."""
    inner = [(index, _inner(field.type)) for index, field in enumerate(msgspec.structs.fields(schema))]
    nested = [(index, struct, len(struct.__struct_fields__)) for index, struct in inner if struct is not None]
    if not nested:
        return lambda row: schema(*row)

    def make(row: Sequence[Any]) -> StructT:
        values = list(row)
        for index, struct, width in nested:
            part = values[index : index + width]
            values[index : index + width] = [None if part[0] is None else struct(*part)]
        return schema(*values)

    return make


def _inner(annotation: Any) -> type[msgspec.Struct] | None:
    """The Struct of a field that holds one, or none."""
    if isinstance(annotation, type):
        return annotation if issubclass(annotation, msgspec.Struct) else None
    return next((found for option in get_args(annotation) if (found := _inner(option)) is not None), None)
