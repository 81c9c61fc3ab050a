"""The caller's own account: read, changed, deleted, its password and its sessions."""

from uuid import UUID, uuid4

import httpx
import pytest
from litestar import Litestar

from db.factories import SessionFactory
from db.factories.accounts import PASSWORD
from tests.presentation.http.conftest import People, Person, SettableClock, store

pytestmark = pytest.mark.anyio

NEXT_PASSWORD = "another horse battery staple"


async def caught_up(app: Litestar) -> None:
    """What the feed of ended sessions does twice a second, now."""
    await app.state.revocations.read()


async def signed_in(client: httpx.AsyncClient, person: Person) -> dict[str, str]:
    answer = await client.post("/api/auth/login", json={"email": person.user.email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def bearer(pair: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {pair['accessToken']}"}


async def test_name_and_time_zone_change_under_their_version(ada: Person) -> None:
    me = (await ada.client.get("/api/me")).json()
    changed = await ada.client.patch("/api/me", json={"name": " Countess "}, headers={"If-Match": '"1"'})
    assert changed.json() == {**me, "name": "Countess", "version": 2}
    assert changed.headers["etag"] == '"2"'
    stale = await ada.client.patch("/api/me", json={"timeZone": "Europe/Berlin"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["current"]) == (412, changed.json())
    assert (await ada.client.patch("/api/me", json={})).json() == changed.json()
    moved = await ada.client.patch("/api/me", json={"timeZone": "Pacific/Apia"})
    assert moved.json()["timeZone"] == "Pacific/Apia"


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": None},
        {"timeZone": "Nowhere/Land"},
        {"role": "admin"},
        {"email": "new@example.com"},
        {"emailVerifiedAt": None},
    ],
)
async def test_az3_what_is_not_theirs_to_change_is_refused(ada: Person, body: dict[str, object]) -> None:
    before = (await ada.client.get("/api/me")).json()
    assert (await ada.client.patch("/api/me", json=body)).status_code == 422
    assert (await ada.client.get("/api/me")).json() == before


async def test_a_deleted_account_takes_all_that_is_theirs_along(
    app: Litestar, client: httpx.AsyncClient, people: People, ada: Person, bob: Person
) -> None:
    todo = await ada.add_todo()
    kept = await bob.add_todo()
    pair = await signed_in(client, ada)
    assert (await ada.client.delete("/api/me")).status_code == 204
    await caught_up(app)
    for answer in (
        await ada.client.get("/api/me"),
        await ada.client.get(f"/api/todos/{todo['id']}"),
        await client.get("/api/todos", headers=bearer(pair)),
        await client.post("/api/auth/refresh", json={"refreshToken": pair["refreshToken"]}),
        await client.post("/api/auth/login", json={"email": ada.user.email, "password": PASSWORD}),
    ):
        assert answer.status_code == 401
    assert (await bob.client.get(f"/api/todos/{kept['id']}")).status_code == 200
    again = await people.make(email=ada.user.email)
    assert (await again.client.get("/api/todos")).json()["items"] == []


async def test_su1_deletion_wants_a_sign_in_of_the_last_five_minutes(ada: Person, clock: SettableClock) -> None:
    clock.advance(minutes=5, seconds=1)
    refused = await ada.client.delete("/api/me")
    assert (refused.status_code, refused.json()["code"]) == (401, "reauthentication_required")
    challenge = refused.headers["www-authenticate"]
    assert challenge == 'Bearer error="insufficient_user_authentication", max_age=300'
    assert (await ada.client.get("/api/me")).status_code == 200


async def test_rv1_a_changed_password_ends_every_session_and_starts_one(
    app: Litestar, client: httpx.AsyncClient, ada: Person
) -> None:
    elsewhere = await signed_in(client, ada)
    changed = await ada.client.post(
        "/api/me/password", json={"currentPassword": PASSWORD, "newPassword": NEXT_PASSWORD}
    )
    assert changed.status_code == 200, changed.text
    assert changed.headers["cache-control"] == "no-store"
    await caught_up(app)
    assert (await ada.client.get("/api/me")).status_code == 401
    assert (await client.get("/api/me", headers=bearer(elsewhere))).status_code == 401
    refresh = {"refreshToken": elsewhere["refreshToken"]}
    assert (await client.post("/api/auth/refresh", json=refresh)).status_code == 401
    assert (await client.get("/api/me", headers=bearer(changed.json()))).status_code == 200
    for password, status in ((PASSWORD, 401), (NEXT_PASSWORD, 200)):
        answer = await client.post("/api/auth/login", json={"email": ada.user.email, "password": password})
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("current", "new", "status", "code"),
    [
        ("not the password", NEXT_PASSWORD, 401, "invalid_credentials"),
        (PASSWORD, "short", 422, "validation_failed"),
        (PASSWORD, "é" * 40, 422, "password_too_long"),
    ],
)
async def test_a_refused_password_change_changes_nothing(
    app: Litestar, client: httpx.AsyncClient, ada: Person, current: str, new: str, status: int, code: str
) -> None:
    answer = await ada.client.post("/api/me/password", json={"currentPassword": current, "newPassword": new})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    await caught_up(app)
    assert (await ada.client.get("/api/me")).status_code == 200
    await signed_in(client, ada)


async def test_se1_sessions_are_listed_last_seen_first_with_the_current_one_marked(
    client: httpx.AsyncClient, ada: Person, clock: SettableClock
) -> None:
    clock.advance(minutes=1)
    await client.post(
        "/api/auth/login", json={"email": ada.user.email, "password": PASSWORD}, headers={"User-Agent": "phone/1.0"}
    )
    items = (await ada.client.get("/api/me/sessions")).json()["items"]
    assert [(item["device"], item["current"]) for item in items] == [("phone/1.0", False), ("Firefox on Linux", True)]
    assert items[0] == {
        "id": items[0]["id"],
        "device": "phone/1.0",
        "address": "127.0.0.1",
        "createdAt": "2030-01-01T00:01:00Z",
        "lastSeenAt": "2030-01-01T00:01:00Z",
        "expiresAt": "2030-01-08T00:01:00Z",
        "current": False,
    }


async def test_se1_one_session_ends_and_the_others_go_on(app: Litestar, client: httpx.AsyncClient, ada: Person) -> None:
    pair = await signed_in(client, ada)
    items = (await ada.client.get("/api/me/sessions")).json()["items"]
    other = next(item["id"] for item in items if not item["current"])
    assert (await ada.client.delete(f"/api/me/sessions/{other}")).status_code == 204
    await caught_up(app)
    assert (await client.get("/api/me", headers=bearer(pair))).status_code == 401
    assert (await ada.client.get("/api/me")).status_code == 200
    assert (await ada.client.delete(f"/api/me/sessions/{other}")).status_code == 404


async def test_se1_somebody_elses_session_reads_as_absent_and_goes_on(app: Litestar, ada: Person, bob: Person) -> None:
    session = (await ada.client.get("/api/me/sessions")).json()["items"][0]["id"]
    absent = await bob.client.delete(f"/api/me/sessions/{uuid4()}")
    refused = await bob.client.delete(f"/api/me/sessions/{session}")
    assert (refused.status_code, refused.json()["detail"]) == (404, absent.json()["detail"])
    assert (await bob.client.delete("/api/me/sessions/not-an-id")).status_code == 422
    await caught_up(app)
    assert (await ada.client.get("/api/me")).status_code == 200


async def test_se1_the_other_sessions_end_together(app: Litestar, client: httpx.AsyncClient, ada: Person) -> None:
    pairs = [await signed_in(client, ada) for _ in range(3)]
    assert (await ada.client.delete("/api/me/sessions")).status_code == 204
    await caught_up(app)
    for pair in pairs:
        assert (await client.get("/api/me", headers=bearer(pair))).status_code == 401
    assert len((await ada.client.get("/api/me/sessions")).json()["items"]) == 1


async def test_se1_of_more_than_twenty_sessions_the_one_not_seen_for_longest_ends(
    app: Litestar, client: httpx.AsyncClient, ada: Person, clock: SettableClock
) -> None:
    await store(app, *(SessionFactory.build(user_id=ada.user.id) for _ in range(19)))
    clock.advance(seconds=1)
    newest = await signed_in(client, ada)
    items = (await ada.client.get("/api/me/sessions", headers=bearer(newest))).json()["items"]
    assert len(items) == 20
    assert items[0]["current"] is True


async def test_rv1_logout_everywhere_ends_this_session_too(
    app: Litestar, client: httpx.AsyncClient, ada: Person
) -> None:
    pair = await signed_in(client, ada)
    assert (await ada.client.post("/api/auth/logout-all")).status_code == 204
    await caught_up(app)
    assert (await ada.client.get("/api/me")).status_code == 401
    assert (await client.get("/api/me", headers=bearer(pair))).status_code == 401


async def test_rv1_a_feed_that_is_stale_asks_the_database(app: Litestar, ada: Person) -> None:
    feed = app.state.revocations
    session = (await ada.client.get("/api/me/sessions")).json()["items"][0]["id"]
    await ada.client.post("/api/auth/logout-all")
    seconds = feed._seconds  # noqa: SLF001 -- as if the last reading were long ago
    feed._seconds = lambda: seconds() + 10  # noqa: SLF001
    try:
        assert await feed.include(UUID(session))
        assert (await ada.client.get("/api/me")).status_code == 401
    finally:
        feed._seconds = seconds  # noqa: SLF001
