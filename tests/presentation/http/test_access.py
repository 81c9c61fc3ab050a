"""Who may see and do what, asked of every route there is: without a token, with somebody else's, with more fields."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from app.domain.access import UserRole
from app.infrastructure.database.base import Model
from app.presentation.http.openapi import document
from tests.presentation.http.conftest import People, Person
from tests.presentation.http.lists import add_list, invite

pytestmark = pytest.mark.anyio

PUBLIC: Final = frozenset(
    {
        "POST /api/auth/register",
        "POST /api/auth/login",
        "POST /api/auth/refresh",
        # who has no refresh token says goodbye with an access token, and gets 401 without
        "POST /api/auth/logout",
        "POST /api/auth/verify-email",
        "POST /api/auth/resend-verification",
        "POST /api/auth/forgot-password",
        "POST /api/auth/reset-password",
        "GET /auth/verify-email",
        "GET /auth/reset-password",
        "GET /auth/assets/{name:str}",
        "GET /dev/mailbox",
        "GET /dev/mailbox.json",
        "GET /dev/mailbox/{name:str}",
        "GET /dev/mailbox/{name:str}/html",
        "GET /docs",
        "GET /docs/openapi.json",
        "GET /docs/{path:str}",
        "GET /docs/assets/{version:str}/{name:str}",
        "GET /health/live",
        "GET /health/ready",
        "GET /metrics",
        "GET /.well-known/jwks.json",
        "GET /problems/{code:str}",
    }
)

# words of public paths, where a pattern over paths would look for them
HOSTILE: Final = (
    "schema", "docs", "login", "health", "openapi.json", ".well-known", "jwks.json", "metrics", "register",
    "..", "%2e%2e", "*", ";", "?", "#", "login?x=/health/live", "\0", "\u202e", "/health/live", "..%2f..%2fmetrics",
)  # fmt: skip

CONDITIONS: Final[tuple[dict[str, str], ...]] = (
    {}, {"If-Match": '"1"'}, {"If-Match": '"9"'}, {"If-None-Match": '"1"'},
)  # fmt: skip

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")

# a name that stands here is not a secret: it is told once, to the one whose it is
TOLD_TO_THEIR_OWNER: Final = frozenset({"accessToken", "refreshToken", "token", "tokenType"})


def described(app: Litestar) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of every operation."""
    for path, item in json.loads(document(app))["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def example(operation: dict[str, Any]) -> Any:
    """A body that the operation takes, None where it takes none."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return content.get("example")


def untold(response: httpx.Response) -> dict[str, Any]:
    """All that a problem tells, but for what any two requests differ in."""
    return {name: value for name, value in response.json().items() if name not in {"instance", "requestId"}}


def routes(app: Litestar) -> Iterator[tuple[str, HTTPRoute]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method in sorted(route.methods - {"OPTIONS", "HEAD"}):
                yield method, route


def filled(route: HTTPRoute, value: str) -> str:
    """The route's path with the value, percent-encoded, in the place of each parameter."""
    return "".join(
        f"/{part}" if isinstance(part, str) else f"/{quote(value, safe='%')}" for part in route.path_components
    )


async def test_az1_every_route_without_a_token_answers_401_but_for_those_that_are_listed(
    app: Litestar, client: httpx.AsyncClient
) -> None:
    asked = 0
    for method, route in routes(app):
        if f"{method} {route.path}" in PUBLIC:
            continue
        for value in (str(uuid4()), *HOSTILE) if route.path_parameters else ("",):
            path = filled(route, value)
            answer = await client.request(method, path, json={} if method in {"POST", "PATCH"} else None)
            # what leads to another path leads to none, or to one that is public and is not this route
            elsewhere = {400, 404, 405} if any(mark in value for mark in "/%\0?#") or value == ".." else set[int]()
            if answer.status_code in elsewhere:
                continue
            assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"
            assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
            asked += 1
    assert asked > 40
    assert {f"{method} {route.path}" for method, route in routes(app) if route.path.startswith("/docs")} <= PUBLIC


async def test_az1_routes_for_admins_are_closed_to_everybody_else(app: Litestar, ada: Person, bob: Person) -> None:
    """That a token of no admin carries no such scope is told by the document, and meant."""
    closed = [
        (method, path, operation)
        for method, path, operation in described(app)
        if "the scope `admin`" in operation["description"]
    ]
    assert len(closed) >= 4
    for method, path, operation in closed:
        for user in (ada.user.id, bob.user.id, uuid4()):
            answer = await ada.client.request(method, path.replace("{userId}", str(user)), json=example(operation))
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), f"{method} {path}"


async def snapshot(app: Litestar) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the tables that hold what is people's own."""
    async with app.state.unit_of_work.database.engine.connect() as connection:
        rows = {table.name: await connection.execute(table.select()) for table in Model.metadata.sorted_tables}
        return {name: sorted((tuple(row) for row in found), key=repr) for name, found in rows.items()}


