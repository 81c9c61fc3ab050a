"""A POST that is sent twice under one Idempotency-Key has one effect and one answer."""

import asyncio

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import text

from app.infrastructure.security.passwords import BcryptHasher
from db.factories.accounts import PASSWORD
from tests.presentation.http.conftest import Person, SettableClock

pytestmark = pytest.mark.anyio

KEY = {"Idempotency-Key": "8f14e45f-ceea-467f"}
MILK = {"title": "Buy milk"}


async def titles(person: Person) -> list[str]:
    return [todo["title"] for todo in (await person.client.get("/api/todos?limit=100")).json()["items"]]


def without_passing(response: httpx.Response) -> dict[str, str]:
    passing = {"x-request-id", "idempotent-replayed", "ratelimit", "ratelimit-policy"}
    return {name: value for name, value in response.headers.items() if name not in passing}


async def test_a_repeated_request_gets_the_first_answer_again(ada: Person, clock: SettableClock) -> None:
    first = await ada.client.post("/api/todos", json=MILK, headers=KEY)
    assert (first.status_code, "idempotent-replayed" in first.headers) == (201, False)
    clock.advance(hours=23)
    ada.client.headers["authorization"] = f"Bearer {ada.fresh_token()}"
    again = await ada.client.post("/api/todos", json=MILK, headers=KEY)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.content == first.content
    assert without_passing(again) == without_passing(first)
    assert await titles(ada) == ["Buy milk"]


async def test_a_key_is_forgotten_after_a_day(ada: Person, clock: SettableClock) -> None:
    first = await ada.client.post("/api/todos", json=MILK, headers=KEY)
    clock.advance(hours=24, seconds=1)
    ada.client.headers["authorization"] = f"Bearer {ada.fresh_token()}"
    again = await ada.client.post("/api/todos", json=MILK, headers=KEY)
    assert again.status_code == 201
    assert again.json()["id"] != first.json()["id"]


async def test_a_key_that_comes_with_another_body_is_refused(ada: Person) -> None:
    await ada.client.post("/api/todos", json=MILK, headers=KEY)
    refused = await ada.client.post("/api/todos", json={"title": "Buy bread"}, headers=KEY)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert await titles(ada) == ["Buy milk"]


async def test_keys_are_apart_for_each_user_and_each_route(ada: Person, bob: Person) -> None:
    first = await ada.client.post("/api/todos", json=MILK, headers=KEY)
    other = await bob.client.post("/api/todos", json=MILK, headers=KEY)
    assert other.status_code == 201
    assert other.json()["id"] != first.json()["id"]
    assert (await ada.client.post("/api/auth/logout-all", headers=KEY)).status_code == 204


async def test_of_parallel_requests_one_has_the_effect(ada: Person) -> None:
    answers = await asyncio.gather(*(ada.client.post("/api/todos", json=MILK, headers=KEY) for _ in range(8)))
    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    held = [answer for answer in answers if answer.status_code != 201]
    assert len(made) == 1
    assert all(answer.json()["code"] == "idempotency_key_in_use" for answer in held)
    assert all(answer.headers["retry-after"] == "1" for answer in held)
    assert await titles(ada) == ["Buy milk"]


async def test_a_refused_request_leaves_its_key_free(ada: Person) -> None:
    refused = await ada.client.post("/api/todos", json={"title": ""}, headers=KEY)
    assert refused.status_code == 422
    assert (await ada.client.post("/api/todos", json=MILK, headers=KEY)).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "tab\there", "schlüssel"])
