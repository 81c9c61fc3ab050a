"""Keyset pages: the rows behind a position, in a total order, at the same cost however deep the page lies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Select, UnaryExpression, and_, false, literal, or_, tuple_
from sqlalchemy.inspection import inspect as mapped
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from app.infrastructure.database.base import Model

SelectT = TypeVar("SelectT", bound=Select[Any])


@dataclass(frozen=True, slots=True)
class SortTerm:
    """One column to sort by, which must not be nullable."""

    column: str
    descending: bool


def in_order(query: SelectT, model: type[Model], terms: Sequence[SortTerm], after: Sequence[object] | None) -> SelectT:
    """The query in the order of the terms, which must end with a unique column, from behind a position on."""
    if after is not None:
        query = query.where(behind(mapped(model).columns, terms, after))
    return query.order_by(*ordering(mapped(model).columns, terms))


def ordering(columns: ReadOnlyColumnCollection[str, Any], terms: Sequence[SortTerm]) -> list[UnaryExpression[Any]]:
    """What `ORDER BY` says of the terms over these columns."""
    return [columns[term.column].desc() if term.descending else columns[term.column].asc() for term in terms]


def behind(
    available: ReadOnlyColumnCollection[str, Any], terms: Sequence[SortTerm], position: Sequence[object]
) -> ColumnElement[bool]:
    """The clause that only rows behind the position fulfil."""
    columns = [available[term.column] for term in terms]
    values: list[ColumnElement[Any]] = [
        cast("ColumnElement[Any]", value) if isinstance(value, ColumnElement) else literal(value, column.type)
        for value, column in zip(position, columns, strict=True)
    ]
    if len({term.descending for term in terms}) == 1:
        # one comparison of rows, which an index over these columns answers
        left, right = tuple_(*columns), tuple_(*values)
        return left < right if terms[0].descending else left > right
    # the first term alone bounds all that follows, and an index begins there
    bound = columns[0] <= values[0] if terms[0].descending else columns[0] >= values[0]
    clause: ColumnElement[bool] = false()
    for index, term in enumerate(terms):
        same = [column == value for column, value in zip(columns[:index], values[:index], strict=True)]
        column, value = columns[index], values[index]
        clause = or_(clause, and_(*same, column < value if term.descending else column > value))
    return and_(bound, clause)
