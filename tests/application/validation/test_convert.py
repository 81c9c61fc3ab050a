from datetime import UTC, datetime, time
from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta, Struct

from app.application.validation import convert
from app.domain.errors import Issue, IssueCode, ValidationFailed
from tests.application.validation.samples import (
    Choices,
    Due,
    Nested,
    Numbers,
    Open,
    Period,
    Periods,
    Strings,
    Tagged,
    Times,
    Tree,
)


class Person(Struct, forbid_unknown_fields=True):
    email: Annotated[str, Meta(extra={"format": "email"})]


class Labels(Struct, forbid_unknown_fields=True):
    labels: Annotated[dict[str, str], Meta(max_length=2)]


class Trimmed(Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=3, max_length=5, extra={"trim": True})]


class Many(Struct, forbid_unknown_fields=True):
    numbers: list[int]


class Searching(Struct):
    word: Annotated[str, Meta(max_length=5, pattern="^(a+)+$")]


def issues(schema: type[Any], value: object, **options: Any) -> tuple[Issue, ...]:
    with pytest.raises(ValidationFailed) as refused:
        convert(schema, value, **options)
    return refused.value.issues


def pairs(schema: type[Any], value: object, **options: Any) -> list[tuple[str, tuple[str | int, ...]]]:
    return [(issue.code.value, issue.path) for issue in issues(schema, value, **options)]


def test_a_good_value_becomes_the_struct() -> None:
    assert convert(Nested, {"due": {"date": "2030-01-31", "time": "09:30"}, "labels": {"a": "b"}}) == Nested(
        due=Due(date=datetime(2030, 1, 31, tzinfo=UTC).date(), time=time(9, 30)), labels={"a": "b"}
    )


def test_the_issues_stand_where_the_caller_says() -> None:
    assert [issue.location for issue in issues(Numbers, {"any": "x", "b": 1}, location="query")] == ["query", "query"]
    assert issues(Numbers, [])[0].location == "body"


def test_all_faults_are_told_at_once_in_the_order_of_the_fields() -> None:
    found = issues(Nested, {"zone": 1, "ints": [1, "2"], "due": {"date": "today", "timeZone": ""}})
    assert [(issue.code, issue.path, issue.message) for issue in found] == [
        (IssueCode.INVALID_FORMAT, ("due", "date"), "Expected a calendar day, such as 2030-01-31"),
        (IssueCode.TOO_SMALL, ("due", "timeZone"), "Expected at least 1 character"),
        (IssueCode.INVALID_TYPE, ("ints", 1), "Expected a number, received a string"),
        (IssueCode.UNRECOGNIZED_KEYS, (), 'Unrecognized key: "zone"'),
    ]


def test_the_messages_say_what_would_do() -> None:
    found = issues(Strings, {"title": "  ", "code": "x" * 7, "digits": "a", "note": None})
    assert [issue.message for issue in found] == [
        "Expected more than blanks",
        "Expected at most 6 characters",
        r"Expected a match of /^\d+$/",
        "Expected a string, received null",
    ]
    found = issues(Numbers, {"any": 2**53, "small": 101, "inner": -5, "share": 0.25})
    assert [issue.message for issue in found] == [
        "Expected 9007199254740991 or less",
        "Expected 100 or less",
        "Expected more than -5",
        "Expected 0.5 or more",
    ]
    assert issues(Choices, {})[0].message == 'Expected one of "blue", "green", "red"'
    assert issues(Nested, {})[0].message == "Expected an object, received nothing"


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "a\udfff", "é\ud83d"])
def test_a_text_that_cannot_be_stored_is_refused_wherever_it_stands(text: str) -> None:
    value = {"due": {"date": "2030-01-31"}, "labels": {"k": text}, "lists": [["a", text], []]}
    found = issues(Nested, value)
    assert [(issue.path, issue.params["format"]) for issue in found] == [
        (("lists", 0, 1), "unicode"),
        (("labels", "k"), "unicode"),
    ]
    assert pairs(Strings, {"note": text}) == [("invalid_format", ("note",))]
    assert pairs(Strings, {text: 1}) == [("unrecognized_keys", ())]
    (issue,) = issues(Labels, {"labels": {text: "v"}})
    assert issue.path == ("labels", "".join("\ufffd" if char in "\0\ud800\udfff\ud83d" else char for char in text))


