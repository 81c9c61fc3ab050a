"""Has PostgreSQL write rows as JSON, in the very bytes that msgspec makes of the Structs they are read into.

That pays for lists: of twenty rows neither the values nor the Structs are made here. Nor is a row written again, or
sent, that whoever asks has had before.
"""

from typing import Any, Final, cast

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    Label,
    Select,
    Table,
    Text,
    Time,
    case,
    func,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.inspection import inspect as mapped

from app.infrastructure.database.base import Model
from app.infrastructure.database.repositories.projection import within

TOLD_BY: Final = ("id", "version", "created_at", "updated_at")
"""The columns by which rows are told apart, and those who may have changed from those who have not."""

_PAGE: Final = "page"
_ROWS: Final = "chosen"


def encoded(
    schema: type[msgspec.Struct],
    model: type[Model],
    rows: Select[Any],
    *,
    known: ColumnElement[Any],
    since: ColumnElement[Any],
) -> Select[Any]:
    """One row about the rows of a select over the columns of `TOLD_BY`: signature, keys, changed, texts, last change.

    A key is a row's id and version, and when it was made, for an id may be used again once its row is deleted for good.
    Those `changed` later than `since` have their rows as texts of JSON beside them. The signature is of the keys, in
    their order. Where it is the one that is `known`, all else is null, and whatever is of no rows always is.
    """
    page = rows.subquery(_PAGE)
    key = func.uuid_send(page.c.id).op("||")(func.int8send(page.c.version))
    key = key.op("||")(func.timestamptz_send(page.c.created_at))
    keys = func.array_agg(key)
    changed = (page.c.updated_at <= since).is_not(true())
    signature = func.encode(func.sha256(func.array_send(keys)), literal_column("'hex'"))
    signed = select(
        signature.label("signature"),
        keys.label("keys"),
        func.array_agg(key).filter(changed).label("changed"),
        func.array_agg(_text(schema, model)).filter(changed).label("texts"),
        func.max(page.c.updated_at).label("latest"),
    ).subquery("signed")
    same = signed.c.signature == known
    rest = (case((same, null()), else_=signed.c[name]).label(name) for name in ("keys", "changed", "texts", "latest"))
    return select(signed.c.signature, *rest)


def _text(schema: type[msgspec.Struct], model: type[Model]) -> ColumnElement[Any]:
    """The bytes of the row of the page that it stands beside."""
    # found once more by its id, so that pages are sorted by little and wide rows are fetched only to be written
    table = cast("Table", model.__table__).alias(_ROWS)
    shown = select(*_members(schema, model)).select_from(table).where(table.c.id == literal_column(f"{_PAGE}.id"))
    text = sql_cast(_object("shown"), Text())
    written = func.convert_to(text, literal_column("'UTF8'"))
    return select(written).select_from(shown.subquery("shown")).scalar_subquery()


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
