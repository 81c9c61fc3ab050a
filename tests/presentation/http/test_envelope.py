"""What every answer carries, and what no request can bring about."""

import re
from typing import Any

import httpx
import pytest
from litestar import Litestar

from app.asgi import create_app
from app.domain.errors import catalogue
from app.settings import Settings
from tests.presentation.http.conftest import Person, client_of

pytestmark = pytest.mark.anyio

EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health/live", 200),
        ("GET", "/nowhere", 404),
        ("PUT", "/api/todos", 405),
        ("GET", "/api/todos", 401),
        ("POST", "/api/auth/login", 415),
    ],
)
async def test_every_answer_has_the_security_headers_and_an_id(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    response = await client.request(method, path)
    assert response.status_code == status
    assert {name: response.headers[name] for name in EVERYWHERE} == EVERYWHERE
    assert "origin" in response.headers["vary"].lower()
    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["x-request-id"])
    assert "strict-transport-security" not in response.headers
    if status >= 400:
        assert response.headers["content-type"] == "application/problem+json"
        problem = response.json()
        assert problem["requestId"] == response.headers["x-request-id"]
        assert problem["status"] == status
        assert problem["type"] == f"/problems/{problem['code']}"


async def test_a_well_formed_request_id_is_taken_over_and_any_other_replaced(client: httpx.AsyncClient) -> None:
    response = await client.get("/health/live", headers={"X-Request-Id": "trace-0123456789"})
    assert response.headers["x-request-id"] == "trace-0123456789"
    for bad in ("short", "x" * 129, "has space in it", 'quote"quote"', "<script>alert(1)</script>"):
        response = await client.get("/health/live", headers={"X-Request-Id": bad})
        assert response.headers["x-request-id"] != bad


async def test_a_method_that_a_path_lacks_is_told_those_it_has(client: httpx.AsyncClient) -> None:
    allow = (await client.put("/api/todos")).headers["allow"]
    assert {"GET", "POST"} <= set(allow.split(", "))


async def test_every_problem_type_answers_with_what_it_means(client: httpx.AsyncClient) -> None:
    known = (await client.get("/docs/openapi.json")).json()["components"]["schemas"]["ProblemCode"]["enum"]
    for refusal in catalogue():
        response = await client.get(f"/problems/{refusal.code}")
        if refusal.code not in known:
            assert response.status_code == 404
            continue
        assert response.status_code == 200
        assert response.json()["title"] == refusal.title
        assert response.json()["meaning"]
    assert (await client.get("/problems/unheard_of")).status_code == 404


async def test_a_fault_of_ours_tells_nothing_but_its_id(app: Litestar, ada: Person, caplog: Any) -> None:
    working = app.state.unit_of_work
    app.state.unit_of_work = None
    try:
        response = await ada.client.get("/api/todos")
    finally:
        app.state.unit_of_work = working
    assert response.status_code == 500
    assert set(response.json()) == {"type", "title", "status", "code", "detail", "instance", "requestId"}
    assert "NoneType" not in response.text
    assert any(getattr(record, "request_id", "") == response.json()["requestId"] for record in caplog.records)


HOSTILE = [
    b'{"title": "\\u0000"}',
    b'{"title": "\\ud800"}',
    b'{"title": "\xff\xfe"}',
    b'{"title": ' + b"9" * 400 + b"}",
    b'{"completed": ' + b"9" * 5000 + b"}",
    b"[" * 10_000 + b"]" * 10_000,
    b'{"title": ' + b"[" * 33 + b"]" * 33 + b"}",
    b'{"title": "a", "title": "b"}',
    b'{"title": "a", "\\u0074itle": "b"}',
    b"",
    b"{",
    b"nul",
    b'{"title": NaN}',
    b'\xef\xbb\xbf{"title": "a"}',
    '{"title": "a"}'.encode("utf-16"),
    b'{"title": "a"} trailing',
    b"\x00" * 100,
]


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: repr(body[:24]))
async def test_no_body_is_a_fault_of_ours(ada: Person, body: bytes) -> None:
    todo = await ada.add_todo()
    for method, path in (("POST", "/api/todos"), ("PATCH", f"/api/todos/{todo['id']}"), ("POST", "/api/auth/login")):
        response = await ada.client.request(method, path, content=body, headers={"Content-Type": "application/json"})
        assert response.status_code in {400, 413, 422}, response.text
        assert response.headers["content-type"] == "application/problem+json"
    assert (await ada.client.get(f"/api/todos/{todo['id']}")).json() == todo


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "application/msgpack", ""],
)
async def test_no_media_type_but_json_is_read(ada: Person, media_type: str) -> None:
    response = await ada.client.post("/api/todos", content=b'{"title": "a"}', headers={"Content-Type": media_type})
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(("path", "limit"), [("/api/todos", 1024 * 1024), ("/api/auth/login", 16 * 1024)])
async def test_a_body_over_the_limit_of_its_route_is_refused(ada: Person, path: str, limit: int) -> None:
    body = b'{"title": "' + b"a" * limit + b'"}'
    response = await ada.client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=utf-8", 200),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 200),
        ("text/html, application/*;q=0.1", 200),
        ("application/json;q=0.001, text/html", 200),
        ("", 200),
        (" , ;", 200),
        ("text/html", 406),
        ("application/problem+json", 406),
        ("*/*;q=0", 406),
        ("application/json; q=0.000, */*", 406),
        ("application/*;q=0, */*;q=1", 406),
        ("\x80\xff", 406),
        ("application/jsonp, json, */json", 406),
        (",".join(["text/html"] * 2000), 406),
    ],
)
async def test_json_is_answered_to_those_who_take_it(ada: Person, accept: str, status: int) -> None:
    response = await ada.client.get("/api/todos", headers={b"Accept": accept.encode("latin-1")})
    assert response.status_code == status


