"""The price of checking, in calls, which are the same on every machine, and as a long proof in seconds."""

import json
import sys
from collections import Counter
from collections.abc import Callable
from time import perf_counter
from types import CodeType, FrameType
from typing import Any

import msgspec
import pytest

from app.application.todos.schemas import TodoCreate
from app.application.validation import convert
from app.domain.errors import ValidationFailed
from app.presentation.http.decoding import decode_json
from tests.application.validation.samples import Nested, Strings

GOOD = {"due": {"date": "2030-01-31", "time": "09:30:00"}, "maybe": None, "ints": [1, 2, 3], "labels": {"a": "b"}}
DUE_IS_WRONG = {**GOOD, "due": 5}


class Bulk(msgspec.Struct):
    operations: list[Nested]


# a schema, a good body, and the same with something wrong
BODIES: dict[str, tuple[type[Any], Any, Any]] = {
    "one field": (TodoCreate, {"title": "Buy milk"}, {"title": 5}),
    "another field": (TodoCreate, {"title": "Buy milk", "notes": "Oats"}, {"title": "Buy milk", "notes": 5}),
    "a key too many": (TodoCreate, {"title": "Buy milk"}, {"title": "Buy milk", "colour": "red"}),
    "something deep": (Nested, {**GOOD, "ints": [1, 2]}, {**GOOD, "ints": [1, "2"]}),
    "one of a hundred": (Bulk, {"operations": [GOOD] * 100}, {"operations": [*[GOOD] * 99, DUE_IS_WRONG]}),
    "each of a hundred": (Bulk, {"operations": [GOOD] * 100}, {"operations": [DUE_IS_WRONG] * 100}),
}
wrong = pytest.mark.parametrize(("schema", "good", "bad"), BODIES.values(), ids=BODIES)


def read(schema: type[Any], body: bytes) -> object:
    try:
        return convert(schema, decode_json(body))
    except ValidationFailed as refused:
        return refused


def called(run: Callable[[], object]) -> Counter[CodeType | str]:
    """What is called, and how often: code of ours, and what is built in by its name."""
    found: Counter[CodeType | str] = Counter()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            found[frame.f_code] += 1
        elif event == "c_call":
            found[argument.__qualname__] += 1

    run()  # what is made once per type is made now
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(before)
    return found


def collecting(calls: Counter[CodeType | str]) -> list[str]:
    """The functions among them that have a part in telling faults."""
    functions = [code for code in calls if isinstance(code, CodeType)]
    return [
        code.co_qualname
        for code in functions
        if code.co_filename.endswith("validation/_report.py") or code.co_name == "collect"
    ]


@wrong
def test_a_good_body_is_decoded_without_the_collector(schema: type[Any], good: Any, bad: Any) -> None:
    assert collecting(called(lambda: read(schema, msgspec.json.encode(good)))) == []
    assert "Report.__init__" in collecting(called(lambda: read(schema, msgspec.json.encode(bad))))


@wrong
def test_a_bad_body_takes_less_than_five_times_the_calls_of_a_good_one(schema: type[Any], good: Any, bad: Any) -> None:
    well, ill = msgspec.json.encode(good), msgspec.json.encode(bad)
    assert not isinstance(read(schema, well), ValidationFailed)
    assert isinstance(read(schema, ill), ValidationFailed)
    assert called(lambda: read(schema, ill)).total() < 5 * called(lambda: read(schema, well)).total()


def test_faults_past_the_hundredth_are_not_looked_for() -> None:
    hundreds = [called(lambda n=n: read(Bulk, b'{"operations":[' + b",".join([b"1"] * n) + b"]}")) for n in (200, 900)]
    fewer, more = (sum(count for code, count in calls.items() if isinstance(code, CodeType)) for calls in hundreds)
    # each item is looked at once by the fast path, and no more of them by the collector
    assert more - fewer <= 700


def quickest(run: Callable[[], object], runs: int) -> float:
    def once() -> float:
        start = perf_counter()
        run()
        return perf_counter() - start

    return min(once() for _ in range(runs))


@pytest.mark.soak
@wrong
def test_a_bad_body_takes_less_than_five_times_as_long_as_a_good_one(schema: type[Any], good: Any, bad: Any) -> None:
    well, ill = msgspec.json.encode(good), msgspec.json.encode(bad)
    assert quickest(lambda: read(schema, ill), 1000) < 5 * quickest(lambda: read(schema, well), 1000)


@pytest.mark.soak
def test_a_body_of_half_a_million_faults_costs_less_than_five_decodings() -> None:
    bad = b'{"operations":[' + b",".join([b"1"] * 500_000) + b"]}"
    assert isinstance(read(Bulk, bad), ValidationFailed)
    assert quickest(lambda: read(Bulk, bad), 3) < 5 * quickest(lambda: json.loads(bad), 3)


@pytest.mark.soak
def test_a_megabyte_in_a_field_is_refused_in_linear_time() -> None:
    small, large = (json.dumps({"code": "x" * size, "email": "y" * size}).encode() for size in (50_000, 500_000))
    assert quickest(lambda: read(Strings, large), 5) < 40 * quickest(lambda: read(Strings, small), 5)
