"""How requests are read from the wire."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
from litestar.types import Receive, Scope, Send

from app.infrastructure.serving.protocol import WAITING_MAX
from tests.certificates import Certificate
from tests.infrastructure.serving.conftest import Serve, Wire, answering, body_of, echo

pytestmark = pytest.mark.anyio

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


class Seen:
    """Answers all, and keeps what it was told of them."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        await answering()(scope, receive, send)


async def test_a_request_comes_with_all_that_asgi_knows_of_it(serve: Serve) -> None:
    seen = Seen()
    async with serve(seen) as served:
        wire = await served.connect()
        await wire.send(b"GET /a%20b/c?d=%20&e HTTP/1.1\r\nHost: x\r\nX-Two:  one \r\nx-TWO: two\r\n\r\n")
        await wire.answer()
        (scope,) = seen.scopes
        assert scope["type"] == "http"
        assert scope["asgi"]["version"] == "3.0"
        assert (scope["http_version"], scope["method"], scope["scheme"]) == ("1.1", "GET", "http")
        assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/a b/c", b"/a%20b/c", b"d=%20&e")
        assert scope["root_path"] == ""
        assert scope["server"] == ("127.0.0.1", served.port)
        assert scope["client"] == wire.writer.get_extra_info("sockname")
        assert scope["headers"] == [(b"host", b"x"), (b"x-two", b"one"), (b"x-two", b"two")]


async def test_what_one_request_leaves_in_its_state_no_other_finds(serve: Serve) -> None:
    found: list[dict[str, Any]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(dict(scope["state"]))
        scope["state"]["mine"] = True
        await answering()(scope, receive, send)

    async with serve(app) as served:
        wire = await served.connect()
        for _ in range(2):
            await wire.send(GET)
            await wire.answer()
    assert found == [{}, {}]


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/", "/", b""),
        (b"/?", "/", b""),
        (b"//evil.example/x", "//evil.example/x", b""),
        (b"/a?b=1?c", "/a", b"b=1?c"),
        (b"/a#b?c", "/a", b""),
        (b"/a?b#c", "/a", b"b"),
        (b"/%C3%A9%FF", "/é\ufffd", b""),
        (b"http://x/a/b?c=d", "/a/b", b"c=d"),
        (b"http://x", "/", b""),
    ],
)
async def test_every_form_of_target_is_split_into_path_and_query(
    serve: Serve, target: bytes, path: str, query: bytes
) -> None:
    seen = Seen()
    async with serve(seen) as served:
        wire = await served.connect()
        await wire.send(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % target)
        assert (await wire.answer())[0] == 200
    assert [(scope["path"], scope["query_string"]) for scope in seen.scopes] == [(path, query)]


async def test_options_of_the_whole_server_is_a_request_like_others(serve: Serve) -> None:
    seen = Seen()
    async with serve(seen) as served:
        wire = await served.connect()
        await wire.send(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await wire.answer())[0] == 200
    assert [(scope["method"], scope["path"]) for scope in seen.scopes] == [("OPTIONS", "/")]


@pytest.mark.parametrize("pause", [0.0, 0.01])
async def test_a_request_may_come_byte_by_byte(serve: Serve, pause: float) -> None:
    async with serve(echo) as served:
        wire = await served.connect()
        for byte in POST + b"Content-Length: 5\r\n\r\nhello":
            await wire.send(bytes([byte]))
            await asyncio.sleep(pause)
        assert (await wire.answer())[::2] == (200, b"hello")


async def test_a_body_in_chunks_arrives_whole(serve: Serve) -> None:
    async with serve(echo) as served:
        wire = await served.connect()
        await wire.send(POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX: y\r\n\r\n")
        assert (await wire.answer())[::2] == (200, b"hello world")
        await wire.send(GET)
        assert (await wire.answer())[::2] == (200, b"")


async def test_a_body_of_megabytes_arrives_whole(serve: Serve) -> None:
    body = bytes(range(256)) * 16_384
    async with serve(echo) as served:
        wire = await served.connect()
        sending = asyncio.create_task(wire.send(POST + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)))
        status, _, told = await wire.answer()
        await sending
    assert (status, told == body) == (200, True)


