from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Final, TypeVar

import msgspec

from app.application.validation._containers import ObjectNode
from app.application.validation._node import Unsound
from app.application.validation._plan import plan
from app.application.validation._report import Report, ReportFull
from app.domain.errors import Issue, IssueCode, Location, ValidationFailed

T = TypeVar("T")

_UNEXPLAINED: Final = "Expected a value of the documented form"


def convert(schema: type[T], value: object, *, location: Location = "body", lax: bool = False) -> T:
    """Make a value of the schema's type out of decoded JSON, or tell everything that is wrong with it.

    With `lax`, texts stand for numbers and booleans and comma-separated texts for arrays, as in a query.
    Raises `ValidationFailed` with 1 to 100 issues; TypeError for a schema that no request can carry here.
    """
    node = plan(schema)
    given: Any = value
    if lax:
        given = node.read(given)
    try:
        return msgspec.convert(node.admit(given), schema)
    except (msgspec.ValidationError, UnicodeEncodeError, Unsound, RecursionError):
        report = Report(location)
        with suppress(ReportFull, RecursionError):
            node.collect(given, report)
        issues = report.issues or [Issue(IssueCode.CUSTOM, (), _UNEXPLAINED, location)]
        raise ValidationFailed(issues) from None


@cache
def query_fields(schema: type) -> Mapping[str, bool]:
    """The fields of a query's Struct by their wire names, and whether each holds an array.

    Raises TypeError unless the Struct forbids unknown fields: a misspelt filter must not silently do nothing.
    """
    node = plan(schema)
    if not isinstance(node, ObjectNode) or not node.strict:
        message = f"{schema.__name__} does not forbid unknown fields"
        raise TypeError(message)
    return {name: list in field.takes for name, field in node.fields.items()}
