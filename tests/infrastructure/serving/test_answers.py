"""How answers are put on the wire."""

import asyncio
import re

import pytest
from litestar.enums import HttpMethod
from litestar.types import ASGIApp, Receive, Scope, Send

from tests.infrastructure.serving.conftest import Serve, answering

pytestmark = pytest.mark.anyio

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
STEADY = (b"content-length", b"6")


async def streaming(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for part in (b"one", b"", b"two"):
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def steady(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [STEADY]})
    await send({"type": "http.response.body", "body": b"one", "more_body": True})
    await send({"type": "http.response.body", "body": b"two", "more_body": False})


async def test_an_answer_has_its_date_its_length_and_a_connection_that_lasts(serve: Serve) -> None:
    async with serve(answering(b"fine", (b"x-one", b"two"))) as served:
        wire = await served.connect()
        for _ in range(3):
            await wire.send(GET)
            status, headers, body = await wire.answer()
            assert (status, body) == (200, b"fine")
            assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", headers.pop("date"))
            assert headers == {"x-one": "two", "content-length": "4"}


async def test_a_length_that_the_application_tells_stands_once(serve: Serve) -> None:
    async with serve(answering(b"fine", (b"content-length", b"4"))) as served:
        wire = await served.connect()
        await wire.send(GET)
        assert (await wire.reader.readuntil(b"\r\n\r\n")).count(b"content-length") == 1


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
async def test_some_answers_have_no_body_whatever_the_application_sends(serve: Serve, method: str, status: int) -> None:
    async with serve(answering(b"fine", (b"content-length", b"4"), status=status)) as served:
        wire = await served.connect()
        await wire.send(f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 2)
        for _ in range(2):
            assert (await wire.answer(to="HEAD"))[0] == status


async def test_an_application_may_take_head_for_get(serve: Serve) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        scope["method"] = HttpMethod.GET
        await answering(b"", (b"content-length", b"4"))(scope, receive, send)

    async with serve(app) as served:
        wire = await served.connect()
        for _ in range(2):
            await wire.send(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await wire.answer(to="HEAD"))[1]["content-length"] == "4"


@pytest.mark.parametrize(
    ("app", "announced"), [(streaming, ("transfer-encoding", "chunked")), (steady, ("content-length", "6"))]
)
async def test_a_body_in_parts_comes_in_chunks_unless_its_length_is_known(
    serve: Serve, app: ASGIApp, announced: tuple[str, str]
) -> None:
    async with serve(app) as served:
        wire = await served.connect()
        for _ in range(2):
            await wire.send(GET)
            status, headers, body = await wire.answer()
            name, value = announced
            assert (status, body, headers[name]) == (200, b"onetwo", value)


async def test_a_client_of_http_1_0_gets_no_chunks_and_one_answer(serve: Serve) -> None:
    async with serve(streaming) as served:
        told = await served.told(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" * 2)
    head, body = told.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"connection: close" in head
    assert b"transfer-encoding" not in head
    assert body == b"onetwo"


async def test_a_client_that_asks_for_it_gets_its_connection_closed(serve: Serve) -> None:
    async with serve(answering()) as served:
        told = await served.told(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + GET)
    assert told.count(b"HTTP/1.1 200 OK") == 1
    assert told.count(b"connection: close\r\n") == 1
    assert told.endswith(b"\r\n\r\nfine")


async def test_an_application_may_close_the_connection(serve: Serve) -> None:
    async with serve(answering(b"fine", (b"connection", b"close"))) as served:
        told = await served.told(GET + GET)
    assert told.count(b"HTTP/1.1 200 OK") == told.count(b"connection: close\r\n") == 1


async def test_an_answer_that_is_not_read_is_not_made_any_further(serve: Serve) -> None:
    sent = 0

    async def endless(_scope: Scope, _receive: Receive, send: Send) -> None:
        nonlocal sent
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while sent < 400:
            sent += 1
            await send({"type": "http.response.body", "body": b"x" * 50_000, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async with serve(endless) as served:
        wire = await served.connect()
        await wire.send(GET)
        await asyncio.sleep(0.5)
        # what the system's own buffers hold is no more than a few megabytes
        assert sent < 300
        assert len((await wire.answer())[2]) == 20_000_000


async def test_an_application_that_fails_is_answered_for(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async def failing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise LookupError("not found")

    async with serve(failing) as served:
        told = await served.told(GET + GET)
    assert told.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert told.count(b"HTTP/1.1 ") == 1
    assert "LookupError" in caplog.text


async def test_an_application_that_speaks_out_of_turn_is_answered_for(serve: Serve) -> None:
    async def confused(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "websocket.close", "code": 1000, "reason": ""})

    async with serve(confused) as served:
        assert (await served.told(GET)).startswith(b"HTTP/1.1 500 ")


async def test_an_application_that_says_nothing_is_answered_for(serve: Serve) -> None:
    async def silent(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async with serve(silent) as served:
        assert (await served.told(GET)).startswith(b"HTTP/1.1 500 ")


@pytest.mark.parametrize("headers", [[], [STEADY]])
async def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(
    serve: Serve, headers: list[tuple[bytes, bytes]]
) -> None:
    async def breaking(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        raise LookupError

    async with serve(breaking) as served:
        told = await served.told(GET + GET)
    assert told.count(b"HTTP/1.1 ") == 1
    assert not told.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("length", [b"3", b"5"])
async def test_after_an_answer_of_another_length_than_announced_there_is_no_other(serve: Serve, length: bytes) -> None:
    async with serve(answering(b"fine", (b"content-length", length))) as served:
        told = await served.told(GET + GET)
    assert told.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b=c", b"a\nb", b"a\rb", b"a\n", b"a\r", b"a\r\n"])
async def test_a_header_of_several_lines_is_never_sent(serve: Serve, value: bytes) -> None:
    async with serve(answering(b"fine", (b"x-one", value))) as served:
        told = await served.told(GET)
    assert told.startswith(b"HTTP/1.1 500 ")
    assert b"x-one" not in told


async def test_a_server_that_stops_answers_what_it_has_begun_and_closes_the_rest(serve: Serve) -> None:
    begun = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await asyncio.sleep(0.3)
        await answering()(scope, receive, send)

    async with serve(app) as served:
        idle, busy = await served.connect(), await served.connect()
        await busy.send(GET + GET)
        await begun.wait()
        served.server.should_exit = True
        assert await idle.rest() == b""
        told = await busy.rest()
        assert told.count(b"HTTP/1.1 200 OK") == told.count(b"connection: close\r\n") == 1