async def test_a_key_of_other_characters_or_length_is_refused(ada: Person, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    refused = await ada.client.post("/api/todos", json=MILK, headers=headers)
    assert refused.status_code == 422
    assert [(issue["path"], issue["in"]) for issue in refused.json()["issues"]] == [(["Idempotency-Key"], "header")]
    assert await titles(ada) == []


async def test_two_keys_are_refused(ada: Person) -> None:
    headers = [(b"Idempotency-Key", b"first"), (b"Idempotency-Key", b"second")]
    assert (await ada.client.post("/api/todos", json=MILK, headers=headers)).status_code == 400


async def test_a_repeated_sign_in_gets_the_same_tokens_and_the_database_cannot_tell_them(
    app: Litestar, client: httpx.AsyncClient, ada: Person
) -> None:
    body = {"email": ada.user.email, "password": PASSWORD}
    first = await client.post("/api/auth/login", json=body, headers=KEY)
    again = await client.post("/api/auth/login", json=body, headers=KEY)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()
    assert len((await ada.client.get("/api/me/sessions")).json()["items"]) == 2
    async with app.state.unit_of_work.database.engine.connect() as connection:
        rows = await connection.execute(text("SELECT * FROM idempotency_records"))
        stored = b"".join(bytes(value) for row in rows for value in row if isinstance(value, bytes))
    assert first.json()["refreshToken"].encode() not in stored
    assert first.json()["accessToken"].encode() not in stored
    assert KEY["Idempotency-Key"].encode() not in stored


async def test_a_repeated_registration_is_no_conflict(client: httpx.AsyncClient) -> None:
    body = {"email": "twice@example.com", "password": PASSWORD, "name": "Twice"}
    answers = [await client.post("/api/auth/register", json=body, headers=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


def key_of(person: Person) -> dict[str, str]:
    """A key of the test's own, for strangers at one address share theirs."""
    return {"Idempotency-Key": str(person.user.id)}


async def signed_in_by_cookie(client: httpx.AsyncClient, person: Person) -> str:
    body = {"email": person.user.email, "password": PASSWORD, "transport": "cookie"}
    answer = await client.post("/api/auth/login", json=body)
    client.cookies.clear()
    return str(answer.headers["set-cookie"]).partition(";")[0]


async def test_a_key_opens_nothing_to_a_neighbour_who_has_another_cookie_or_none(
    client: httpx.AsyncClient, ada: Person, bob: Person
) -> None:
    async def refresh(**headers: str) -> httpx.Response:
        answer = await client.post(
            "/api/auth/refresh", json={}, headers={**key_of(ada), "Sec-Fetch-Site": "same-origin"} | headers
        )
        client.cookies.clear()
        return answer

    hers, his = await signed_in_by_cookie(client, ada), await signed_in_by_cookie(client, bob)
    first = await refresh(Cookie=hers)
    assert first.json()["user"]["id"] == str(ada.user.id)
    assert (await refresh()).status_code == 401
    assert (await refresh(Cookie="__Secure-refresh=guessed")).status_code == 401
    assert (await refresh(Cookie=his)).json()["user"]["id"] == str(bob.user.id)
    again = await refresh(Cookie=f"{hers}; theme=dark")
    assert (again.headers["idempotent-replayed"], again.json()) == ("true", first.json())


async def test_a_key_that_a_neighbour_signed_out_under_ends_the_session_all_the_same(
    app: Litestar, client: httpx.AsyncClient, ada: Person, bob: Person
) -> None:
    for person in (ada, bob):
        headers = {**key_of(ada), "Authorization": f"Bearer {person.token}"}
        assert (await client.post("/api/auth/logout", json={}, headers=headers)).status_code == 204
    await app.state.revocations.read()
    assert [(await person.client.get("/api/me")).status_code for person in (ada, bob)] == [401, 401]


async def test_while_a_sign_in_runs_its_key_starts_no_other(
    client: httpx.AsyncClient, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashing, go = asyncio.Event(), asyncio.Event()
    verify = BcryptHasher.verify

    async def verify_once_told(hasher: BcryptHasher, password: str, hashed: str | None) -> bool:
        if not hashing.is_set():
            hashing.set()
            await go.wait()
        return await verify(hasher, password, hashed)

    monkeypatch.setattr(BcryptHasher, "verify", verify_once_told)
    body = {"email": ada.user.email, "password": PASSWORD}
    running = asyncio.create_task(client.post("/api/auth/login", json=body, headers=key_of(ada)))
    await hashing.wait()
    held = await client.post("/api/auth/login", json=body, headers=key_of(ada))
    assert (held.status_code, held.json()["code"]) == (409, "idempotency_key_in_use")
    assert held.headers["retry-after"] == "1"
    go.set()
    first = await running
    again = await client.post("/api/auth/login", json=body, headers=key_of(ada))
    assert (again.headers["idempotent-replayed"], again.json()) == ("true", first.json())


async def test_a_refused_sign_in_leaves_its_key_free(client: httpx.AsyncClient, ada: Person) -> None:
    for password, status in (("a wrong guess", 401), (PASSWORD, 200)):
        body = {"email": ada.user.email, "password": password}
        assert (await client.post("/api/auth/login", json=body, headers=key_of(ada))).status_code == status


async def test_a_key_whose_request_was_never_heard_of_again_is_free_after_a_minute(
    app: Litestar, client: httpx.AsyncClient, ada: Person, clock: SettableClock
) -> None:
    """As when the process that worked under it was killed."""
    body = {"email": ada.user.email, "password": PASSWORD}
    await client.post("/api/auth/login", json=body, headers=key_of(ada))
    async with app.state.unit_of_work.database.engine.begin() as connection:
        await connection.execute(text("UPDATE idempotency_records SET answer = ''"))
    clock.advance(seconds=59)
    held = await client.post("/api/auth/login", json=body, headers=key_of(ada))
    assert (held.status_code, held.headers["retry-after"]) == (409, "1")
    clock.advance(seconds=1)
    assert (await client.post("/api/auth/login", json=body, headers=key_of(ada))).status_code == 200


async def test_old_records_are_pruned(app: Litestar, ada: Person, clock: SettableClock) -> None:
    await ada.client.post("/api/todos", json=MILK, headers=KEY)
    clock.advance(hours=25)
    async with app.state.unit_of_work.begin() as services:
        assert await services.idempotency.prune() >= 1
