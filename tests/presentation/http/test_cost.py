"""What the routes that nearly every request is for cost, in calls of Python functions: no other load changes those.

A change that makes one of them call a seventh more fails here. Where that is meant, the new figure is the one that the
failure tells, and is written down in `COSTS`.
"""

import asyncio
import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any, Final

import pytest
from litestar import Litestar
from uvicorn import Config
from uvicorn.server import ServerState

from app.infrastructure.serving.protocol import Http1
from tests.presentation.http.conftest import Person

pytestmark = pytest.mark.anyio

COSTS: Final = {"list": 127, "get": 133, "create": 156, "complete": 150}
"""Calls and resumptions of Python functions, ours and those that we stand on, from the bytes to the answer's bytes."""

GROWTH: Final = 1.15
ATTEMPTS: Final = 12
"""Of which the cheapest counts: statements are prepared by then, and nobody else had a turn meanwhile."""


class Wire(asyncio.Transport):
    """A connection that only its server's end is known of."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def write(self, data: Any) -> None:
        self.answer.set_result(data)

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.write(b"".join(list_of_data))


async def calls(app: Litestar, ada: Person, method: str, target: str, body: bytes = b"") -> int:
    head = f"{method} {target} HTTP/1.1\r\nHost: testserver\r\nAuthorization: Bearer {ada.token}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    request = head.encode() + b"\r\n" + body
    return min([await _calls(app, request) for _ in range(ATTEMPTS)])


async def _calls(app: Litestar, request: bytes) -> int:
    counted = 0
    config = Config(app)
    config.loaded_app = app
    connection, wire = Http1(config, ServerState(), {}), Wire()
    connection.connection_made(wire)

    def count(_frame: FrameType, event: str, _value: object) -> None:
        nonlocal counted
        counted += event == "call"

    sys.setprofile(count)
    try:
        connection.data_received(request)
        answer = await wire.answer
    finally:
        sys.setprofile(None)
        connection.connection_lost(None)
    assert answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 201 "))
    return counted


async def test_the_routes_of_every_day_cost_no_more_than_was_written_down(app: Litestar, ada: Person) -> None:
    todos = [await ada.add_todo() for _ in range(21)]
    path = f"/api/todos/{todos[0]['id']}"
    found = {
        "list": await calls(app, ada, "GET", "/api/todos?limit=20"),
        "get": await calls(app, ada, "GET", path),
        "create": await calls(app, ada, "POST", "/api/todos", b'{"title":"Buy milk","notes":"two litres"}'),
        "complete": await calls(app, ada, "PATCH", path, b'{"completed":true}'),
    }
    grown = {name: cost for name, cost in found.items() if cost > COSTS[name] * GROWTH}
    assert grown == {}
    # what got cheaper is written down as well, or it could grow again unseen
    assert {name: cost for name, cost in found.items() if cost < COSTS[name] / GROWTH} == {}