async def test_a_body_that_nobody_reads_yet_is_not_taken_in(serve: Serve) -> None:
    read = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read.wait()
        await answering(b"%d" % len(await body_of(receive)))(scope, receive, send)

    size = 30_000_000
    async with serve(app) as served:
        wire = await served.connect()
        sending = asyncio.create_task(wire.send(POST + b"Content-Length: %d\r\n\r\n%b" % (size, b"x" * size)))
        await asyncio.sleep(0.3)
        assert not sending.done()
        read.set()
        await sending
        assert (await wire.answer())[2] == b"%d" % size


async def test_requests_that_do_not_wait_are_answered_in_their_order(serve: Serve) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # the earlier, the slower
        await asyncio.sleep(0.05 / int(scope["path"][1:]))
        await answering(scope["path"].encode())(scope, receive, send)

    async with serve(app) as served:
        wire = await served.connect()
        await wire.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(1, 101)))
        assert [(await wire.answer())[2] for _ in range(100)] == [b"/%d" % number for number in range(1, 101)]


async def test_of_more_requests_than_anybody_waits_with_the_first_are_answered(serve: Serve) -> None:
    async with serve(answering()) as served:
        told = await served.told(GET * 10_000)
    assert told.count(b"HTTP/1.1 200 OK\r\n") == told.count(b"HTTP/1.1 ") == WAITING_MAX + 1


async def test_a_client_that_waits_to_be_told_is_told_to_go_on_when_the_body_is_wanted(serve: Serve) -> None:
    async with serve(echo) as served:
        wire = await served.connect()
        await wire.send(POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert (await wire.answer())[0] == 100
        await wire.send(b"ok")
        assert (await wire.answer())[::2] == (200, b"ok")


async def test_a_client_whose_body_nobody_wants_is_not_told_to_go_on(serve: Serve) -> None:
    async with serve(answering()) as served:
        wire = await served.connect()
        await wire.send(POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert (await wire.answer())[0] == 200


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
)
async def test_an_upgrade_is_passed_over_and_the_next_request_answered(serve: Serve, request_: bytes) -> None:
    async with serve(answering()) as served:
        wire = await served.connect()
        await wire.send(request_ + GET + request_)
        assert [(await wire.answer())[0] for _ in range(3)] == [200, 200, 200]


async def test_nothing_is_a_request_that_comes_after_connect(serve: Serve) -> None:
    async with serve(answering(status=405)) as served:
        told = await served.told(b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n" + GET)
    assert told.count(b"HTTP/1.1 ") == 1
    assert told.startswith(b"HTTP/1.1 405 ")
    assert b"connection: close\r\n" in told


async def test_a_client_that_has_said_all_is_answered(serve: Serve) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.05)
        await answering()(scope, receive, send)

    async with serve(app) as served:
        wire = await served.connect()
        await wire.send(GET * 3)
        wire.writer.write_eof()
        assert (await wire.rest()).count(b"HTTP/1.1 200 OK") == 3


async def test_over_tls_a_request_is_known_as_such(serve: Serve, tmp_path: Path) -> None:
    seen, certificate = Seen(), Certificate.make(tmp_path)
    trusting = ssl.create_default_context(cafile=certificate.certificate)
    async with serve(seen, ssl_certfile=certificate.certificate, ssl_keyfile=certificate.key) as served:
        wire = await served.connect(ssl=trusting, server_hostname="localhost")
        for _ in range(2):
            await wire.send(GET)
            assert (await wire.answer())[0] == 200
    assert [scope["scheme"] for scope in seen.scopes] == ["https", "https"]


async def test_a_large_answer_arrives_whole_over_tls(serve: Serve, tmp_path: Path) -> None:
    body, certificate = bytes(range(256)) * 4096, Certificate.make(tmp_path)
    trusting = ssl.create_default_context(cafile=certificate.certificate)
    async with serve(answering(body), ssl_certfile=certificate.certificate, ssl_keyfile=certificate.key) as served:
        wire = await served.connect(ssl=trusting, server_hostname="localhost")
        await wire.send(GET)
        assert (await wire.answer())[2] == body


async def test_a_socket_in_the_file_system_has_no_addresses(serve: Serve, tmp_path: Path) -> None:
    seen, place = Seen(), str(tmp_path / "socket")
    async with serve(seen, uds=place):
        wire = Wire(*await asyncio.open_unix_connection(place))
        await wire.send(GET)
        assert (await wire.answer())[0] == 200
        wire.writer.close()
    assert seen.scopes[0]["client"] is None
