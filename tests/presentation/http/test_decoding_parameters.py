import enum
from typing import Annotated
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType

from app.domain.errors import IssueCode, MalformedRequest, Refusal, ValidationFailed
from app.presentation.http.decoding import decode_query, parse_uuid


class Status(enum.StrEnum):
    OPEN = "open"
    DONE = "done"


class Query(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, rename="camel"):
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    include_total: bool = False
    status: Annotated[list[Status], Meta(max_length=5)] | UnsetType = UNSET
    sort: list[str] = []
    list_id: UUID | None = None
    q: Annotated[str, Meta(max_length=20)] = ""


class Lenient(Struct):
    limit: int = 20


def pairs(refused: pytest.ExceptionInfo[ValidationFailed]) -> list[tuple[str, str, tuple[str | int, ...]]]:
    return [(issue.location, issue.code.value, issue.path) for issue in refused.value.issues]


@pytest.mark.parametrize(
    ("query_string", "query"),
    [
        (b"", Query()),
        (b"&&", Query()),
        (b"limit=5", Query(limit=5)),
        (b"includeTotal=true&limit=1&", Query(include_total=True, limit=1)),
        (b"status=open", Query(status=[Status.OPEN])),
        (b"status=open,done", Query(status=[Status.OPEN, Status.DONE])),
        (b"status=open&status=done", Query(status=[Status.OPEN, Status.DONE])),
        (b"sort=dueAt,-createdAt", Query(sort=["dueAt", "-createdAt"])),
        (b"sort=dueAt%2C-createdAt", Query(sort=["dueAt", "-createdAt"])),
        (b"sort=", Query()),
        (b"q=a+b%20c%2B%26%3D=", Query(q="a b c+&==")),
        (b"q=caf%C3%A9", Query(q="café")),
        (b"%71=x", Query(q="x")),
        (b"q", Query(q="")),
        (b"listId=0190163d-8694-739b-aea5-966c26f8ad91", Query(list_id=UUID("0190163d-8694-739b-aea5-966c26f8ad91"))),
    ],
)
def test_a_query_is_read(query_string: bytes, query: Query) -> None:
    assert decode_query(query_string, Query) == query


@pytest.mark.parametrize(
    "query_string",
    [
        b"q=%",
        b"q=%4",
        b"q=%zz",
        b"q=%u0041",
        b"q=%ff",
        b"q=%C0%80",
        b"q=%ED%A0%80",
        b"q=\xff",
        b"%ff=1",
        b"limit=1&limit=1",
        b"limit=1&limit=2",
        b"limit=1&li%6Dit=2",
        b"q=a&q=b",
        b"&".join(b"status=open" for _ in range(101)),
        b"&" * 5000,
    ],
)
def test_a_query_that_cannot_be_read_in_one_way_is_malformed(query_string: bytes) -> None:
    with pytest.raises(MalformedRequest):
        decode_query(query_string, Query)


def test_all_faults_of_a_query_are_told_at_once() -> None:
    with pytest.raises(ValidationFailed) as refused:
        decode_query(b"limit=1_0&includeTotal=yes&status=open,later&listId=7&q=%00&page=2&page=3&Limit=4", Query)
    assert pairs(refused) == [
        ("query", "invalid_type", ("limit",)),
        ("query", "invalid_type", ("includeTotal",)),
        ("query", "invalid_value", ("status", 1)),
        ("query", "invalid_format", ("listId",)),
        ("query", "invalid_format", ("q",)),
        ("query", "unrecognized_keys", ()),
    ]
    assert refused.value.issues[-1].params == {"keys": ["page", "Limit"]}


@pytest.mark.parametrize("limit", [b"0", b"101", b"-1", b"99999999999999999999", b"1" * 5000, b"%D9%A1", b"+1", b"1.0"])
def test_a_limit_is_a_whole_number_within_its_bounds(limit: bytes) -> None:
    with pytest.raises(ValidationFailed):
        decode_query(b"limit=" + limit, Query)


def test_a_query_must_forbid_what_it_does_not_know() -> None:
    with pytest.raises(TypeError):
        decode_query(b"", Lenient)


@settings(max_examples=200, deadline=None)
@given(
    query_string=st.binary(max_size=60)
    | st.lists(st.tuples(st.sampled_from(["limit", "q", "sort", "status", "x"]), st.text(max_size=8))).map(
        lambda found: "&".join(f"{name}={text}" for name, text in found).encode()
    )
)
def test_any_query_is_read_or_refused(query_string: bytes) -> None:
    try:
        assert isinstance(decode_query(query_string, Query), Query)
    except Refusal as refused:
        assert isinstance(refused, (MalformedRequest, ValidationFailed))  # noqa: PT017 -- either outcome is right


@pytest.mark.parametrize("text", ["0190163d-8694-739b-aea5-966c26f8ad91", "00000000-0000-0000-0000-000000000001"])
def test_a_hyphenated_id_in_a_path_is_read(text: str) -> None:
    assert parse_uuid("todoId", text) == UUID(text)
    assert parse_uuid("todoId", text.upper()) == UUID(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "0190163d8694739baea5966c26f8ad91",
        "{0190163d-8694-739b-aea5-966c26f8ad91}",
        "urn:uuid:0190163d-8694-739b-aea5-966c26f8ad91",
        "0190163d-8694-739b-aea5-966c26f8ad91\n",
        " 0190163d-8694-739b-aea5-966c26f8ad91",
        "0190163d-8694-739b-aea5-966c26f8ad9g",
        "0190163d-8694-739b-aea5-966c26f8ad9\u0661",
        "0190163d-8694-739b-aea5-966c26f8ad\0\0",
        "0190163_-8694-739b-aea5-966c26f8ad91",
        "\ud800",
    ],
)
def test_anything_else_in_a_path_is_no_id(text: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        parse_uuid("todoId", text)
    (issue,) = refused.value.issues
    assert (issue.code, issue.path, issue.location) == (IssueCode.INVALID_FORMAT, ("todoId",), "path")
    assert issue.params["format"] == "uuid"
