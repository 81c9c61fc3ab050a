"""What admins see and do, and that nobody else does."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar

from app.domain.access import UserRole
from db.factories.accounts import PASSWORD
from tests.presentation.http.conftest import People, Person

pytestmark = pytest.mark.anyio


@pytest.fixture
async def admin(app: Litestar, people: People) -> Person:
    """The one admin there is."""
    async with app.state.unit_of_work.database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE users SET role = 'user'")
    return await people.make(role=UserRole.ADMIN)


async def everything(admin: Person, path: str) -> AsyncGenerator[dict[str, Any]]:
    """All items of all pages."""
    cursor = ""
    while True:
        page = (await admin.client.get(f"{path}?limit=100{cursor}")).json()
        for item in page["items"]:
            yield item
        if page["nextCursor"] is None:
            return
        cursor = f"&cursor={page['nextCursor']}"


ROUTES = [
    ("GET", "/api/users"),
    ("GET", "/api/users/{id}"),
    ("PATCH", "/api/users/{id}"),
    ("GET", "/api/audit-events"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_az1_others_are_barred_and_strangers_are_nobody(
    client: httpx.AsyncClient, ada: Person, bob: Person, method: str, path: str
) -> None:
    path = path.format(id=bob.user.id)
    body: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
    assert (await client.request(method, path, **body)).status_code == 401
    refused = await ada.client.request(method, path, **body)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_az3_accounts_are_listed_and_shown_without_secrets(admin: Person, bob: Person) -> None:
    shown = (await admin.client.get(f"/api/users/{bob.user.id}")).json()
    assert set(shown) == {
        "id", "version", "email", "name", "timeZone", "role", "emailVerifiedAt", "disabledAt", "createdAt", "updatedAt",
    }  # fmt: skip
    seen = [user async for user in everything(admin, "/api/users")]
    assert shown in seen
    assert len({user["id"] for user in seen}) == len(seen)
    total = (await admin.client.get("/api/users?includeTotal=true&limit=1")).json()["total"]
    assert total == len(seen)


async def test_a_user_who_is_not_there_is_not_found(admin: Person) -> None:
    for method in ("GET", "PATCH"):
        answer = await admin.client.request(method, f"/api/users/{uuid4()}", json={} if method == "PATCH" else None)
        assert answer.status_code == 404
        answer = await admin.client.request(method, "/api/users/me", json={} if method == "PATCH" else None)
        assert answer.status_code == 422


async def test_rv1_a_disabled_account_is_out_at_once_and_may_come_back(
    app: Litestar, client: httpx.AsyncClient, admin: Person, bob: Person
) -> None:
    path = f"/api/users/{bob.user.id}"
    disabled = await admin.client.patch(path, json={"disabled": True})
    assert (disabled.status_code, disabled.json()["disabledAt"]) == (200, "2030-01-01T00:00:00Z")
    await app.state.revocations.read()
    assert (await bob.client.get("/api/me")).status_code == 401
    credentials = {"email": bob.user.email, "password": PASSWORD}
    assert (await client.post("/api/auth/login", json=credentials)).status_code == 401
    assert (await admin.client.patch(path, json={"disabled": False})).json()["disabledAt"] is None
    assert (await client.post("/api/auth/login", json=credentials)).status_code == 200


async def test_rv1_a_new_role_counts_from_the_next_sign_in(
    app: Litestar, client: httpx.AsyncClient, admin: Person, bob: Person
) -> None:
    changed = await admin.client.patch(f"/api/users/{bob.user.id}", json={"role": "admin"}, headers={"If-Match": '"1"'})
    assert (changed.json()["role"], changed.headers["etag"]) == ("admin", '"2"')
    await app.state.revocations.read()
    assert (await bob.client.get("/api/users")).status_code == 401
    pair = (await client.post("/api/auth/login", json={"email": bob.user.email, "password": PASSWORD})).json()
    headers = {"Authorization": f"Bearer {pair['accessToken']}"}
    assert (await client.get("/api/users", headers=headers)).status_code == 200


async def test_a_stale_change_and_an_empty_one_change_nothing(admin: Person, bob: Person) -> None:
    path = f"/api/users/{bob.user.id}"
    stale = await admin.client.patch(path, json={"role": "admin"}, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["current"]["role"]) == (412, "user")
    assert (await admin.client.patch(path, json={})).json()["version"] == 1
    assert (await admin.client.patch(path, json={"role": "user"})).json()["version"] == 1
    assert (await admin.client.patch(path, json={"role": "owner"})).status_code == 422
    assert (await bob.client.get("/api/me")).status_code == 200


async def test_az4_the_last_admin_remains(admin: Person) -> None:
    for change in ({"role": "user"}, {"disabled": True}):
        refused = await admin.client.patch(f"/api/users/{admin.user.id}", json=change)
        assert (refused.status_code, refused.json()["code"]) == (409, "last_admin")


async def test_az4_of_two_admins_who_demote_each_other_one_remains(admin: Person, people: People) -> None:
    other = await people.make(role=UserRole.ADMIN)
    answers = await asyncio.gather(
        admin.client.patch(f"/api/users/{other.user.id}", json={"role": "user"}),
        other.client.patch(f"/api/users/{admin.user.id}", json={"role": "user"}),
    )
    assert sorted(answer.status_code for answer in answers) in ([200, 401], [200, 403])


async def test_the_audit_log_tells_who_did_what_from_where(
    client: httpx.AsyncClient, admin: Person, bob: Person
) -> None:
    await client.post("/api/auth/login", json={"email": bob.user.email, "password": "a wrong guess"})
    await client.post(
        "/api/auth/login", json={"email": bob.user.email, "password": PASSWORD}, headers={"User-Agent": "phone/1.0"}
    )
    await admin.client.patch(f"/api/users/{bob.user.id}", json={"disabled": True})
    events = [event async for event in everything(admin, "/api/audit-events") if event["subjectId"] == str(bob.user.id)]
    assert sorted((event["action"], event["outcome"]) for event in events) == [
        ("session.start", "failure"),
        ("session.start", "success"),
        ("user.change", "success"),
    ]
    change = next(event for event in events if event["action"] == "user.change")
    assert (change["actorId"], change["detail"]) == (str(admin.user.id), "role: user, disabled")
    assert {event["address"] for event in events} == {"127.0.0.1"}
    assert "phone/1.0" in {event["device"] for event in events}
    page = (await admin.client.get("/api/audit-events?limit=1&includeTotal=true")).json()
    assert page["total"] >= 3
    assert page["nextCursor"]


async def events_about(admin: Person, person: Person) -> list[dict[str, Any]]:
    everyones = [event async for event in everything(admin, "/api/audit-events")]
    return [event for event in everyones if str(person.user.id) in {event["subjectId"], event["actorId"]}]


async def test_the_audit_log_tells_who_was_turned_away_and_who_has_left(admin: Person, bob: Person) -> None:
    refused = await bob.client.get("/api/users", headers={"User-Agent": "curious/1.0"})
    assert refused.status_code == 403
    assert (await bob.client.delete("/api/me")).status_code == 204
    left, denied = await events_about(admin, bob)
    assert (denied["action"], denied["outcome"], denied["detail"]) == ("access", "denied", "admin")
    assert (denied["actorId"], denied["device"]) == (str(bob.user.id), "curious/1.0")
    assert (left["action"], left["outcome"], left["subjectId"]) == ("account.delete", "success", str(bob.user.id))