async def test_what_is_not_acceptable_is_not_done(ada: Person) -> None:
    refused = await ada.client.post("/api/todos", json={"title": "Buy milk"}, headers={"Accept": "text/html"})
    assert refused.status_code == 406
    assert (await ada.client.get("/api/todos")).json()["items"] == []
    todo = await ada.add_todo()
    # there is nothing to accept in an answer without a body
    gone = await ada.client.delete(f"/api/todos/{todo['id']}", headers={"Accept": "text/html"})
    assert gone.status_code == 204


async def test_only_listed_origins_may_read_answers(client: httpx.AsyncClient) -> None:
    good = await client.get("/health/live", headers={"Origin": "https://app.example.com"})
    assert good.headers["access-control-allow-origin"] == "https://app.example.com"
    exposed = {name.strip().lower() for name in good.headers["access-control-expose-headers"].split(",")}
    assert {"etag", "location", "retry-after", "ratelimit", "ratelimit-policy", "x-request-id"} <= exposed
    for origin in ("https://evil.example.com", "null", "https://app.example.com.evil.com"):
        bad = await client.get("/health/live", headers={"Origin": origin})
        assert "access-control-allow-origin" not in bad.headers
    preflight = await client.options(
        "/api/todos",
        headers={"Origin": "https://app.example.com", "Access-Control-Request-Method": "PATCH"},
    )
    assert preflight.status_code == 204
    assert "PATCH" in preflight.headers["access-control-allow-methods"]


async def test_only_listed_hosts_are_served(settings: Settings) -> None:
    strict = Settings.load(
        {
            "APP_ENV": "test",
            "ALLOWED_HOSTS": "api.example.com",
            "DATA_DIR": str(settings.data_dir),
        }
    )
    async with client_of(create_app(strict)) as client:
        for host in ("api.example.com", "API.example.com", "api.example.com:8443"):
            assert (await client.get("/problems/not_found", headers={"Host": host})).status_code == 200
        for host in ("evil.example.com", "api.example.com.evil.com", "api.example.com:x", "", "10.0.0.7:8000"):
            response = await client.get("/problems/not_found", headers={"Host": host})
            assert (response.status_code, response.json()["code"]) == (400, "malformed_request")
        # an orchestrator asks for health by the address that the process happens to have
        assert (await client.get("/health/live", headers={"Host": "10.0.0.7:8000"})).status_code == 200


async def test_a_request_names_one_host(client: httpx.AsyncClient) -> None:
    for hosts in ([], ["testserver", "testserver"], ["testserver", "evil.example.com"]):
        request = client.build_request("GET", "/problems/not_found", headers=[("Host", host) for host in hosts])
        if not hosts:
            del request.headers["host"]
        refused = await client.send(request)
        assert (refused.status_code, refused.json()["code"]) == (400, "malformed_request")
    unnamed = client.build_request("GET", "/health/live")
    del unnamed.headers["host"]
    assert (await client.send(unnamed)).status_code == 200


async def test_figures_are_published_for_prometheus(client: httpx.AsyncClient) -> None:
    await client.get("/health/live")
    response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    assert 'evenstar_http_requests_total{method="GET",route="/health/live",status="200"}' in response.text


async def test_readiness_tells_what_is_up(client: httpx.AsyncClient) -> None:
    response = await client.get("/health/ready")
    assert response.json() == {"status": "ready", "database": "up", "redis": "up"}
