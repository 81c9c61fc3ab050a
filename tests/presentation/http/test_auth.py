import asyncio
import os
import random
from threading import Event
from uuid import uuid4
from zlib import crc32

import bcrypt
import httpx
import pytest
from litestar import Litestar
from sqlalchemy import text
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from app.infrastructure.security.passwords import QUEUE
from db.factories import UserFactory
from db.factories.accounts import PASSWORD
from tests.presentation.http.conftest import START, SettableClock, store

pytestmark = pytest.mark.anyio

ADA = {"email": "Ada@Example.com", "password": "correct horse battery staple", "name": "Ada Lovelace"}


def unique(mailbox: str, **fields: str) -> dict[str, str]:
    return {**ADA, "email": f"{mailbox}@example.com", **fields}


async def registered(client: httpx.AsyncClient, name: str) -> dict[str, str]:
    response = await client.post("/api/auth/register", json=unique(name))
    assert response.status_code == 201, response.text
    return dict(response.json())


async def test_en2_registering_signs_in_where_no_proof_is_asked_for_first(client: httpx.AsyncClient) -> None:
    email = f"Ada.{uuid4().hex}@Example.com"
    response = await client.post("/api/auth/register", json=unique("ada", email=email, timeZone="Europe/Berlin"))
    assert response.status_code == 201
    pair = response.json()
    assert {name: pair[name] for name in ("tokenType", "expiresIn")} == {"tokenType": "Bearer", "expiresIn": 900}
    assert pair["user"] == {
        "id": pair["user"]["id"],
        "version": 1,
        "email": email,
        "name": "Ada Lovelace",
        "timeZone": "Europe/Berlin",
        "role": "user",
        "emailVerifiedAt": None,
        "createdAt": "2030-01-01T00:00:00Z",
        "updatedAt": "2030-01-01T00:00:00Z",
    }
    assert response.headers["cache-control"] == "no-store"
    me = await client.get("/api/me", headers={"Authorization": f"Bearer {pair['accessToken']}"})
    assert (me.status_code, me.json()) == (200, pair["user"])


async def test_en3_an_address_is_taken_however_it_is_spelt(client: httpx.AsyncClient) -> None:
    await registered(client, "taken")
    for spelling in ("taken@example.com", "TAKEN@EXAMPLE.COM", "Taken@Example.com"):
        response = await client.post("/api/auth/register", json=unique("x", email=spelling))
        assert (response.status_code, response.json()["code"]) == (409, "email_taken")


async def test_of_parallel_registrations_of_one_address_one_wins(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.post("/api/auth/register", json=unique("race")) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


async def test_pw1_a_password_of_73_bytes_is_refused_at_the_door_and_plainly_wrong_at_sign_in(
    client: httpx.AsyncClient,
) -> None:
    long = "é" * 36 + "x"
    response = await client.post("/api/auth/register", json=unique("long", password=long))
    assert (response.status_code, response.json()["code"]) == (422, "password_too_long")
    await client.post("/api/auth/register", json=unique("long", password="é" * 36))
    response = await client.post("/api/auth/login", json={"email": "long@example.com", "password": long})
    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")
    response = await client.post("/api/auth/login", json={"email": "long@example.com", "password": "é" * 36})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"email": "no address"}, ["email"]),
        ({"email": "a@b@c"}, ["email"]),
        ({"email": "a@" + "b" * 250 + ".com"}, ["email"]),
        ({"password": "short"}, ["password"]),
        ({"password": "x" * 129}, ["password"]),
        ({"name": "  "}, ["name"]),
        ({"name": "x" * 81}, ["name"]),
        ({"timeZone": "Mars/Olympus"}, ["timeZone"]),
        ({"timeZone": "../../etc/passwd"}, ["timeZone"]),
        ({"role": "admin"}, []),
    ],
)
async def test_a_registration_with_a_fault_makes_no_account(
    client: httpx.AsyncClient, fields: dict[str, str], path: list[str]
) -> None:
    mailbox = f"faulty{crc32(repr(fields).encode())}"
    response = await client.post("/api/auth/register", json=unique(mailbox, **fields))
    assert response.status_code == 422
    assert [issue["path"] for issue in response.json()["issues"]] == [path]
    login = await client.post("/api/auth/login", json={"email": f"{mailbox}@example.com", "password": ADA["password"]})
    assert login.status_code == 401


