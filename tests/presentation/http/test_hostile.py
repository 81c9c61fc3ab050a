"""Whatever is sent, to whichever route: no answer is a fault of ours, and each is what the document says."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from anyio import from_thread, to_thread
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar

from app.domain.access import UserRole
from app.presentation.http.openapi import document
from tests.presentation.http.conftest import People, Person

pytestmark = pytest.mark.anyio

NASTY = st.sampled_from(
    [
        "",
        "\0",
        "\ud800",
        "٣",
        "1_0",
        "-1",
        "9" * 400,
        "NaN",
        "null",
        "[]",
        "{}",
        "../..",
        "%00",
        "'; --",
        "\r\nX: y",
        "🙂",
    ]
)
TEXT = NASTY | st.text(max_size=40)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | TEXT
JSON_VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4)
)
NAMES = st.sampled_from(
    [
        "title",
        "notes",
        "completed",
        "email",
        "password",
        "name",
        "timeZone",
        "refreshToken",
        "role",
        "disabled",
        "token",
    ]
)
BODIES = (
    st.dictionaries(NAMES | TEXT, JSON_VALUES, max_size=6).map(lambda body: json.dumps(body).encode())
    | JSON_VALUES.map(lambda body: json.dumps(body).encode())
    | st.binary(max_size=200)
    | st.integers(30, 5000).map(lambda depth: b"[" * depth + b"]" * depth)
)
MEDIA_TYPES = st.sampled_from(["application/json"] * 6 + ["text/plain", "application/json; charset=utf-16", ""])
QUERIES = st.lists(
    st.tuples(st.sampled_from(["limit", "cursor", "sort", "completed", "includeTotal", "colour"]) | TEXT, TEXT),
    max_size=4,
)
HEADER_NAMES = st.sampled_from(
    ["If-Match", "If-None-Match", "Idempotency-Key", "X-Request-Id", "Origin", "Accept", "X-Forwarded-For", "Cookie"]
)
HEADER_VALUES = st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\r\n"), max_size=60)
HEADERS = st.dictionaries(HEADER_NAMES, HEADER_VALUES | st.sampled_from(['"1"', "*", "null", "W/"]), max_size=3)
IDS = NASTY | st.uuids().map(str) | st.text(max_size=40)


def operations(app: Litestar) -> list[tuple[str, str]]:
    paths = json.loads(document(app))["paths"]
    methods = {"get", "post", "patch", "put", "delete"}
    # what would end the session that all examples share is asked for nothing good anyway
    spared = {("post", "/api/auth/logout-all"), ("delete", "/api/me")}
    return [
        (method, path)
        for path, item in sorted(paths.items())
        for method in sorted(item)
        if method in methods and (method, path) not in spared
    ]


@st.composite
def requests(draw: st.DrawFn, known: list[tuple[str, str]]) -> dict[str, Any]:
    """What httpx is to send."""
    method, path = draw(st.sampled_from(known))
    while "{" in path:
        before, _, rest = path.partition("{")
        path = before + quote(draw(IDS), safe="", errors="replace") + rest.partition("}")[2]
    query = "&".join(
        f"{quote(name, errors='replace')}={quote(value, errors='replace')}" for name, value in draw(QUERIES)
    )
    headers = [(name.encode(), value.encode("latin-1")) for name, value in draw(HEADERS).items()]
    request: dict[str, Any] = {"method": method, "url": f"{path}?{query}", "headers": headers}
    if method in {"post", "patch", "put"}:
        request["content"] = draw(BODIES)
        headers.append((b"Content-Type", draw(MEDIA_TYPES).encode()))
    if draw(st.integers(0, 9)) == 0:
        headers.append((b"Authorization", draw(HEADER_VALUES).encode("latin-1")))
    return request


async def send_one(person: Person, request: dict[str, Any]) -> None:
    response = await person.client.request(**request)
    assert response.status_code < 500, response.text


async def send_many(app: Litestar, person: Person, count: int) -> None:
    """Hypothesis draws in a thread of its own; the requests are made on the application's loop."""

    @settings(max_examples=count, suppress_health_check=[HealthCheck.too_slow])
    @given(request=requests(operations(app)))
    def send(request: dict[str, Any]) -> None:
        from_thread.run(send_one, person, request)

    await to_thread.run_sync(send)


@pytest.fixture
async def admin(people: People) -> Person:
    """Somebody whom no route turns away unread."""
    return await people.make(role=UserRole.ADMIN)


async def test_no_request_is_a_fault_of_ours(app: Litestar, admin: Person) -> None:
    await send_many(app, admin, 100)


@pytest.mark.soak
async def test_none_of_ten_thousand_requests_is_a_fault_of_ours(app: Litestar, admin: Person) -> None:
    await send_many(app, admin, 10_000)
