"""Addresses proven and passwords set by mailed tokens: each is used once, in time, for its one purpose."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import text

from app.domain.accounts import MailPurpose
from db.factories import UserFactory
from db.factories.accounts import PASSWORD
from tests.presentation.http.conftest import START, People, Person, SettableClock, client_of, store
from tests.presentation.http.mails import (
    PASSWORD_CHANGED,
    SUBJECTS,
    ask,
    mails_to,
    reset_token,
    subjects_to,
    token_in,
    token_to,
)

pytestmark = pytest.mark.anyio

NEXT_PASSWORD = "another horse battery staple"
INVALID = (400, "invalid_mail_token")

Answers = Callable[[], Awaitable[httpx.Response]]


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"] if answer.content else ""


async def registered(client: httpx.AsyncClient, mailbox: str) -> dict[str, str]:
    body = {"email": f"{mailbox}@example.com", "password": PASSWORD, "name": "Ada Lovelace"}
    answer = await client.post("/api/auth/register", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def verify(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/api/auth/verify-email", json={"token": token})


async def reset(client: httpx.AsyncClient, token: str, password: str = NEXT_PASSWORD) -> httpx.Response:
    return await client.post("/api/auth/reset-password", json={"token": token, "password": password})


async def sign_in(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/api/auth/login", json={"email": email, "password": password})


async def audited(app: Litestar, person: Person) -> list[str]:
    """What the audit log says of an account, in its order."""
    query = text("SELECT action FROM audit_events WHERE subject_id = :id ORDER BY id")
    async with app.state.unit_of_work.database.engine.connect() as connection:
        return list(await connection.scalars(query, {"id": person.user.id}))


async def test_em1_signing_up_mails_a_token_that_verifies_the_address_once(
    app: Litestar, client: httpx.AsyncClient, clock: SettableClock
) -> None:
    pair = await registered(client, "newcomer")
    token = await token_to(app, "newcomer@example.com", MailPurpose.VERIFY_EMAIL)
    clock.advance(hours=23)
    assert (await verify(client, token)).status_code == 204
    refreshed = await client.post("/api/auth/refresh", json={"refreshToken": pair["refreshToken"]})
    me = refreshed.json()["user"]
    assert (me["emailVerifiedAt"], me["version"]) == ("2030-01-01T23:00:00Z", 2)
    assert told(await verify(client, token)) == INVALID


async def test_em1_a_reset_token_is_used_once(app: Litestar, client: httpx.AsyncClient, ada: Person) -> None:
    token = await reset_token(app, client, ada.user.email)
    assert (await reset(client, token)).status_code == 204
    assert told(await reset(client, token, "a third horse battery staple")) == INVALID
    assert (await sign_in(client, ada.user.email)).status_code == 401
    assert (await sign_in(client, ada.user.email, NEXT_PASSWORD)).status_code == 200


@pytest.mark.parametrize("route", ["verify-email", "reset-password"])
async def test_em1_of_twenty_parallel_uses_of_a_token_one_succeeds(
    app: Litestar, client: httpx.AsyncClient, people: People, route: str
) -> None:
    for _ in range(3):
        person = await people.make(email_verified_at=None)
        uses: Answers
        if route == "verify-email":
            await ask(client, "resend-verification", person.user.email)
            verification = await token_to(app, person.user.email, MailPurpose.VERIFY_EMAIL)
            uses = lambda token=verification: verify(client, token)  # noqa: E731 -- one of two
        else:
            renewal = await reset_token(app, client, person.user.email)
            uses = lambda token=renewal: reset(client, token)  # noqa: E731 -- one of two
        answers = await asyncio.gather(*(uses() for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [204, *[400] * 19]


async def test_em1_a_newer_mail_voids_the_one_before(app: Litestar, client: httpx.AsyncClient, people: People) -> None:
    person = await people.make(email_verified_at=None)
    address = person.user.email
    first = await reset_token(app, client, address)
    second = await reset_token(app, client, address)
    assert first != second
    assert told(await reset(client, first)) == INVALID
    await ask(client, "resend-verification", address)
    earlier = await token_to(app, address, MailPurpose.VERIFY_EMAIL)
    await ask(client, "resend-verification", address)
    later = await token_to(app, address, MailPurpose.VERIFY_EMAIL)
    assert told(await verify(client, earlier)) == INVALID
    assert (await verify(client, later)).status_code == 204
    # of another purpose, it was not touched by those
    assert (await reset(client, second)).status_code == 204


async def test_em1_tokens_expire(
    app: Litestar, client: httpx.AsyncClient, people: People, clock: SettableClock
) -> None:
    person = await people.make(email_verified_at=None)
    await ask(client, "resend-verification", person.user.email)
    verification = await token_to(app, person.user.email, MailPurpose.VERIFY_EMAIL)
    for seconds, expected in ((30 * 60 - 1, 204), (30 * 60, 400)):
        token = await reset_token(app, client, person.user.email)
        clock.advance(seconds=seconds)
        assert (await reset(client, token)).status_code == expected
    clock.instant = START
    clock.advance(hours=24)
    assert told(await verify(client, verification)) == INVALID


async def test_em1_a_token_is_good_for_its_purpose_alone(
    app: Litestar, client: httpx.AsyncClient, people: People
) -> None:
    person = await people.make(email_verified_at=None)
    await ask(client, "resend-verification", person.user.email)
    verification = await token_to(app, person.user.email, MailPurpose.VERIFY_EMAIL)
    renewal = await reset_token(app, client, person.user.email)
    assert told(await reset(client, verification)) == INVALID
    assert told(await verify(client, renewal)) == INVALID
    assert (await verify(client, verification)).status_code == 204
    assert (await reset(client, renewal)).status_code == 204


@pytest.mark.parametrize("token", ["x", "A" * 43, "A" * 256, "é" * 43, "' OR 1=1 --"])
async def test_em1_what_was_never_mailed_is_no_token(client: httpx.AsyncClient, token: str) -> None:
    assert told(await verify(client, token)) == INVALID
    assert told(await reset(client, token)) == INVALID


async def test_em1_only_the_hash_of_a_token_is_stored(app: Litestar, client: httpx.AsyncClient, ada: Person) -> None:
    token = await reset_token(app, client, ada.user.email)
    query = text("SELECT row_to_json(t)::text, token_hash FROM mail_tokens t WHERE user_id = :id")
    async with app.state.unit_of_work.database.engine.connect() as connection:
        ((row, stored),) = (await connection.execute(query, {"id": ada.user.id})).all()
        events = " ".join(await connection.scalars(text("SELECT row_to_json(e)::text FROM audit_events e")))
    assert stored == sha256(token.encode()).digest()
    assert token not in row + events


async def test_em1_nothing_but_a_post_uses_a_token_up(app: Litestar, client: httpx.AsyncClient, ada: Person) -> None:
    token = await reset_token(app, client, ada.user.email)
    async with client_of(app) as browser:
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            answer = await browser.request(method, "/api/auth/reset-password", params={"token": token})
            assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, {"OPTIONS", "POST"})
        page = await browser.get("/auth/reset-password", params={"token": token})
    assert page.status_code == 200
    assert (await reset(client, token)).status_code == 204


async def test_em1_a_forged_host_is_nowhere_in_a_mail(app: Litestar, client: httpx.AsyncClient, ada: Person) -> None:
    forged = {
        name: "https://evil.example" if name in {"Origin", "Referer"} else "evil.example"
        for name in ("Host", "X-Forwarded-Host", "X-Original-Host", "X-Forwarded-Server", "Origin", "Referer")
    }
    forged |= {"Forwarded": "host=evil.example", "User-Agent": "evil.example", "X-Forwarded-Proto": "evil.example"}
    await client.post("/api/auth/forgot-password", json={"email": ada.user.email}, headers=forged)
    (mail,) = await mails_to(app, ada.user.email)
    assert "evil" not in mail.subject + mail.text + mail.html
    assert token_in(mail)


async def test_en3_a_confusable_address_never_receives_what_is_anothers(
    app: Litestar, client: httpx.AsyncClient, people: People
) -> None:
    kate = await people.make(email="kate@example.com")
    # full-width letters, the sign for kelvin: the same address in its canonical form
    spellings = ["\uff4b\uff41te@example.com", "\u212aate@example.com", "KATE@EXAMPLE.COM", "kate@\uff25xample.com"]
    for spelling in spellings:
        before = len(await mails_to(app, kate.user.email))
        await ask(client, "forgot-password", spelling)
        assert len(await mails_to(app, kate.user.email)) == before + 1
        assert not await mails_to(app, spelling) or spelling == kate.user.email
    # cyrillic letters, a dotless i, an accent, a blank: other addresses, and nobody's
    kept = len(await app.state.mailbox.read())
    for spelling in ("k\u0430te@example.com", "kate@ex\u0430mple.com", "káte@example.com", "kate @example.com"):
        await ask(client, "forgot-password", spelling)
    await ask(client, "forgot-password", "kate@example.com,mallory@example.org")
    await app.state.mail_queue.drained()
    assert len(await app.state.mailbox.read()) == kept


async def test_rv1_a_reset_ends_every_session_verifies_the_address_and_clears_the_way_to_sign_in(
    app: Litestar, client: httpx.AsyncClient, people: People
) -> None:
    person = await people.make(email_verified_at=None)
    address = person.user.email
    tokens = [(await sign_in(client, address)).json()["refreshToken"] for _ in range(3)]
    for _ in range(5):
        assert (await sign_in(client, address, "a wrong guess")).status_code == 401
    assert (await sign_in(client, address)).status_code == 429
    await ask(client, "resend-verification", address)
    verification = await token_to(app, address, MailPurpose.VERIFY_EMAIL)
    token = await reset_token(app, client, address)
    assert (await reset(client, token)).status_code == 204
    await app.state.revocations.read()
    assert (await person.client.get("/api/me")).status_code == 401
    for refresh_token in tokens:
        answer = await client.post("/api/auth/refresh", json={"refreshToken": refresh_token})
        assert told(answer) == (401, "invalid_refresh_token")
    signed_in = await sign_in(client, address, NEXT_PASSWORD)
    assert signed_in.json()["user"]["emailVerifiedAt"] == "2030-01-01T00:00:00Z"
    assert told(await verify(client, verification)) == INVALID
    assert (await subjects_to(app, address))[-1] == PASSWORD_CHANGED
    assert {"mail.reset_password", "password.reset"} <= set(await audited(app, person))


@pytest.mark.parametrize(
    ("password", "refusal"),
    [("é" * 37, (422, "password_too_long")), ("password1", (422, "password_compromised")), (None, (422, ""))],
)
async def test_a_token_is_still_good_after_a_password_that_is_refused(
    app: Litestar, client: httpx.AsyncClient, people: People, password: str | None, refusal: tuple[int, str]
) -> None:
    person = await people.make(email=f"marmaduke{refusal[1]}@example.com")
    token = await reset_token(app, client, person.user.email)
    # without one, it is little more than the account's own address
    answer = await reset(client, token, password or person.user.email.partition("@")[0])
    assert told(answer) == (422, refusal[1] or "password_compromised")
    assert (await reset(client, token)).status_code == 204


async def test_a_disabled_or_deleted_account_gets_no_mail_and_its_tokens_are_void(
    app: Litestar, client: httpx.AsyncClient, people: People
) -> None:
    gone, barred = await people.make(), await people.make()
    tokens = [await reset_token(app, client, person.user.email) for person in (gone, barred)]
    assert (await gone.client.delete("/api/me")).status_code == 204
    async with app.state.unit_of_work.database.engine.begin() as connection:
        query = text("UPDATE users SET disabled_at = now() WHERE id = :id")
        await connection.execute(query, {"id": barred.user.id})
    for token in tokens:
        assert told(await reset(client, token)) == INVALID
    for person in (gone, barred):
        before = len(await mails_to(app, person.user.email))
        await ask(client, "forgot-password", person.user.email)
        await ask(client, "resend-verification", person.user.email)
        assert len(await mails_to(app, person.user.email)) == before


async def test_only_an_address_that_waits_for_it_is_sent_another_verification(
    app: Litestar, client: httpx.AsyncClient
) -> None:
    waiting, verified = UserFactory.build(email_verified_at=None), UserFactory.build()
    await store(app, waiting, verified)
    for address in (waiting.email, verified.email, "nobody.at.all@example.com"):
        await ask(client, "resend-verification", address)
    assert await subjects_to(app, waiting.email) == [SUBJECTS[MailPurpose.VERIFY_EMAIL]]
    assert not await mails_to(app, verified.email)
