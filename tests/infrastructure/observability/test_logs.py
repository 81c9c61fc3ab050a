"""Lines about requests are written once a turn of the loop, and are otherwise lines like any others."""

import asyncio
import json
import logging
import re
from typing import Any, Final

import pytest
from msgspec.structs import replace

from app.infrastructure.observability.requests import FIELDS, Observation, record, take_requests
from tests.infrastructure.observability.lines import logging_to_test

pytestmark = pytest.mark.anyio

EXCHANGE: Final = Observation("GET", "/api/todos", 200, 0.0123456, "trace-1", "somebody")
OTHER: Final = logging.getLogger("app.other")


def request(number: int, **fields: Any) -> None:
    record(replace(EXCHANGE, request_id=f"trace-{number}", **fields))


def pairs(line: str) -> list[tuple[str, Any]]:
    """The fields in their order; the instant told by its form."""
    found: list[tuple[str, Any]] = json.loads(line, object_pairs_hook=list)
    return [(name, re.sub(r"\d", "0", value) if name == "timestamp" else value) for name, value in found]


@pytest.mark.parametrize(
    "observation",
    [
        EXCHANGE,
        replace(EXCHANGE, user_id=None, route="", status=404),
        replace(EXCHANGE, method="BREW"),
        replace(EXCHANGE, seconds=0.0),
        replace(EXCHANGE, seconds=12.0, request_id='a"b\\c'),
        replace(EXCHANGE, route="/health/ready", status=503),
    ],
)
def test_a_line_about_a_request_has_the_fields_that_it_has_as_a_record(observation: Observation) -> None:
    with logging_to_test() as written:
        record(observation)
        take_requests(None)
        record(observation)
    own, of_record = map(dict, map(pairs, written.getvalue().splitlines()))
    # an instant of no microseconds, once in a million, is written without any
    for line in (own, of_record):
        line["timestamp"] = line["timestamp"].replace(".000000", "")
    assert own == of_record
    assert own["timestamp"] == "0000-00-00T00:00:00Z"


def test_its_fields_are_these_in_this_order() -> None:
    with logging_to_test() as written:
        record(EXCHANGE)
    line = pairs(written.getvalue())
    assert [name for name, _ in line] == ["event", "level", "logger", "timestamp", *FIELDS]
    assert dict(line) | {"timestamp": ""} == {
        "event": "request",
        "level": "info",
        "logger": "app.requests",
        "timestamp": "",
        "method": "GET",
        "route": "/api/todos",
        "status": 200,
        "duration_ms": 12.35,
        "request_id": "trace-1",
        "user_id": "somebody",
    }


def test_outside_of_a_loop_a_line_is_written_at_once() -> None:
    with logging_to_test() as written:
        for number in (1, 2):
            request(number)
            assert len(written.pieces) == number
    assert written.events() == ["trace-1", "trace-2"]


async def test_those_of_one_turn_are_written_together_in_the_next() -> None:
    with logging_to_test() as written:
        for turn in range(3):
            for number in range(5):
                request(10 * turn + number)
            assert len(written.pieces) == turn
            await asyncio.sleep(0)
            assert len(written.pieces) == turn + 1
    assert written.events() == [f"trace-{10 * turn + number}" for turn in range(3) for number in range(5)]
    assert all(piece.endswith("}\n") for piece in written.pieces)


async def test_other_lines_keep_their_place_among_them() -> None:
    with logging_to_test() as written:
        OTHER.info("first")
        request(1)
        request(2)
        OTHER.warning("second")
        # what comes before it is written by then
        assert written.events() == ["first", "trace-1", "trace-2", "second"]
        request(3)
        await asyncio.sleep(0)
        OTHER.info("third")
        request(4)
        await asyncio.sleep(0)
    assert written.events() == ["first", "trace-1", "trace-2", "second", "trace-3", "third", "trace-4"]


async def test_what_another_thread_tells_meanwhile_is_written_too() -> None:
    with logging_to_test() as written:
        await asyncio.to_thread(request, 1)
        assert written.events() == ["trace-1"]
        request(2)
        await asyncio.gather(asyncio.to_thread(request, 3), asyncio.to_thread(OTHER.info, "other"))
        await asyncio.sleep(0)
    assert sorted(written.events()) == ["other", "trace-1", "trace-2", "trace-3"]


def test_what_waits_when_the_process_ends_is_written() -> None:
    async def last() -> None:
        request(1)

    with logging_to_test() as written:
        asyncio.run(last())
        logging.getLogger().handlers[0].flush()
    assert written.events() == ["trace-1"]


FAULTS: Final = [BrokenPipeError(), OSError(28, "No space left on device"), ValueError("I/O operation on closed file")]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_where_nobody_reads_the_log_any_more_nothing_is_raised_and_nothing_kept(fault: Exception) -> None:
    with logging_to_test() as written:
        written.fault = fault
        for number in range(3):
            request(number)
        written.fault = None
        request(7)
    assert written.events() == ["trace-7"]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
async def test_nor_does_the_loop_hear_of_it(fault: Exception) -> None:
    heard: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: heard.append(context))
    try:
        with logging_to_test() as written:
            written.fault = fault
            request(1)
            request(2)
            await asyncio.sleep(0)
            written.fault = None
            request(3)
            await asyncio.sleep(0)
    finally:
        loop.set_exception_handler(None)
    assert heard == []
    assert written.events() == ["trace-3"]


def test_other_lines_to_a_broken_log_raise_nothing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    # where they are developed, processes tell of it on standard error
    monkeypatch.setattr(logging, "raiseExceptions", False)
    with logging_to_test() as written:
        written.fault = BrokenPipeError()
        OTHER.warning("lost")
        written.fault = None
        OTHER.warning("found")
    assert written.events() == ["found"]


@pytest.mark.parametrize(
    ("level", "observation", "lines"),
    [
        ("warning", EXCHANGE, 0),
        ("debug", EXCHANGE, 1),
        ("info", replace(EXCHANGE, route="/health/live"), 0),
        ("info", replace(EXCHANGE, route="/health/ready", status=503), 1),
    ],
)
def test_what_is_not_to_be_told_is_not(level: str, observation: Observation, lines: int) -> None:
    with logging_to_test(level) as written:
        record(observation)
    assert len(written.lines()) == lines


def test_at_a_terminal_the_line_is_a_text_like_any_other() -> None:
    with logging_to_test(style="pretty") as written:
        record(EXCHANGE)
    text = re.sub(r"\x1b\[[0-9;]*m", "", written.getvalue())
    assert text.count("\n") == 1
    assert all(
        f"{name}={value}" in text for name, value in [("method", "GET"), ("status", 200), ("user_id", "somebody")]
    )


def test_whoever_takes_the_lines_is_given_the_fields_in_their_order() -> None:
    taken: list[tuple[object, ...]] = []
    with logging_to_test() as written:
        take_requests(taken.append)
        record(EXCHANGE)
    assert taken == [("GET", "/api/todos", 200, 12.35, "trace-1", "somebody")]
    assert len(taken[0]) == len(FIELDS)
    assert written.pieces == []