def test_what_a_lenient_struct_ignores_is_not_looked_at() -> None:
    assert convert(Open, {"a": "x", "b": "\ud800"}) == Open(a="x")
    assert pairs(Open, {"a": "x", "b\0": 1}) == [("invalid_format", ("b\ufffd",))]
    assert pairs(Open, {"a": "x", "\ud800": 1}) == [("invalid_format", ("\ufffd",))]


def test_a_text_is_kept_trimmed_and_measured_so() -> None:
    assert convert(Trimmed, {"name": " \ufeff\u3000 abcde\t\n"}).name == "abcde"
    assert pairs(Trimmed, {"name": "   ab   "}) == [("too_small", ("name",))]
    assert pairs(Trimmed, {"name": "  abcdef "}) == [("too_big", ("name",))]
    assert pairs(Trimmed, {"name": "      "}) == [("too_small", ("name",))]
    # what JavaScript's trim() leaves alone stays
    assert convert(Trimmed, {"name": "\x85abc\x1c"}).name == "\x85abc\x1c"


def test_trimming_leaves_the_callers_value_as_it_was() -> None:
    value = {"name": " root ", "children": [{"name": " leaf "}]}
    tree = convert(Tree, value)
    assert (tree.name, tree.children[0].name) == ("root", "leaf")
    assert value == {"name": " root ", "children": [{"name": " leaf "}]}


def test_a_struct_may_hold_itself() -> None:
    assert pairs(Tree, {"name": "a", "children": [{"name": "b", "children": [{"name": "", "x": 1}]}]}) == [
        ("too_small", ("children", 0, "children", 0, "name")),
        ("unrecognized_keys", ("children", 0, "children", 0)),
    ]


def test_a_line_feed_at_the_end_does_not_slip_past_a_pattern() -> None:
    assert convert(Strings, {"code": "abc"}).code == "abc"
    assert pairs(Strings, {"code": "abc\n"}) == [("invalid_format", ("code",))]
    assert pairs(Strings, {"digits": "١٢"}) == [("invalid_format", ("digits",))]


def test_an_address_is_checked_and_is_at_most_254_characters_long() -> None:
    longest = "a" * 242 + "@example.org"
    assert convert(Person, {"email": longest}).email == longest
    assert pairs(Person, {"email": "a" + longest}) == [("too_big", ("email",))]
    assert pairs(Person, {"email": "ada"}) == [("invalid_format", ("email",))]
    assert pairs(Person, {"email": "ada@exämple.org"}) == [("invalid_format", ("email",))]
    assert pairs(Person, {"email": "ada@example.org\n"}) == [("invalid_format", ("email",))]


