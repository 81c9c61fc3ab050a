"""A body that does not come is not waited for."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from litestar import Litestar

from app.presentation.http.middleware import Envelope

pytestmark = pytest.mark.anyio

HEADERS = [(b"host", b"testserver"), (b"content-type", b"application/json")]


async def answer_to(app: Litestar, chunks: Iterator[bytes], *, seconds: float) -> tuple[int, dict[str, Any]]:
    """What the application says to a client that sends these chunks and then nothing more."""
    envelope = app.asgi_handler
    assert isinstance(envelope, Envelope)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        for chunk in chunks:
            return {"type": "http.request", "body": chunk, "more_body": True}
        await asyncio.Event().wait()
        raise AssertionError

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
        "headers": HEADERS,
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "state": {},
    }
    app.asgi_handler = replace(envelope, body_seconds=seconds)
    try:
        await app(scope, receive, send)  # pyright: ignore[reportArgumentType] -- ASGI's messages are plain dicts here
    finally:
        app.asgi_handler = envelope
    return sent[0]["status"], json.loads(sent[1]["body"])


@pytest.mark.parametrize("chunks", [[], [b'{"email": ']])
async def test_a_body_that_stops_coming_ends_with_408(app: Litestar, chunks: list[bytes]) -> None:
    status, problem = await answer_to(app, iter(chunks), seconds=0.05)
    assert (status, problem["code"]) == (408, "request_timeout")


async def test_each_kibibyte_buys_a_second(app: Litestar) -> None:
    chunks = iter([b" " * 512])
    started = asyncio.get_running_loop().time()
    status, _ = await answer_to(app, chunks, seconds=0.05)
    waited = asyncio.get_running_loop().time() - started
    assert status == 408
    assert 0.5 <= waited < 2