async def test_en1_unknown_disabled_and_mistaken_get_the_same_answer(client: httpx.AsyncClient, app: Litestar) -> None:
    await registered(client, "right")
    disabled = UserFactory.build(disabled_at=START)
    await store(app, disabled)
    bodies = [
        {"email": "right@example.com", "password": "not the password"},
        {"email": "nobody@example.com", "password": ADA["password"]},
        {"email": "no address", "password": ADA["password"]},
        {"email": disabled.email, "password": PASSWORD},
    ]
    answers = [await client.post("/api/auth/login", json=body) for body in bodies]
    problems = [{k: v for k, v in answer.json().items() if k != "requestId"} for answer in answers]
    assert all(answer.status_code == 401 for answer in answers)
    assert all(problem == problems[0] for problem in problems)
    assert problems[0]["code"] == "invalid_credentials"
    assert answers[0].headers["www-authenticate"] == 'Bearer error="invalid_grant"'


@pytest.mark.parametrize("prefix", [b"2a", b"2b"])
async def test_pw2_hashes_of_other_makers_and_costs_sign_in_and_are_renewed(
    client: httpx.AsyncClient, app: Litestar, prefix: bytes
) -> None:
    hashed = bcrypt.hashpw(b"from elsewhere", bcrypt.gensalt(4, prefix=prefix)).decode()
    user = UserFactory.build(password_hash=hashed)
    await store(app, user)
    body = {"email": user.email, "password": "from elsewhere"}
    assert (await client.post("/api/auth/login", json=body)).status_code == 200
    async with app.state.unit_of_work.read() as services:
        renewed = (await services.accounts.find_by_canonical_email(user.email_canonical)).password_hash
    assert renewed.startswith("$2b$10$")
    assert (await client.post("/api/auth/login", json=body)).status_code == 200


async def test_rt2_a_refresh_token_is_exchanged_once_and_its_reuse_ends_the_session(
    app: Litestar, client: httpx.AsyncClient, clock: SettableClock
) -> None:
    pair = await registered(client, "reuse")
    first = pair["refreshToken"]
    answer = await client.post("/api/auth/refresh", json={"refreshToken": first})
    assert answer.status_code == 200
    second = answer.json()["refreshToken"]
    assert second != first
    clock.advance(seconds=11)
    reused = await client.post("/api/auth/refresh", json={"refreshToken": first})
    assert (reused.status_code, reused.json()["code"]) == (401, "refresh_reused")
    # what the refusal tells of is committed, for any other process to see
    query = text("SELECT revoked_reason FROM sessions WHERE user_id = :id AND revoked_at IS NOT NULL")
    async with app.state.unit_of_work.database.engine.connect() as connection:
        assert list(await connection.scalars(query, {"id": answer.json()["user"]["id"]})) == ["refresh_reused"]
    for token in (second, first):
        after = await client.post("/api/auth/refresh", json={"refreshToken": token})
        assert (after.status_code, after.json()["code"]) == (401, "invalid_refresh_token")
    await app.state.revocations.read()
    for access in (pair["accessToken"], answer.json()["accessToken"]):
        assert (await client.get("/api/me", headers={"Authorization": f"Bearer {access}"})).status_code == 401


async def test_rt2_at_the_end_of_the_window_the_predecessor_still_gets_the_same_successor(
    client: httpx.AsyncClient, clock: SettableClock
) -> None:
    first = (await registered(client, "window"))["refreshToken"]
    answer = await client.post("/api/auth/refresh", json={"refreshToken": first})
    clock.advance(seconds=10)
    again = await client.post("/api/auth/refresh", json={"refreshToken": first})
    assert (again.status_code, again.json()["refreshToken"]) == (200, answer.json()["refreshToken"])
    # once that is used, its predecessor is two generations old
    assert (await client.post("/api/auth/refresh", json={"refreshToken": again.json()["refreshToken"]})).is_success
    reused = await client.post("/api/auth/refresh", json={"refreshToken": first})
    assert reused.json()["code"] == "refresh_reused"


async def test_rt2_fifty_parallel_refreshes_get_one_successor(client: httpx.AsyncClient) -> None:
    first = (await registered(client, "tabs"))["refreshToken"]
    body = {"refreshToken": first}
    answers = await asyncio.gather(*(client.post("/api/auth/refresh", json=body) for _ in range(50)))
    busy = [answer for answer in answers if answer.status_code == 503]
    good = [answer for answer in answers if answer.status_code == 200]
    assert len(good) + len(busy) == 50
    assert len({answer.json()["refreshToken"] for answer in good}) == 1
    successor = good[0].json()["refreshToken"]
    assert (await client.post("/api/auth/refresh", json={"refreshToken": successor})).status_code == 200


