"""What each path answers to HEAD, to OPTIONS and to methods that it has not, and who heeds `If-Match`."""

import re
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from litestar import Litestar

from app.domain.access import UserRole
from tests.presentation.http.conftest import People, Person
from tests.presentation.http.operations import DESCRIBED, OPERATIONS, Operation
from tests.presentation.http.test_openapi import connect

pytestmark = pytest.mark.anyio

METHODS = {
    operation.path: {method.upper() for method in DESCRIBED["paths"][operation.path]}
    for operation in OPERATIONS.values()
}
URLS = {operation.path: operation.url for operation in OPERATIONS.values()}
READS = [operation for operation in OPERATIONS.values() if operation.method == "GET"]
OTHERS = [operation for operation in OPERATIONS.values() if operation.method != "GET"]


def named(operation: Operation) -> str:
    return str(operation.described["operationId"])


def allowed(path: str) -> set[str]:
    return METHODS[path] | {"OPTIONS"} | ({"HEAD"} if "GET" in METHODS[path] else set())


@pytest.fixture
async def admin(app: Litestar, people: People) -> AsyncGenerator[httpx.AsyncClient]:
    """Somebody who may do everything, from an address of their own."""
    person = await people.make(role=UserRole.ADMIN)
    async with connect(app, authorization=f"Bearer {person.token}") as client:
        yield client


@pytest.mark.parametrize("path", METHODS)
async def test_every_method_of_a_path_is_told_to_those_who_ask_and_to_those_who_err(app: Litestar, path: str) -> None:
    async with connect(app) as anybody:
        asked = await anybody.options(URLS[path])
        assert (asked.status_code, asked.content) == (204, b"")
        assert set(asked.headers["allow"].split(", ")) == allowed(path)
        for method in ("TRACE", "PROPFIND", *({"GET", "PUT", "DELETE", "PATCH"} - METHODS[path])):
            refused = await anybody.request(method, URLS[path])
            assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed")
            assert set(refused.headers["allow"].split(", ")) == allowed(path)


@pytest.mark.parametrize("operation", READS, ids=named)
async def test_head_is_answered_like_get_without_the_body(admin: httpx.AsyncClient, operation: Operation) -> None:
    whole = await admin.get(operation.url)
    head = await admin.head(operation.url)
    own = {"x-request-id", "ratelimit"}
    assert head.status_code == whole.status_code
    assert head.content == b""
    # a problem's length is its own, for it tells the id
    assert {name for name in head.headers if name not in own} == {name for name in whole.headers if name not in own}
    assert head.headers.get("content-length") == whole.headers.get("content-length")


@pytest.mark.parametrize("path", [path for path, methods in METHODS.items() if "GET" not in methods])
async def test_there_is_no_head_where_there_is_no_get(app: Litestar, path: str) -> None:
    async with connect(app) as anybody:
        refused = await anybody.head(URLS[path])
    assert (refused.status_code, refused.content) == (405, b"")
    assert set(refused.headers["allow"].split(", ")) == allowed(path)


async def test_head_of_a_row_tells_its_version_and_asks_for_a_token_too(
    ada: Person, bob: Person, client: httpx.AsyncClient
) -> None:
    todo = await ada.add_todo()
    path = f"/api/todos/{todo['id']}"
    head = await ada.client.head(path)
    assert (head.status_code, head.headers["etag"], head.content) == (200, '"1"', b"")
    assert head.headers["content-length"] == str(len((await ada.client.get(path)).content))
    assert (await ada.client.head(path, headers={"If-None-Match": '"1"'})).status_code == 304
    assert (await bob.client.head(path)).status_code == 404
    assert (await client.head(path)).status_code == 401


@pytest.mark.parametrize("operation", OTHERS, ids=named)
async def test_if_match_is_read_where_it_is_declared_and_nowhere_else(
    admin: httpx.AsyncClient, operation: Operation
) -> None:
    # one field too many, so that nothing is done where there is a body
    body = {"colour": "red"} if operation.has_body else None
    response = await admin.request(operation.method, operation.url, json=body, headers={"If-Match": "no tag"})
    issues: list[dict[str, Any]] = response.json().get("issues", []) if response.content else []
    declared = {"$ref": "#/components/parameters/IfMatch"} in operation.described.get("parameters", [])
    assert (["If-Match"] in [issue["path"] for issue in issues]) is declared


@pytest.mark.parametrize("operation", [each for each in OTHERS if each.has_body], ids=named)
async def test_an_empty_body_is_malformed_before_anything_is_opened(
    app: Litestar, admin: httpx.AsyncClient, operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    # an id that is none, too: who finds that after a transaction has begun leaves it open
    url = re.sub(r"[0-9a-f-]{36}", "null", operation.url)
    monkeypatch.setattr(app.state, "unit_of_work", None)
    headers = {"Content-Type": "application/json"}
    for address in (operation.url, url):
        response = await admin.request(operation.method, address, content=b"", headers=headers)
        assert (response.status_code, response.json()["code"]) == (400, "malformed_request")
