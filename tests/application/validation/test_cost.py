"""The price of checking, as ratios of the quickest of many runs, with room for a busy machine."""

import json
from collections.abc import Callable
from time import perf_counter
from typing import Any

import msgspec
import pytest

from app.application.validation import convert
from app.domain.errors import ValidationFailed
from app.presentation.http.decoding import decode_json
from tests.application.validation.samples import Nested, Strings

GOOD = {"due": {"date": "2030-01-31", "time": "09:30:00"}, "maybe": None, "ints": [1, 2, 3], "labels": {"a": "b"}}


class Bulk(msgspec.Struct):
    operations: list[Nested]


def quickest(run: Callable[[], object], runs: int = 60) -> float:
    def once() -> float:
        start = perf_counter()
        run()
        return perf_counter() - start

    return min(once() for _ in range(runs))


def read(schema: type[Any], body: bytes) -> object:
    try:
        return convert(schema, decode_json(body))
    except ValidationFailed as refused:
        return refused


def test_one_fault_among_many_good_objects_costs_less_than_five_decodings() -> None:
    good = msgspec.json.encode({"operations": [GOOD] * 100})
    bad = msgspec.json.encode({"operations": [GOOD] * 99 + [{**GOOD, "due": 5}]})
    assert isinstance(read(Bulk, bad), ValidationFailed)
    assert quickest(lambda: read(Bulk, bad)) < 5 * quickest(lambda: read(Bulk, good))


def test_a_fault_in_a_small_body_costs_a_few_decodings() -> None:
    good, bad = (msgspec.json.encode({**GOOD, "ints": ints}) for ints in ([1, 2], [1, "2"]))
    assert isinstance(read(Nested, bad), ValidationFailed)
    assert quickest(lambda: read(Nested, bad), 500) < 15 * quickest(lambda: read(Nested, good), 500)


@pytest.mark.soak
def test_a_body_of_half_a_million_faults_costs_less_than_five_decodings() -> None:
    bad = b'{"operations":[' + b",".join([b"1"] * 500_000) + b"]}"
    assert isinstance(read(Bulk, bad), ValidationFailed)
    assert quickest(lambda: read(Bulk, bad), 3) < 5 * quickest(lambda: json.loads(bad), 3)


@pytest.mark.soak
def test_a_megabyte_in_a_field_is_refused_in_linear_time() -> None:
    small, large = (json.dumps({"code": "x" * size, "email": "y" * size}).encode() for size in (50_000, 500_000))
    assert quickest(lambda: read(Strings, large), 5) < 40 * quickest(lambda: read(Strings, small), 5)
