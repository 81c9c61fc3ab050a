import asyncio
import re
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Litestar, Request, Response, Router, get, post
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.access import Actor
from app.domain.errors import TooManyRequests
from app.domain.ports import Limit
from app.infrastructure.cache.throttle import RedisThrottle
from app.presentation.http.limits import limited, rate_limit_headers
from tests.infrastructure.cache.valkey import Valkey, open_store, running_valkey

pytestmark = pytest.mark.anyio

LIMITS = [
    Limit("login", 3, 60),
    Limit("login-hour", 5, 3600),
    Limit("refresh", 2, 60),
    Limit("outer", 4, 60),
]
ALICE, BOB = UUID(int=1), UUID(int=2)

handled: list[str] = []


@post("/login", guards=[limited("login", "login-hour")])
async def login() -> None:
    handled.append("login")


@post("/refresh", guards=[limited("refresh", by="user")])
async def refresh() -> None:
    handled.append("refresh")


@get("/nested", guards=[limited("outer", "login")])
async def nested() -> None:
    handled.append("nested")


@get("/broken", guards=[limited("outer")])
async def broken() -> None:
    raise ValueError


@get("/open")
async def unlimited() -> None:
    handled.append("open")


def too_many(_: Request[Any, Any, Any], refusal: TooManyRequests) -> Response[None]:
    return Response(None, status_code=429, headers={"Retry-After": str(refusal.retry_after)})


def failed(_: Request[Any, Any, Any], __: ValueError) -> Response[None]:
    return Response(None, status_code=500)


@dataclass
class Outside:
    """What stands before the application: it knows the client and the user, and writes the headers."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        address = headers.get(b"x-address", b"198.51.100.7").decode()
        scope["client"] = None if address == "none" else (address, 1)
        if b"x-user" in headers:
            scope["user"] = Actor(UUID(headers[b"x-user"].decode()))

        async def send_with_limits(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *rate_limit_headers(scope)]
            await send(message)

        await self.app(scope, receive, send_with_limits)


@asynccontextmanager
async def open_client(throttle: object) -> AsyncGenerator[httpx.AsyncClient]:
    app = Litestar(
        [login, refresh, Router("/", guards=[limited("outer")], route_handlers=[nested]), broken, unlimited],
        exception_handlers={TooManyRequests: too_many, ValueError: failed},
        openapi_config=None,
    )
    app.state.update(limits={limit.name: limit for limit in LIMITS}, throttle=throttle)
    app.asgi_handler = Outside(app.asgi_handler)
    handled.clear()
    transport = httpx.ASGITransport(app)  # pyright: ignore[reportArgumentType] -- the two spell out ASGI differently
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
async def client() -> AsyncGenerator[httpx.AsyncClient]:
    with running_valkey() as valkey:
        async with open_store(valkey.url) as store, open_client(RedisThrottle(store, timeout=30)) as client:
            yield client


def fields(response: httpx.Response, name: str) -> dict[str, dict[str, int]]:
    """A list of strings with integer parameters (RFC 9651), and nothing else."""
    items: dict[str, dict[str, int]] = {}
    for item in response.headers[name].split(", "):
        match = re.fullmatch(r'"([ -!#-\[\]-~]+)"((?:;[a-z]+=\d{1,15})+)', item)
        assert match, item
        assert match[1] not in items
        items[match[1]] = {key: int(value) for key, value in re.findall(r";([a-z]+)=(\d+)", match[2])}
    return items


def statuses(responses: Iterable[httpx.Response]) -> list[int]:
    return [response.status_code for response in responses]


async def test_each_request_counts_once_under_each_limit_and_says_so(client: httpx.AsyncClient) -> None:
    response = await client.post("/login")
    assert response.status_code == 201
    assert response.headers["RateLimit-Policy"] == '"login";q=3;w=60, "login-hour";q=5;w=3600'
    assert response.headers["RateLimit"] == '"login";r=2;t=20, "login-hour";r=4;t=720'
    assert "Retry-After" not in response.headers


async def test_over_a_limit_the_handler_does_not_run_and_the_wait_is_told(client: httpx.AsyncClient) -> None:
    responses = [await client.post("/login") for _ in range(5)]
    assert statuses(responses) == [201, 201, 201, 429, 429]
    assert handled == ["login"] * 3
    refused = responses[-1]
    assert 0 < int(refused.headers["Retry-After"]) <= 20
    assert fields(refused, "RateLimit-Policy") == {
        "login": {"q": 3, "w": 60},
        "login-hour": {"q": 5, "w": 3600},
    }
    states = fields(refused, "RateLimit")
    assert states["login"] == {"r": 0, "t": int(refused.headers["Retry-After"])}
    assert states["login-hour"]["r"] == 2, "what refuses takes nothing from the other limit"


async def test_parallel_requests_stay_within_the_quota(client: httpx.AsyncClient) -> None:
    responses = await asyncio.gather(*(client.post("/login") for _ in range(50)))
    assert sorted(statuses(responses)) == [201] * 3 + [429] * 47
    assert handled == ["login"] * 3


async def test_each_address_has_its_own_quota_and_an_ipv6_network_has_one(client: httpx.AsyncClient) -> None:
    async def passed(*addresses: str) -> int:
        responses = [await client.post("/login", headers={"x-address": address}) for address in addresses]
        return statuses(responses).count(201)

    assert await passed(*["198.51.100.7"] * 5) == 3
    assert await passed(*["198.51.100.8"] * 5) == 3
    assert await passed(*(f"2001:db8:1:1::{number}" for number in range(1, 6))) == 3
    assert await passed("2001:db8:1:2::1") == 1
    assert await passed("none", "none", "nonsense", "none", "nonsense") == 3


async def test_by_user_the_address_does_not_matter(client: httpx.AsyncClient) -> None:
    async def attempt(address: str, user: UUID | None = None) -> int:
        headers = {"x-address": address} | ({"x-user": str(user)} if user else {})
        return (await client.post("/refresh", headers=headers)).status_code

    assert [await attempt(f"198.51.100.{number}", ALICE) for number in range(3)] == [201, 201, 429]
    assert await attempt("198.51.100.1", BOB) == 201
    assert [await attempt("198.51.100.1") for _ in range(3)] == [201, 201, 429]


async def test_a_limit_of_two_guards_counts_a_request_once(client: httpx.AsyncClient) -> None:
    response = await client.get("/nested")
    assert fields(response, "RateLimit") == {"outer": {"r": 3, "t": 15}, "login": {"r": 2, "t": 20}}


async def test_an_error_carries_the_headers_too(client: httpx.AsyncClient) -> None:
    response = await client.get("/broken")
    assert response.status_code == 500
    assert fields(response, "RateLimit")["outer"]["r"] == 3


async def test_a_route_without_limits_has_no_such_headers(client: httpx.AsyncClient) -> None:
    for path in ("/open", "/nowhere"):
        response = await client.get(path)
        assert not {"ratelimit", "ratelimit-policy"} & set(response.headers)


async def test_with_valkey_away_sign_in_works_within_half_the_quota() -> None:
    with running_valkey() as valkey:
        async with open_store(valkey.url) as store, open_client(RedisThrottle(store)) as client:
            await client.post("/login")
            await _check_alone(valkey, client)


async def _check_alone(valkey: Valkey, client: httpx.AsyncClient) -> None:
    valkey.kill()
    responses = [await client.post("/login") for _ in range(4)]
    assert statuses(responses) == [201, 429, 429, 429]
    assert fields(responses[0], "RateLimit-Policy")["login"] == {"q": 1, "w": 60}
    assert 0 < int(responses[-1].headers["Retry-After"]) <= 60