async def test_rt2_a_generation_older_than_the_last_is_reuse_within_the_window_too(client: httpx.AsyncClient) -> None:
    tokens = [(await registered(client, "old"))["refreshToken"]]
    for _ in range(2):
        answer = await client.post("/api/auth/refresh", json={"refreshToken": tokens[-1]})
        tokens.append(answer.json()["refreshToken"])
    reused = await client.post("/api/auth/refresh", json={"refreshToken": tokens[0]})
    assert reused.json()["code"] == "refresh_reused"
    assert (await client.post("/api/auth/refresh", json={"refreshToken": tokens[2]})).status_code == 401


async def test_rt1_sessions_end_after_seven_idle_days_and_after_thirty_in_all(
    client: httpx.AsyncClient, clock: SettableClock
) -> None:
    token = (await registered(client, "days"))["refreshToken"]
    for _ in range(4):
        clock.advance(days=6, hours=23)
        answer = await client.post("/api/auth/refresh", json={"refreshToken": token})
        assert answer.status_code == 200
        token = answer.json()["refreshToken"]
    clock.advance(days=3)
    assert (await client.post("/api/auth/refresh", json={"refreshToken": token})).status_code == 401
    token = (await registered(client, "idle"))["refreshToken"]
    clock.advance(days=7)
    assert (await client.post("/api/auth/refresh", json={"refreshToken": token})).status_code == 401


async def test_rv1_logout_ends_the_session_and_may_be_said_twice(client: httpx.AsyncClient) -> None:
    token = (await registered(client, "leaving"))["refreshToken"]
    for _ in range(2):
        answer = await client.post("/api/auth/logout", json={"refreshToken": token})
        assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.post("/api/auth/logout", json={"refreshToken": "unknown"})).status_code == 204
    assert (await client.post("/api/auth/refresh", json={"refreshToken": token})).status_code == 401


@pytest.mark.parametrize(
    "password",
    ["password1", "Password1", "qwertyuiop", "iloveyou1", "evenstar", "Evenstar123", "compromised", "compromisedx"],
)
async def test_pw1_passwords_that_are_guessed_first_are_refused(client: httpx.AsyncClient, password: str) -> None:
    answer = await client.post("/api/auth/register", json=unique("compromised", password=password))
    assert (answer.status_code, answer.json()["code"]) == (422, "password_compromised")


async def test_pw1_twenty_passwords_out_of_the_most_common_ones_are_refused(client: httpx.AsyncClient) -> None:
    common = [word for word in FREQUENCY_LISTS["passwords"] if len(word) >= 8]
    assert len(FREQUENCY_LISTS["passwords"]) >= 10_000
    for password in random.sample(common, 20):
        answer = await client.post("/api/auth/register", json=unique("common", password=password))
        assert (answer.status_code, answer.json()["code"]) == (422, "password_compromised"), password


async def test_pw1_spaces_and_every_script_may_stand_in_a_password(client: httpx.AsyncClient) -> None:
    password = "  пароль 密码 🙂  "
    assert (await client.post("/api/auth/register", json=unique("script", password=password))).status_code == 201
    for given, status in ((password, 200), (password.strip(), 401)):
        answer = await client.post("/api/auth/login", json={"email": "script@example.com", "password": given})
        assert answer.status_code == status


async def test_pw2_who_finds_too_many_waiting_for_a_hash_is_told_when_to_come_again(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, places = Event(), (os.cpu_count() or 1) + QUEUE

    def wait(_: bytes, __: bytes) -> bool:
        return not released.wait(30)

    monkeypatch.setattr(bcrypt, "checkpw", wait)
    bodies = [{"email": f"queue{number}@example.com", "password": "a wrong guess"} for number in range(places + 8)]
    calls = [asyncio.create_task(client.post("/api/auth/login", json=body)) for body in bodies]
    try:
        for _, refused in zip(range(8), asyncio.as_completed(calls), strict=False):
            await refused
        # whoever wants no hash does not wait
        assert (await client.get("/health/live")).status_code == 200
    finally:
        released.set()
    answers = await asyncio.gather(*calls)
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(refused) >= 8
    assert all(answer.json()["code"] == "unavailable" and answer.headers["retry-after"] for answer in refused)
    assert {answer.status_code for answer in answers} == {401, 503}
