"""What the routes that nearly every request is for cost, in calls of Python functions: no other load changes those.

A change that makes one of them call a seventh more fails here. Where that is meant, the new figure is the one that the
failure tells, and is written down in `COSTS`.
"""

import sys
from types import FrameType
from typing import Any, Final

import pytest
from litestar import Litestar

from tests.presentation.http.conftest import Person

pytestmark = pytest.mark.anyio

COSTS: Final = {"list": 115, "get": 119, "create": 147, "complete": 142}
"""Calls and resumptions of Python functions, ours and those that we stand on, until the answer is sent."""

GROWTH: Final = 1.15
ATTEMPTS: Final = 12
"""Of which the cheapest counts: statements are prepared by then, and nobody else had a turn meanwhile."""


async def calls(app: Litestar, ada: Person, method: str, path: str, query: bytes = b"", body: bytes = b"") -> int:
    return min([await _calls(app, ada, method, path, query, body) for _ in range(ATTEMPTS)])


async def _calls(app: Litestar, ada: Person, method: str, path: str, query: bytes, body: bytes) -> int:
    counted = 0
    statuses: list[int] = []
    headers = [(b"host", b"testserver"), (b"authorization", f"Bearer {ada.token}".encode())]
    if body:
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "server": ("testserver", 80),
        "client": ("127.0.0.1", 50000),
        "method": method,
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": headers,
        "state": {},
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    def count(_frame: FrameType, event: str, _value: object) -> None:
        nonlocal counted
        counted += event == "call"

    sys.setprofile(count)
    try:
        await app(scope, receive, send)
    finally:
        sys.setprofile(None)
    assert statuses in ([200], [201])
    return counted


async def test_the_routes_of_every_day_cost_no_more_than_was_written_down(app: Litestar, ada: Person) -> None:
    todos = [await ada.add_todo() for _ in range(21)]
    path = f"/api/todos/{todos[0]['id']}"
    found = {
        "list": await calls(app, ada, "GET", "/api/todos", b"limit=20"),
        "get": await calls(app, ada, "GET", path),
        "create": await calls(app, ada, "POST", "/api/todos", body=b'{"title":"Buy milk","notes":"two litres"}'),
        "complete": await calls(app, ada, "PATCH", path, body=b'{"completed":true}'),
    }
    grown = {name: cost for name, cost in found.items() if cost > COSTS[name] * GROWTH}
    assert grown == {}
    # what got cheaper is written down as well, or it could grow again unseen
    assert {name: cost for name, cost in found.items() if cost < COSTS[name] / GROWTH} == {}
