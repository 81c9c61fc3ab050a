"""Reads rows straight into Structs: a field is named once, and only what is shown is fetched."""

from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Column
from sqlalchemy.inspection import inspect as mapped

from app.infrastructure.database.base import Model


@cache
def columns(schema: type[msgspec.Struct], model: type[Model]) -> tuple[Column[Any], ...]:
    """The model's columns in the order of the Struct's fields, so that `schema(*row)` makes one of a row."""
    available = mapped(model).columns
    return tuple(available[field.name] for field in msgspec.structs.fields(schema))