@pytest.mark.parametrize(
    "text",
    ["0000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "9999-12-31T23:59:59.9999999Z"],
)
def test_an_instant_that_utc_cannot_express_is_refused(text: str) -> None:
    assert pairs(Times, {"at": text}) == [("invalid_format", ("at",))]


def test_the_first_and_the_last_instant_are_accepted() -> None:
    first = convert(Times, {"at": "0001-01-01T00:00:00Z", "until": "9999-12-31T23:59:59+01:00"})
    assert first.at == datetime(1, 1, 1, tzinfo=UTC)


def test_ids_are_told_apart_by_value_not_by_case() -> None:
    text = "0190163d-8694-739b-aea5-966c26f8ad91"
    assert convert(Times, {"id": text.upper()}).id == UUID(text)


def test_a_rule_over_several_fields_is_told_at_its_object() -> None:
    wrong = {"first": 5, "last": 1}
    found = issues(Periods, {"main": wrong, "others": [{"first": 1, "last": 1}, wrong]})
    assert [(issue.code, issue.path, issue.message) for issue in found] == [
        (IssueCode.CUSTOM, ("main",), "The last must not come before the first"),
        (IssueCode.CUSTOM, ("others", 1), "The last must not come before the first"),
    ]


def test_a_rule_is_not_asked_of_fields_that_are_wrong_themselves() -> None:
    assert pairs(Period, {"first": 5, "last": "1"}) == [("invalid_type", ("last",))]


def test_a_rule_that_fails_in_a_library_repeats_no_input() -> None:
    class Zoned(Struct):
        name: str

        def __post_init__(self) -> None:
            self.name.encode("ascii")

    class Wrong(Struct):
        name: str

        def __post_init__(self) -> None:
            raise TypeError(self.name)

    for schema in (Zoned, Wrong):
        (issue,) = issues(schema, {"name": "sécret"})
        assert issue.code is IssueCode.CUSTOM
        assert issue.message == "Expected fields that go together"


def test_a_hundred_issues_are_enough() -> None:
    found = issues(Many, {"numbers": ["x"] * 100_000})
    assert len(found) == 100
    assert found[-1].path == ("numbers", 99)


def test_of_many_unknown_keys_twenty_are_named_and_none_at_length() -> None:
    value = {f"{index:03}" + "k" * 100: index for index in range(150)}
    (issue,) = issues(Open, value)[:1]
    assert issue.path == ("a",)
    (issue,) = issues(Numbers, value)
    keys = cast("list[str]", issue.params["keys"])
    assert len(keys) == 20
    assert {len(key) for key in keys} == {64}
    assert issue.message.endswith(" and 130 more")


def test_a_key_of_the_request_is_shown_without_control_characters() -> None:
    (issue,) = issues(Numbers, {"a\0\x1b[31m\r\n\ud800": 1})
    assert issue.params["keys"] == ["a\ufffd\ufffd[31m\ufffd\ufffd\ufffd"]
    msgspec.json.encode([issue.message, issue.params])


def test_no_value_of_the_request_is_repeated() -> None:
    secret = "hunter2-hunter2"
    bodies: list[tuple[type[Any], object]] = [
        (Strings, {"title": secret, "code": secret, "digits": secret, "email": secret, "note": [secret]}),
        (Numbers, {"any": secret, "small": secret, "ratio": secret, "flag": secret}),
        (Times, {"at": secret, "day": secret, "clock": secret, "id": secret}),
        (Choices, {"colour": secret, "mixed": secret}),
        (Tagged, {"first": {"op": secret}}),
        (Nested, {"due": secret, "dues": secret, "labels": secret}),
    ]
    for schema, body in bodies:
        for issue in issues(schema, body):
            assert secret not in f"{issue.message} {issue.params} {issue.path}"


def test_a_refused_long_text_is_not_searched_for_its_pattern() -> None:
    assert pairs(Searching, {"word": "a" * 1_000_000 + "b"}) == [("too_big", ("word",))]


def test_a_number_past_every_double_is_no_number() -> None:
    for number in (10**309, -(10**4000), float("inf"), float("nan")):
        assert pairs(Numbers, {"any": number}) == [("invalid_type", ("any",))]
        assert pairs(Numbers, {"ratio": number}) == [("invalid_type", ("ratio",))]


def test_a_record_has_its_own_limits() -> None:
    found = issues(Labels, {"labels": {"a": "x", "b": 5, "c": "z"}})
    assert [(issue.code, issue.path, issue.params) for issue in found] == [
        (IssueCode.TOO_BIG, ("labels",), {"origin": "object", "maximum": 2, "inclusive": True})
    ]


def test_a_deeply_nested_value_is_refused_and_not_a_fault_of_ours() -> None:
    value: dict[str, object] = {"name": "leaf"}
    for _ in range(5000):
        value = {"name": "node", "children": [value]}
    with pytest.raises(ValidationFailed):
        convert(Tree, value)


@pytest.mark.parametrize(
    "annotation",
    [
        bytes,
        dict[int, str],
        list,
        tuple[int, ...],
        set[str],
        Any,
        Annotated[int, Meta(multiple_of=2)],
        Annotated[datetime, Meta(tz=False)],
        Annotated[time, Meta(tz=True)],
    ],
)
def test_a_schema_that_no_request_can_carry_is_a_fault_of_the_program(annotation: object) -> None:
    schema = msgspec.defstruct("Odd", [("field", annotation)])
    with pytest.raises(TypeError):
        convert(schema, {"field": None})
