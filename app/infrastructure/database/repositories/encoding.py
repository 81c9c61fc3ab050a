"""Has PostgreSQL write rows as JSON, in the very bytes that msgspec makes of the Structs they are read into.

That pays for lists: of twenty rows neither the values nor the Structs are made here.
"""

from typing import Any, Final

import msgspec
from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    DateTime,
    Label,
    Select,
    Text,
    Time,
    case,
    cast,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.inspection import inspect as mapped

from app.infrastructure.database.base import Model
from app.infrastructure.database.repositories.projection import within

_ROWS: Final = "chosen"


def encoded(
    schema: type[msgspec.Struct], model: type[Model], rows: Select[Any], known: ColumnElement[str]
) -> Select[Any]:
    """One row: a signature of the rows of a select over the Struct's `columns`, and they as an array of JSON texts.

    The signature is of their ids and versions, in their order, and null without any. When they were made belongs to
    it, for an id may be used again once its row is deleted for good. Where it is the one that is `known`, the array
    is null.
    """
    chosen = rows.cte(_ROWS, nesting=True)
    ids, versions, made = (func.array_send(func.array_agg(chosen.c[name])) for name in ("id", "version", "created_at"))
    digest = func.sha256(ids.op("||")(versions).op("||")(made))
    signed = select(func.encode(digest, literal_column("'hex'")).label("signature")).subquery("signed")
    shown = select(*_members(schema, model)).select_from(chosen).subquery("shown")
    items = func.array(select(cast(_object("shown"), Text())).select_from(shown).scalar_subquery())
    return select(
        signed.c.signature, case((signed.c.signature == known, null()), else_=cast(items, ARRAY(Text()))).label("items")
    )


def _members(schema: type[msgspec.Struct], model: type[Model], prefix: str = "") -> list[Label[Any]]:
    """The Struct's fields as they are written, by the names that they are written under."""
    members: list[Label[Any]] = []
    for field in msgspec.structs.fields(schema):
        inner = within(field.type, msgspec.Struct)
        if inner is None:
            member = _value(mapped(model).columns[prefix + field.name])
        else:
            parts = _members(inner, model, f"{field.name}_")
            first: ColumnElement[Any] = literal_column(f"{_ROWS}.{field.name}_{inner.__struct_fields__[0]}")
            whole = select(_object("part")).select_from(select(*parts).subquery("part")).scalar_subquery()
            member = case((first.is_(None), null()), else_=whole)
        members.append(member.label(field.encode_name))
    return members


def _object(rows: str) -> ColumnElement[Any]:
    return func.row_to_json(literal_column(rows))


def _value(column: Column[Any]) -> ColumnElement[Any]:
    """A column so that PostgreSQL's JSON of it is msgspec's, whose fractions of a second have six digits or none."""
    # by its name alone, for it stands in selects within others, none of which are to look for it elsewhere
    value: ColumnElement[Any] = literal_column(f"{_ROWS}.{column.name}", column.type)
    if isinstance(column.type, DateTime):
        return _written(func.timezone(literal_column("'UTC'"), value), 'YYYY-MM-DD"T"HH24:MI:SS', '"Z"')
    if isinstance(column.type, Time):
        day: ColumnElement[Any] = literal_column("DATE '2000-01-01'")
        return _written(day + value, "HH24:MI:SS", "")
    return value


def _written(instant: ColumnElement[Any], clock: str, end: str) -> ColumnElement[Any]:
    written = func.to_char(instant, literal_column(f"'{clock}.US{end}'"))
    return func.replace(written, literal_column("'.000000'"), literal_column("''"))
