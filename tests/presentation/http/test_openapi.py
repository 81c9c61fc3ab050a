"""What any operation refuses, asked of every one that the document says refuses it."""

import asyncio
import base64
import dataclasses
import json
import random
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import httpx
import jwt
import pytest
from litestar import Litestar
from msgspec.structs import replace

from app.application.idempotency import Claim, StoredAnswer
from app.asgi import create_app
from app.domain.access import UserRole
from app.domain.ports import Limit
from app.presentation.http.middleware import Envelope
from app.settings import Settings
from tests.conformance import CheckedTransport, contract_of
from tests.presentation.http.conftest import People, Person, SettableClock
from tests.presentation.http.operations import OPERATIONS, Operation, made_up_id

pytestmark = pytest.mark.anyio


def all_that_refuse(status: int, code: str, *, public: bool | None = None) -> pytest.MarkDecorator:
    names = [
        name
        for name, operation in OPERATIONS.items()
        if operation.refuses(status, code) and public in {None, operation.public}
    ]
    return pytest.mark.parametrize("operation", [OPERATIONS[name] for name in names], ids=names)


def made_up_address() -> str:
    return f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"  # noqa: S311 -- of nobody


def connect(app: Litestar, address: str | None = None, **headers: str) -> httpx.AsyncClient:
    """A client with an address of its own, so that nobody's rate limits are used up."""
    inner = httpx.ASGITransport(app, client=(address or made_up_address(), 1))  # pyright: ignore[reportArgumentType] -- Litestar's
    transport = CheckedTransport(inner, contract_of(app))
    return httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers)


@pytest.fixture
async def admin(app: Litestar, people: People) -> AsyncGenerator[httpx.AsyncClient]:
    """Somebody who may do everything."""
    person = await people.make(role=UserRole.ADMIN)
    async with connect(app, authorization=f"Bearer {person.token}") as client:
        yield client


def caller_of(client: httpx.AsyncClient) -> str:
    """As whom a client's keys are kept."""
    payload = client.headers["authorization"].split(".")[1]
    return f"user:{json.loads(base64.urlsafe_b64decode(payload + '=='))['sub']}"


