from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct

from app.application.validation import convert
from app.domain.errors import ValidationFailed


class Filter(Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    ratio: float | None = None
    done: bool | None = None
    rank: Annotated[int, Meta(ge=0)] | None = None
    sort: Annotated[list[str], Meta(max_length=3)] = []
    ids: list[int] | None = None
    word: str = ""


def pairs(schema: type[Any], value: object, **options: Any) -> list[tuple[str, tuple[str | int, ...]]]:
    with pytest.raises(ValidationFailed) as refused:
        convert(schema, value, **options)
    return [(issue.code.value, issue.path) for issue in refused.value.issues]


def test_texts_of_a_query_stand_for_numbers_and_booleans() -> None:
    value = {
        "limit": "5",
        "ratio": "1.5e1",
        "done": "true",
        "rank": "0",
        "sort": "a,-b",
        "ids": ["1,2", "3"],
        "word": "1",
    }
    assert convert(Filter, value, lax=True) == Filter(
        limit=5, ratio=15.0, done=True, rank=0, sort=["a", "-b"], ids=[1, 2, 3], word="1"
    )
    assert convert(Filter, {"done": "false", "sort": ""}, lax=True) == Filter(done=False)


@pytest.mark.parametrize(
    "text", ["1_0", "+1", " 1", "1 ", "01", "1.0", "1e1", "٣", "", "0x1", "one", "-", "--1", "1\n"]
)
def test_only_plain_digits_are_an_integer(text: str) -> None:
    assert pairs(Filter, {"limit": text}, lax=True) == [("invalid_type", ("limit",))]


def test_integers_of_a_query_are_bounded() -> None:
    assert pairs(Filter, {"limit": "-1"}, lax=True) == [("too_small", ("limit",))]
    assert pairs(Filter, {"limit": "9" * 300}, lax=True) == [("too_big", ("limit",)), ("too_big", ("limit",))]
    assert pairs(Filter, {"limit": "9" * 5000}, lax=True) == [("invalid_type", ("limit",))]


@pytest.mark.parametrize("text", ["True", "1", "0", "yes", "", "FALSE", "null"])
def test_only_true_and_false_are_booleans(text: str) -> None:
    assert pairs(Filter, {"done": text}, lax=True) == [("invalid_type", ("done",))]


@pytest.mark.parametrize("text", ["NaN", "inf", "-Infinity", "1_0.5", ".5", "1.", "1e999"])
def test_only_finite_json_numbers_are_numbers(text: str) -> None:
    assert pairs(Filter, {"ratio": text}, lax=True) == [("invalid_type", ("ratio",))]


def test_items_of_a_query_are_checked_one_by_one() -> None:
    assert pairs(Filter, {"ids": "1,x,3", "sort": "a,b,c,d"}, lax=True) == [
        ("too_big", ("sort",)),
        ("invalid_type", ("ids", 1)),
    ]


def test_a_body_is_not_read_the_way_a_query_is() -> None:
    assert pairs(Filter, {"limit": "5", "done": "true", "sort": "a"}) == [
        ("invalid_type", ("limit",)),
        ("invalid_type", ("done",)),
        ("invalid_type", ("sort",)),
    ]
