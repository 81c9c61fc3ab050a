"""Bodies on the wire: whatever becomes of one, there is an answer, and the connection is good for the next request."""

import asyncio
from typing import Any

import pytest

from tests.live.http import Client, clients
from tests.live.processes import wait_until
from tests.live.server import Server

JSON = "application/json"


@pytest.mark.parametrize("size", [1_000, 100_000, 1_000_000, 3_000_000])
@pytest.mark.parametrize(
    ("path", "media_type", "status"),
    [
        ("/api/todos", JSON, 401),
        ("/api/nowhere", JSON, 404),
        ("/health/live", JSON, 405),
        ("/api/auth/login", "text/plain", 415),
    ],
)
def test_a_body_that_nobody_reads_breaks_no_connection(
    shared: Server, path: str, media_type: str, status: int, size: int
) -> None:
    async def call_twice(client: Client) -> list[tuple[int, str | None]]:
        refused = await client.call("POST", path, b" " * size, Content_Type=media_type)
        after = await client.call("GET", "/health/live")
        return [(answer.status, answer.headers.get("connection")) for answer in (refused, after)]

    async def run() -> None:
        async with clients(shared.port, 5) as opened:
            for told in await asyncio.gather(*map(call_twice, opened)):
                assert told == [(status, None), (200, None)]

    asyncio.run(run())


def test_a_body_that_is_too_large_is_told_so(shared: Server) -> None:
    async def run() -> None:
        async with clients(shared.port, 1) as (client,):
            for size in (17_000, 200_000, 2_000_000, 6_000_000):
                answer = await client.call("POST", "/api/auth/login", b" " * size)
                assert (answer.status, answer.json()["code"]) == (413, "payload_too_large")
            # nobody waits for as much as this, nor breaks off while it comes
            answer = await client.call("POST", "/api/auth/login", b" " * 9_000_000)
            assert (answer.status, answer.headers["connection"]) == (413, "close")

    asyncio.run(run())


HALF = (
    b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    b"Content-Type: application/json\r\nX-Request-Id: half-a-body\r\n"
)


def test_a_body_that_breaks_off_is_no_fault_of_ours(shared: Server) -> None:
    async def send(body: bytes, *, hang_up: bool) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", shared.port)
        writer.write(HALF + body)
        await writer.drain()
        told = b"" if hang_up else await reader.read()
        writer.close()
        return told

    async def run() -> None:
        told = await send(b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", hang_up=False)
        assert told.startswith(b"HTTP/1.1 400 ")
        assert b"malformed_request" in told
        await send(b'Content-Length: 100\r\n\r\n{"email": ', hang_up=True)

    asyncio.run(run())

    def logged() -> list[dict[str, Any]]:
        return [line for line in shared.lines() if line.get("request_id") == "half-a-body"]

    wait_until(lambda: len(logged()) == 2)
    assert {(line["event"], line.get("status")) for line in logged()} == {("request", 400)}