async def test_az2_every_id_of_somebody_elses_reads_as_absent_by_every_method(
    app: Litestar, ada: Person, bob: Person
) -> None:
    todo = await bob.add_todo()
    reminder = await bob.client.post(f"/api/todos/{todo['id']}/reminders", json={"fireAt": "2030-01-31T08:00:00Z"})
    session = (await bob.client.get("/api/me/sessions")).json()["items"][0]["id"]
    shared = await add_list(bob)
    invitation = await invite(bob, shared["id"])
    bobs = {
        "todoId": todo["id"],
        "reminderId": reminder.json()["id"],
        "sessionId": session,
        "listId": shared["id"],
        "invitationId": invitation["id"],
        # as a member of the list: what admins alone see of accounts is left out below
        "userId": str(bob.user.id),
    }
    # these are nobody's own: for admins alone, and the public explanations of problems
    nobodys = ("/api/users/{userId}", "{code}")
    before, asked = await snapshot(app), 0
    templates = {path for _, path, _ in described(app) if "{" in path and not any(word in path for word in nobodys)}
    examples = {(method, path): example(operation) for method, path, operation in described(app)}
    for template in sorted(templates):
        theirs = absent = template
        for name, value in bobs.items():
            theirs, absent = theirs.replace(f"{{{name}}}", value), absent.replace(f"{{{name}}}", str(uuid4()))
        assert "{" not in theirs, f"{template}: which id of Bob's is to be tried here?"
        for method in METHODS:
            bodies: list[Any] = [examples.get((method, template)), {}]
            for content in bodies if method in {"POST", "PATCH", "PUT"} else [None]:
                for headers in CONDITIONS:
                    refused = await ada.client.request(method, theirs, headers=headers, json=content)
                    other = await ada.client.request(method, absent, headers=headers, json=content)
                    expected = 404 if (method, template) in examples else 405
                    assert refused.status_code in {expected, 422}, f"{method} {theirs}: {refused.status_code}"
                    assert (refused.status_code, untold(refused)) == (other.status_code, untold(other))
                    asked += refused.status_code == 404
    assert asked >= 4 * 4, asked
    assert await snapshot(app) == before
    assert (await bob.client.get(f"/api/todos/{todo['id']}")).json() == todo


async def test_az2_no_query_finds_what_is_somebody_elses(app: Litestar, ada: Person, bob: Person) -> None:
    todo = await bob.add_todo(title="Only Bob's")
    await add_list(bob, "Only Bob's")
    lists = [(path, op) for method, path, op in described(app) if method == "GET" and "{" not in path]
    for path, operation in lists:
        names = [each["name"] for each in operation.get("parameters", []) if each.get("in") == "query"]
        for name in (*names, "ownerId", "owner_id", "userId", "user"):
            for value in (str(bob.user.id), todo["id"], "*", "true", "1"):
                answer = await ada.client.get(path, params={name: value})
                assert "Only Bob's" not in answer.text, f"{path}?{name}={value}"
                assert bob.user.email not in answer.text


async def test_az3_fields_that_are_the_servers_are_refused_in_every_body(
    app: Litestar, people: People, client: httpx.AsyncClient
) -> None:
    # the fields that stand in some body may be sent there, and nowhere else
    admin = await people.make(role=UserRole.ADMIN)
    smuggled: dict[str, Any] = {
        "role": "admin",
        "ownerId": str(admin.user.id),
        "createdAt": "2020-01-01T00:00:00Z",
        "emailVerifiedAt": "2020-01-01T00:00:00Z",
        "passwordHash": "x",
        "scope": "admin",
        "id": str(uuid4()),
        "__proto__": {},
    }
    bodies = 0
    for method, path, operation in described(app):
        body = example(operation)
        if body is None:
            continue
        known = document_fields(app, operation)
        for name, value in smuggled.items():
            if name in known:
                continue
            caller = client if operation.get("security") in ([], None) else admin.client
            whole = re.sub(r"\{\w+Id\}", str(uuid4()), path.replace("{userId}", str(admin.user.id)))
            answer = await caller.request(method, whole, json={**body, name: value})
            assert answer.status_code == 422, f"{method} {path} with {name}: {answer.status_code}"
            (issue,) = (each for each in answer.json()["issues"] if each["code"] == "unrecognized_keys")
            assert issue["keys"] == [name]
            bodies += 1
    assert bodies > 60
    assert (await admin.client.get("/api/me")).json()["role"] == "admin"


def document_fields(app: Litestar, operation: dict[str, Any]) -> set[str]:
    """The fields that a body of the operation may have."""
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    name = schema["$ref"].rpartition("/")[2]
    return set(json.loads(document(app))["components"]["schemas"][name]["properties"])


async def test_az3_no_list_is_sorted_by_a_secret(app: Litestar, people: People) -> None:
    admin = await people.make(role=UserRole.ADMIN)
    lists = 0
    for method, path, operation in described(app):
        names = {each.get("name") for each in operation.get("parameters", ())}
        if method != "GET" or "{" in path or not (names & {"limit", "cursor"}):
            continue
        for column in ("passwordHash", "password_hash", "-passwordHash", "tokenHash", "ownerId", "(select 1)"):
            answer = await admin.client.get(path, params={"sort": column})
            assert answer.status_code == 422, f"{path} sorted by {column}"
        lists += 1
    assert lists >= 3


async def test_az3_no_answer_has_room_for_a_secret(client: httpx.AsyncClient) -> None:
    """Answers are held against this document wherever they are asked for, and have nothing beside it."""
    served = (await client.get("/docs/openapi.json")).json()
    requests = {
        op["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for item in served["paths"].values()
        for op in item.values()
        if "requestBody" in op
    }
    for name, schema in served["components"]["schemas"].items():
        if name in requests:
            continue
        for told in schema.get("properties", {}):
            folded = told.lower()
            suspicious = any(word in folded for word in ("password", "hash", "secret", "token", "salt"))
            assert not suspicious or told in TOLD_TO_THEIR_OWNER, f"{name}.{told}"
