"""Whatever is sent, the answer is a value of the schema or a list of its faults, and nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.application.validation import convert
from app.domain.errors import Issue, IssueCode, ValidationFailed
from tests.application.validation.samples import SAMPLES, Periods

KEYS = sorted(
    {name for schema in SAMPLES for name in schema.__struct_encode_fields__} | {"op", "extra", "a\0", "\ud800"}
)
TEXTS = [
    "",
    "  ",
    " ab ",
    "abc",
    "abc\n",
    "red",
    "x",
    "move",
    "rename",
    "ada@example.org",
    "2030-01-31",
    "2030-01-31T09:30:00Z",
    "2030-01-31T09:30:00+02:00",
    "09:30",
    "09:30:00",
    "0190163d-8694-739b-aea5-966c26f8ad91",
    "0001-01-01T00:00:00+01:00",
    "2030-01-31T09:30:00.5+00:00",
]

texts = st.sampled_from(TEXTS) | st.text(st.characters(exclude_categories=[]), max_size=12)
numbers = st.integers(-10, 110) | st.integers() | st.floats() | st.sampled_from([2**53, -(2**53), 10**400])
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(KEYS) | texts, inner, max_size=6),
    max_leaves=25,
)


def near(schema: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Objects with the schema's own keys, most of them holding something else than they should."""
    fields = dict.fromkeys(schema.__struct_encode_fields__, values)
    return st.fixed_dictionaries({}, optional={**fields, "op": values, "extra": values})


def refusals(schema: type[Any], value: object, **options: Any) -> tuple[Issue, ...]:
    try:
        result = convert(schema, value, **options)
    except ValidationFailed as refused:
        return refused.issues
    assert isinstance(result, schema)
    return ()


def names_a_place(value: object, path: Sequence[str | int]) -> bool:
    """Whether the path leads to a value, or to a key that its object lacks."""
    for index, step in enumerate(path):
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(cast("list[object]", value)):
                return False
            value = cast("list[object]", value)[step]
        else:
            if not isinstance(value, dict):
                return False
            members = cast("Mapping[str, object]", value)
            if step not in members:
                # keys that are data are shown with replaced characters
                return index == len(path) - 1 or any(not key.isprintable() for key in members)
            value = members[step]
    return True


@pytest.mark.parametrize("schema", SAMPLES)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_a_value_is_converted_or_every_fault_has_a_place(schema: type[msgspec.Struct], data: st.DataObject) -> None:
    value = data.draw(values | near(schema))
    found = refusals(schema, value)
    assert len(found) <= 100
    for issue in found:
        assert names_a_place(value, issue.path)
        assert issue.code is not IssueCode.CUSTOM or schema is Periods
        msgspec.json.encode([issue.code, issue.path, issue.message, issue.params])


@pytest.mark.parametrize("schema", SAMPLES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_what_was_accepted_is_accepted_again(schema: type[msgspec.Struct], data: st.DataObject) -> None:
    value = data.draw(near(schema))
    if refusals(schema, value):
        return
    once = convert(schema, value)
    encoded = msgspec.json.encode(once)
    assert convert(schema, msgspec.json.decode(encoded)) == once


@settings(max_examples=80, deadline=None)
@given(value=st.recursive(texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=10))
def test_a_query_is_read_or_refused(value: object) -> None:
    for schema in SAMPLES:
        assert {issue.location for issue in refusals(schema, value, location="query", lax=True)} <= {"query"}
