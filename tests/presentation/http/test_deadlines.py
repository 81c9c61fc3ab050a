"""A body that does not come is not waited for, and one that nobody wants is out of the way before the answer."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import repeat
from typing import Any

import pytest
from litestar import Litestar

from app.presentation.http.middleware import Envelope

pytestmark = pytest.mark.anyio

Header = tuple[bytes, bytes]

HEADERS: list[Header] = [(b"host", b"testserver"), (b"content-type", b"application/json")]
CHUNKED: list[Header] = [*HEADERS, (b"transfer-encoding", b"chunked")]
PLAIN_TEXT: list[Header] = [(b"host", b"testserver"), (b"transfer-encoding", b"chunked")]


async def answer_to(
    app: Litestar, chunks: Iterator[bytes], *, seconds: float, headers: Sequence[Header] = HEADERS, ends: bool = False
) -> tuple[int, dict[str, Any], dict[bytes, bytes]]:
    """What the application says to a client that sends these chunks and then nothing more, or is gone."""
    envelope = app.asgi_handler
    assert isinstance(envelope, Envelope)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        for chunk in chunks:
            return {"type": "http.request", "body": chunk, "more_body": True}
        if not ends:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/auth/login",
        "raw_path": b"/api/auth/login",
        "query_string": b"",
        "root_path": "",
        "headers": list(headers),
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "state": {},
    }
    app.asgi_handler = replace(envelope, body_seconds=seconds)
    try:
        await app(scope, receive, send)  # pyright: ignore[reportArgumentType] -- ASGI's messages are plain dicts here
    finally:
        app.asgi_handler = envelope
    return sent[0]["status"], json.loads(sent[1]["body"]), dict(sent[0]["headers"])


@pytest.mark.parametrize("chunks", [[], [b'{"email": ']])
async def test_a_body_that_stops_coming_ends_with_408(app: Litestar, chunks: list[bytes]) -> None:
    status, problem, _ = await answer_to(app, iter(chunks), seconds=0.05)
    assert (status, problem["code"]) == (408, "request_timeout")


async def test_each_kibibyte_buys_a_second(app: Litestar) -> None:
    chunks = iter([b" " * 512])
    started = asyncio.get_running_loop().time()
    status, *_ = await answer_to(app, chunks, seconds=0.05)
    waited = asyncio.get_running_loop().time() - started
    assert status == 408
    assert 0.5 <= waited < 2


async def test_half_a_body_is_malformed_and_no_fault_of_ours(app: Litestar) -> None:
    status, problem, headers = await answer_to(app, iter([b'{"email": ']), seconds=5, headers=CHUNKED, ends=True)
    assert (status, problem["code"]) == (400, "malformed_request")
    assert headers[b"connection"] == b"close"


async def test_a_body_that_nobody_wants_is_read_before_the_answer(app: Litestar) -> None:
    chunks = iter([b" " * 100_000] * 20)
    status, _, headers = await answer_to(app, chunks, seconds=0.5, headers=PLAIN_TEXT)
    assert (status, list(chunks)) == (415, [])
    # the client never said that this was all
    assert headers[b"connection"] == b"close"


async def test_eight_mebibytes_that_nobody_wants_are_read_and_no_more(app: Litestar) -> None:
    chunks = iter([b" " * 1024 * 1024] * 20)
    status, _, headers = await answer_to(app, chunks, seconds=5, headers=PLAIN_TEXT)
    assert (status, headers[b"connection"]) == (415, b"close")
    assert len(list(chunks)) == 12


async def test_a_client_that_waits_to_be_told_to_go_on_is_told_the_answer(app: Litestar) -> None:
    headers = [*PLAIN_TEXT, (b"expect", b"100-continue")]
    status, _, answered = await answer_to(app, repeat(b" "), seconds=5, headers=headers)
    assert (status, answered[b"connection"]) == (415, b"close")
