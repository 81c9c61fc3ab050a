"""The server's own extension says in one call what takes several messages, and nothing else."""

import asyncio
import gc
import re
from typing import Any
from weakref import ref

import pytest
from litestar.types import ASGIApp, Receive, Scope, Send

from app.infrastructure.serving.exchange import EXTENSION, Exchange
from tests.infrastructure.serving.conftest import Serve, answering

pytestmark = pytest.mark.anyio

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n"


def exchange_of(scope: Scope) -> Exchange:
    extensions: Any = scope["extensions"]
    return extensions[EXTENSION]


def at_once(body: bytes, *headers: tuple[bytes, bytes], status: int = 200) -> ASGIApp:
    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        exchange_of(scope).answer(status, headers, body)

    return app


async def telling(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what there is of the body at once, and then what is received."""
    found = exchange_of(scope).whole_body()
    received: Any = await receive() if found is None else {"body": b""}
    await answering(b"%b|%b" % (found or b"", received["body"]))(scope, receive, send)


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", [], 200),
        ("GET", [(b"content-length", b"4")], 201),
        ("GET", [(b"content-length", b"9")], 200),
        ("HEAD", [(b"content-length", b"4")], 200),
        ("GET", [], 304),
        ("GET", [(b"connection", b"close")], 200),
        ("GET", [(b"x-one", b"a\r\nset-cookie: b=c")], 200),
    ],
)
async def test_a_whole_answer_is_sent_as_two_messages_are(
    serve: Serve, method: str, headers: list[tuple[bytes, bytes]], status: int
) -> None:
    asked = f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    told: list[bytes] = []
    for app in (answering(b"fine", *headers, status=status), at_once(b"fine", *headers, status=status)):
        async with serve(app) as served:
            answer = await served.told(asked + asked.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        told.append(re.sub(rb"date: [^\r]*", b"date: now", answer))
    assert told[0] == told[1]
    assert told[0].startswith(b"HTTP/1.1 ")


async def test_no_second_answer_follows_the_first(serve: Serve) -> None:
    refused: list[str] = []

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for body, more in ((b"fi", True), (b"ne", False), (None, False)):
            try:
                exchange_of(scope).answer(200, (), b"other")
            except RuntimeError as error:
                refused.append(str(error))
            if body is not None:
                await send({"type": "http.response.body", "body": body, "more_body": more})

    async with serve(app) as served:
        wire = await served.connect()
        await wire.send(GET)
        assert (await wire.answer())[2] == b"fine"
    assert refused == ["An answer has begun already"] * 3


async def test_who_has_gone_is_answered_nothing(serve: Serve) -> None:
    gone, ended = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, _send: Send) -> None:
        await receive()
        message = await receive()
        assert message["type"] == "http.disconnect"
        gone.set()
        exchange_of(scope).answer(200, (), b"fine")
        assert exchange_of(scope).whole_body() is None
        ended.set()

    async with serve(app) as served:
        wire = await served.connect()
        await wire.send(GET)
        await asyncio.sleep(0.1)
        wire.writer.transport.abort()
        await asyncio.wait_for(ended.wait(), 20)
    assert gone.is_set()


async def test_a_body_that_came_with_its_head_is_there_at_once(serve: Serve) -> None:
    async with serve(telling) as served:
        wire = await served.connect()
        await wire.send(POST + b"abcdef" + GET)
        assert (await wire.answer())[2] == b"abcdef|"
        assert (await wire.answer())[2] == b"|"


async def test_a_body_that_is_still_coming_has_to_be_received(serve: Serve) -> None:
    async with serve(telling) as served:
        wire = await served.connect()
        await wire.send(POST + b"abc")
        await asyncio.sleep(0.1)
        await wire.send(b"def")
        assert (await wire.answer())[2] == b"|abc"


async def test_what_is_done_with_is_gone_without_the_garbage_collector(serve: Serve) -> None:
    class Mark:
        pass

    marks: list[ref[Mark]] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        mark = Mark()
        marks.append(ref(mark))
        scope["state"]["mark"] = mark
        exchange_of(scope).answer(200, (), b"fine")

    async with serve(app) as served:
        wire = await served.connect()
        gc.disable()
        try:
            for _ in range(3):
                await wire.send(GET)
                await wire.answer()
            await asyncio.sleep(0.1)
            assert [mark() for mark in marks] == [None] * 3
        finally:
            gc.enable()