def told(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json().get("code")


@all_that_refuse(400, "malformed_request")
async def test_a_request_for_two_hosts_is_malformed(admin: httpx.AsyncClient, operation: Operation) -> None:
    hosts = [("Host", "one.example"), ("Host", "two.example")]
    response = await admin.request(operation.method, operation.url, json=operation.body, headers=hosts)
    assert told(response) == (400, "malformed_request")


@all_that_refuse(401, "unauthenticated", public=False)
async def test_a_request_without_a_token_is_turned_away(app: Litestar, operation: Operation) -> None:
    async with connect(app) as anonymous:
        response = await anonymous.request(operation.method, operation.url, json=operation.body)
    assert told(response) == (401, "unauthenticated")


@all_that_refuse(403, "forbidden")
async def test_a_token_without_the_scope_is_turned_away(app: Litestar, ada: Person, operation: Operation) -> None:
    claims = jwt.decode(ada.token, options={"verify_signature": False})
    keyring = app.state.access_tokens.keys.current()
    key = keyring.keys[keyring.signing_id].private
    header = jwt.get_unverified_header(ada.token)
    token = jwt.encode(claims | {"scope": "unheard:of"}, key, algorithm="ES256", headers=header)
    async with connect(app, authorization=f"Bearer {token}") as client:
        response = await client.request(operation.method, operation.url, json=operation.body)
    assert told(response) == (403, "forbidden")


@all_that_refuse(404, "not_found")
async def test_what_does_not_exist_is_not_found(admin: httpx.AsyncClient, operation: Operation) -> None:
    # where the path names nothing, it is the body that does
    body = {**operation.body, "listId": made_up_id()} if operation.path == "/api/todos" else operation.body
    response = await admin.request(operation.method, operation.url, json=body)
    assert told(response) == (404, "not_found")


@all_that_refuse(406, "not_acceptable")
async def test_an_answer_is_json_and_nothing_else_is_to_be_had(admin: httpx.AsyncClient, operation: Operation) -> None:
    headers = {"Accept": "text/html, application/xml;q=0.9"}
    response = await admin.request(operation.method, operation.url, json=operation.body, headers=headers)
    assert told(response) == (406, "not_acceptable")


@dataclass(frozen=True)
class Repeated:
    """A request under a key, as the service keeps it, and a client who sends it."""

    app: Litestar
    client: httpx.AsyncClient
    operation: Operation
    url: str
    caller: str

    def claim(self, body: bytes) -> Claim:
        return Claim(f"{self.caller} {self.url}", "the-key", body)

    async def send(self) -> httpx.Response:
        headers = {"Idempotency-Key": "the-key"}
        return await self.client.request(self.operation.method, self.url, json=self.operation.body, headers=headers)


@pytest.fixture
async def repeated(app: Litestar, admin: httpx.AsyncClient, operation: Operation) -> AsyncGenerator[Repeated]:
    """Keys are kept by user, and where nobody need be signed in by address and by what is shown there."""
    address = made_up_address()
    secured = operation.described["security"] == [{"bearer": []}]
    async with connect(app, address, authorization=admin.headers["authorization"]) as client:
        shown = json.dumps([client.headers["authorization"], ""])
        caller = caller_of(admin) if secured else f"address:{address} {shown}"
        yield Repeated(app, client, operation, operation.url, caller)


@all_that_refuse(409, "idempotency_key_in_use")
async def test_a_repetition_that_comes_too_soon_is_held_off(repeated: Repeated) -> None:
    async with repeated.app.state.unit_of_work.begin() as services:
        assert await services.idempotency.begin(repeated.claim(b"")) is None
        response = await repeated.send()
    assert told(response) == (409, "idempotency_key_in_use")
    assert response.headers["retry-after"] == "1"


@all_that_refuse(422, "idempotency_key_reused")
async def test_a_key_is_good_for_one_request(repeated: Repeated) -> None:
    async with repeated.app.state.unit_of_work.begin() as services:
        await services.idempotency.finish(repeated.claim(b"another body"), StoredAnswer(204, [], b""))
    assert told(await repeated.send()) == (422, "idempotency_key_reused")


@all_that_refuse(408, "request_timeout")
async def test_a_body_that_stops_coming_is_not_waited_for(
    app: Litestar, admin: httpx.AsyncClient, operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stalled() -> AsyncGenerator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    envelope = app.asgi_handler
    assert isinstance(envelope, Envelope)
    monkeypatch.setattr(app, "asgi_handler", dataclasses.replace(envelope, body_seconds=0.05))
    headers = {"Content-Type": "application/json", "Idempotency-Key": "with-a-body"}
    response = await admin.request(operation.method, operation.url, content=stalled(), headers=headers)
    assert told(response) == (408, "request_timeout")


@all_that_refuse(413, "payload_too_large")
async def test_a_body_of_more_than_a_megabyte_is_too_large(admin: httpx.AsyncClient, operation: Operation) -> None:
    body = b'"' + b"x" * 1024 * 1024 + b'"'
    headers = {"Content-Type": "application/json", "Idempotency-Key": "with-a-body"}
    response = await admin.request(operation.method, operation.url, content=body, headers=headers)
    assert told(response) == (413, "payload_too_large")


@all_that_refuse(415, "unsupported_media_type")
async def test_a_body_that_is_not_announced_as_json_is_not_read(admin: httpx.AsyncClient, operation: Operation) -> None:
    headers = {"Content-Type": "text/plain"}
    response = await admin.request(operation.method, operation.url, content=b"{}", headers=headers)
    assert told(response) == (415, "unsupported_media_type")


@all_that_refuse(422, "validation_failed")
async def test_a_request_that_breaks_the_schema_is_told_why(admin: httpx.AsyncClient, operation: Operation) -> None:
    url = operation.url
    if operation.has_body:
        response = await admin.request(operation.method, url, json={"colour": "red"})
    elif operation.method == "POST":
        response = await admin.request(operation.method, url, headers={"Idempotency-Key": "two words"})
    else:
        named = re.sub("/[0-9a-f-]{36}", "/7", url) if "{" in operation.path else operation.url_with("colour=red")
        response = await admin.request(operation.method, named)
    assert told(response) == (422, "validation_failed")
    assert response.json()["issues"]


@all_that_refuse(422, "validation_failed")
async def test_a_query_parameter_that_there_is_not_is_refused_with_all_else(
    admin: httpx.AsyncClient, operation: Operation
) -> None:
    body = {"colour": "red"} if operation.has_body else None
    response = await admin.request(operation.method, operation.url_with("colour=red&colour=blue"), json=body)
    faults = [issue["in"] for issue in response.json()["issues"]]
    assert ("query" in faults, "body" in faults) == (True, operation.has_body)


@pytest.mark.usefixtures("unheard")
@all_that_refuse(429, "too_many_requests")
async def test_more_requests_than_the_limit_allows_are_turned_away(
    app: Litestar, admin: httpx.AsyncClient, operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    tight = {name: Limit(name, 1, 60) for name in app.state.limits}
    monkeypatch.setattr(app.state, "limits", tight)
    first = await admin.request(operation.method, operation.url, json=operation.body)
    second = await admin.request(operation.method, operation.url, json=operation.body)
    assert first.status_code != 429
    assert told(second) == (429, "too_many_requests")
    assert 1 <= int(second.headers["retry-after"]) <= 60


class Broken:
    """A part of ours with a fault that nobody has thought of."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"{name} is broken on purpose")


@all_that_refuse(500, "internal_error")
async def test_a_fault_of_ours_is_told_as_such_and_no_more(
    app: Litestar, admin: httpx.AsyncClient, operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.state, "unit_of_work", Broken())
    monkeypatch.setattr(app.state, "authentication", Broken())
    monkeypatch.setattr(app.state, "verification", Broken())
    response = await admin.request(operation.method, operation.url, json=operation.body)
    assert told(response) == (500, "internal_error")
    assert "broken" not in response.text


@pytest.fixture(scope="module")
async def bereft(settings: Settings, session_clock: SettableClock) -> AsyncGenerator[Litestar]:
    """The application with no database behind its address."""
    application = create_app(replace(settings, database_url="postgresql://127.0.0.1:1/evenstar"), session_clock)
    async with application.lifespan():
        yield application


@all_that_refuse(503, "unavailable")
async def test_without_its_database_an_operation_is_unavailable(
    bereft: Litestar, ada: Person, operation: Operation
) -> None:
    async with connect(bereft, authorization=f"Bearer {ada.token}") as client:
        response = await client.request(operation.method, operation.url, json=operation.body)
    assert told(response) == (503, "unavailable")
