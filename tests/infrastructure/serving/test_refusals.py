"""What is no request, or none that anybody could answer: hostile bytes, and clients that take forever."""

import asyncio
import re
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest
from litestar.types import Receive, Scope, Send

from app.infrastructure.serving import protocol
from tests.infrastructure.serving.conftest import Serve, Wire, answering, body_of, echo

pytestmark = pytest.mark.anyio

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"

UNREADABLE = {
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "an unknown method": b"GETT / HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/2 without being asked": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a version that there is not": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "a target of other letters": b"GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "a field without a name": b"GET / HTTP/1.1\r\n: x\r\n\r\n",
    "a NUL in a field": b"GET / HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n",
    "a bare CR in a field": b"GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n",
    "two lengths": POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a length of more bits than there are": POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "a length and chunks": POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks that are not the last encoding": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "an encoding that only looks like chunks": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("sent", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_what_cannot_be_read_in_one_way_alone_is_refused(serve: Serve, sent: bytes) -> None:
    async with serve(echo) as served:
        told = await served.told(sent + GET)
    assert told.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert told.count(b"HTTP/1.1 ") == 1


TOO_LARGE = {
    "one large field": b"GET / HTTP/1.1\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
    "many small fields": b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n",
    "a long target": b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a field without an end": b"GET / HTTP/1.1\r\nA: " + b"b" * 200_000,
}


@pytest.mark.parametrize("sent", TOO_LARGE.values(), ids=TOO_LARGE.keys())
@pytest.mark.parametrize("size", [1_000, 1_000_000])
async def test_a_head_that_is_too_large_is_told_so(serve: Serve, sent: bytes, size: int) -> None:
    async with serve(answering()) as served:
        wire = await served.connect()
        for start in range(0, len(sent), size):
            await wire.send(sent[start : start + size])
            await asyncio.sleep(0)
        told = await wire.rest()
    assert told.startswith(b"HTTP/1.1 431 ")
    assert told.count(b"HTTP/1.1 ") == 1


async def test_a_head_of_nearly_all_that_is_allowed_is_answered(serve: Serve) -> None:
    async with serve(answering()) as served:
        wire = await served.connect()
        for _ in range(2):
            await wire.send(b"GET / HTTP/1.1\r\n" + b"A: " + b"b" * 600 + b"\r\n" + b"\r\n")
            await wire.send(b"GET / HTTP/1.1\r\n" + (b"A: " + b"b" * 600 + b"\r\n") * 100 + b"\r\n")
            assert [(await wire.answer())[0] for _ in range(2)] == [200, 200]


async def test_a_large_body_before_a_small_head_does_not_count_towards_it(serve: Serve) -> None:
    async with serve(echo) as served:
        wire = await served.connect()
        await wire.send(POST + b"Content-Length: 200000\r\n\r\n" + b"x" * 200_000 + GET[:10])
        assert (await wire.answer())[0] == 200
        await wire.send(GET[10:])
        assert (await wire.answer())[0] == 200


async def test_what_came_before_is_answered_before_the_refusal(serve: Serve) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.05)
        await answering()(scope, receive, send)

    async with serve(app) as served:
        told = await served.told(GET + GET + b"nonsense\r\n\r\n")
    assert re.findall(rb"HTTP/1.1 (\d+)", told) == [b"200", b"200", b"400"]


async def test_a_body_that_cannot_be_read_is_the_application_s_to_refuse(serve: Serve) -> None:
    messages: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while not messages or messages[-1]["type"] != "http.disconnect":
            messages.append(await receive())
        await answering(status=422)(scope, receive, send)

    async with serve(app) as served:
        told = await served.told(POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n\r\n" + GET)
    assert told.startswith(b"HTTP/1.1 422 ")
    assert b"connection: close\r\n" in told
    assert told.count(b"HTTP/1.1 ") == 1


async def test_an_answered_request_whose_body_turns_out_unreadable_ends_its_connection(serve: Serve) -> None:
    async with serve(answering()) as served:
        wire = await served.connect()
        await wire.send(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        assert (await wire.answer())[0] == 200
        await wire.send(b"zz\r\n\r\n" + GET)
        assert await wire.rest() == b""


def leave(wire: Wire) -> None:
    wire.writer.close()


def break_off(wire: Wire) -> None:
    """As a machine does that has forgotten the connection."""
    wire.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.writer.transport.abort()


@pytest.mark.parametrize("way", [leave, break_off])
async def test_an_application_is_told_that_the_client_has_gone(serve: Serve, way: Callable[[Wire], None]) -> None:
    told = asyncio.Event()

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await body_of(receive)
        message: Any = await receive()
        assert message["type"] == "http.disconnect"
        # to nobody, and that is no fault
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        told.set()

    async with serve(app) as served:
        wire = await served.connect()
        await wire.send(GET)
        await asyncio.sleep(0.05)
        assert not told.is_set()
        way(wire)
        await asyncio.wait_for(told.wait(), 5)


async def test_a_head_that_does_not_come_to_its_end_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(protocol, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(protocol, "LINGER_SECONDS", 0.2)
    async with serve(answering()) as served:
        wire, began = await served.connect(), time.monotonic()
        await wire.send(b"GET / HTTP/1.1\r\n")

        async def drip() -> None:
            while True:
                await wire.send(b"A: b\r\n")
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        told = await wire.rest()
        dripping.cancel()
        assert told.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        # the loop's clock is as coarse as a millisecond
        assert 0.29 <= time.monotonic() - began < 5


async def test_a_connection_that_nobody_uses_is_closed_without_a_word(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "TICK_SECONDS", 0.05)
    async with serve(answering(), timeout_keep_alive=0.3) as served:
        silent, used = await served.connect(), await served.connect()
        await used.send(GET)
        assert (await used.answer())[0] == 200
        began = time.monotonic()
        assert (await silent.rest(), await used.rest()) == (b"", b"")
        assert time.monotonic() - began < 5


async def test_a_request_that_takes_long_is_waited_for(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "TICK_SECONDS", 0.02)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.5)
        await answering()(scope, receive, send)

    async with serve(app, timeout_keep_alive=0.1) as served:
        wire = await served.connect()
        await wire.send(GET)
        assert (await wire.answer())[0] == 200


LARGE = b"x" * 20_000_000


async def test_a_client_that_does_not_read_its_answer_is_left(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "STALLED_SECONDS", 0.5)
    monkeypatch.setattr(protocol, "TICK_SECONDS", 0.05)
    async with serve(answering(LARGE)) as served:
        wire = await served.connect(limit=1024)
        await wire.send(GET)
        began = time.monotonic()
        while served.server.server_state.connections:
            assert time.monotonic() - began < 10
            await asyncio.sleep(0.05)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await wire.reader.readexactly(len(LARGE))


async def test_a_client_that_reads_slowly_gets_all_of_its_answer(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "STALLED_SECONDS", 0.5)
    monkeypatch.setattr(protocol, "TICK_SECONDS", 0.05)
    async with serve(answering(LARGE)) as served:
        wire = await served.connect(limit=512 * 1024)
        await wire.send(GET)
        await wire.reader.readuntil(b"\r\n\r\n")
        read = 0
        while read < len(LARGE):
            read += len(await wire.reader.read(512 * 1024))
            await asyncio.sleep(0.02)


async def test_whoever_is_still_sending_gets_to_read_the_last_answer(serve: Serve) -> None:
    async with serve(answering(b"too much", (b"connection", b"close"), status=413)) as served:
        wire = await served.connect()
        wire.writer.write(POST + b"Content-Length: 50000000\r\n\r\n" + b"x" * 5_000_000)
        assert (await wire.answer())[::2] == (413, b"too much")
        # the rest goes nowhere, and does not hold the connection open
        assert await wire.rest() == b""
