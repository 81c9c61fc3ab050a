"""Each request is one line of the log, by the short way and by any other, and nothing in it is a person's own."""

import asyncio
import logging

import httpx
import pytest
from litestar import Litestar

from tests.infrastructure.observability.lines import logging_to_test
from tests.presentation.http.conftest import Person

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def silent_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client of the tests would tell of each request in the same log."""
    monkeypatch.setattr(logging.getLogger("httpx"), "disabled", True)


async def test_each_request_is_told_of_in_one_line(ada: Person, client: httpx.AsyncClient) -> None:
    todo = await ada.add_todo()
    path = f"/api/todos/{todo['id']}"
    with logging_to_test() as written:
        answers = [
            await ada.client.get("/api/todos", params={"q": "cn4ry"}),
            await ada.client.head(path),
            await ada.client.patch(path, json={"title": "cn4ry"}),
            await ada.client.get(path, headers={"X-Request-Id": "trace-0123456789"}),
            await client.get(path),
            await ada.client.delete(path),
            await ada.client.get("/cn4ry"),
            await ada.client.request("BREW", "/api/todos"),
        ]
        await asyncio.sleep(0)
    lines = [line for line in written.lines() if line["logger"] == "app.requests"]
    assert [line["request_id"] for line in lines] == [answer.headers["x-request-id"] for answer in answers]
    assert [line["status"] for line in lines] == [answer.status_code for answer in answers]
    found = [(line["method"], line["route"], line["status"], line["user_id"]) for line in lines]
    own = str(ada.user.id)
    assert found == [
        ("GET", "/api/todos", 200, own),
        ("HEAD", "/api/todos/{todoId}", 200, own),
        ("PATCH", "/api/todos/{todoId}", 200, own),
        ("GET", "/api/todos/{todoId}", 200, own),
        ("GET", "/api/todos/{todoId}", 401, None),
        ("DELETE", "/api/todos/{todoId}", 204, own),
        ("GET", "", 404, None),
        ("other", "", 405, None),
    ]
    assert all(line["duration_ms"] > 0 for line in lines)
    assert lines[3]["request_id"] == "trace-0123456789"
    assert "cn4ry" not in written.getvalue()


async def test_what_is_told_within_a_request_stands_before_its_line(
    app: Litestar, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.state, "unit_of_work", None)
    with logging_to_test() as written:
        answers = [await ada.client.get("/api/todos") for _ in range(2)]
        await asyncio.sleep(0)
    told = [(line["event"], line["request_id"]) for line in written.lines()]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert told == [(event, each) for each in ids for event in ("unhandled exception", "request")]
