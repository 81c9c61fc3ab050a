"""A new address becomes the account's once it is proven, and mails tell of what happens to an account."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar

from app.domain.accounts import MailPurpose
from db.factories.accounts import PASSWORD
from tests.presentation.http.conftest import People, Person, SettableClock
from tests.presentation.http.mails import (
    CHANGE_REQUESTED,
    CHANGED,
    PASSWORD_CHANGED,
    SESSION_ENDED,
    SUBJECTS,
    ask,
    mails_to,
    reset_token,
    subjects_to,
    token_to,
)
from tests.presentation.http.test_mail_flows import INVALID, NEXT_PASSWORD, audited, reset, sign_in, told, verify

pytestmark = pytest.mark.anyio

CONFIRM = SUBJECTS[MailPurpose.CHANGE_EMAIL]


def made_up() -> str:
    return f"new.{uuid4().hex}@example.com"


async def change(person: Person, email: str) -> None:
    answer = await person.client.post("/api/me/email", json={"email": email})
    assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})


async def change_token(app: Litestar, person: Person, email: str) -> str:
    await change(person, email)
    return await token_to(app, email, MailPurpose.CHANGE_EMAIL)


async def test_em2_the_old_address_signs_in_until_the_new_one_is_confirmed(
    app: Litestar, client: httpx.AsyncClient, ada: Person
) -> None:
    old, new = ada.user.email, made_up().replace("new", "New")
    token = await change_token(app, ada, new)
    assert await subjects_to(app, old) == [CHANGE_REQUESTED]
    assert (await sign_in(client, old)).status_code == 200
    assert (await sign_in(client, new)).status_code == 401
    assert (await ada.client.get("/api/me")).json()["email"] == old

    assert (await verify(client, token)).status_code == 204
    assert (await sign_in(client, old)).status_code == 401
    signed_in = await sign_in(client, new.lower())
    assert (signed_in.status_code, signed_in.json()["user"]["email"]) == (200, new)
    assert await subjects_to(app, old) == [CHANGE_REQUESTED, CHANGED]
    assert await subjects_to(app, new) == [CONFIRM]
    assert told(await verify(client, token)) == INVALID
    await app.state.revocations.read()
    assert (await ada.client.get("/api/me")).status_code == 401
    assert await audited(app, ada) == ["email.change_request", "session.start", "email.change", "session.start"]


async def test_em2_confirming_proves_the_new_address(app: Litestar, client: httpx.AsyncClient, people: People) -> None:
    person = await people.make(email_verified_at=None)
    new = made_up()
    assert (await verify(client, await change_token(app, person, new))).status_code == 204
    assert (await sign_in(client, new)).json()["user"]["emailVerifiedAt"] == "2030-01-01T00:00:00Z"


async def test_su1_a_change_of_address_needs_a_sign_in_of_the_last_five_minutes(
    app: Litestar, ada: Person, clock: SettableClock
) -> None:
    clock.advance(seconds=301)
    new = made_up()
    answer = await ada.client.post("/api/me/email", json={"email": new})
    assert told(answer) == (401, "reauthentication_required")
    assert not await mails_to(app, new)


async def test_em2_nobody_is_told_that_an_address_is_taken(app: Litestar, ada: Person, bob: Person) -> None:
    free = made_up()
    answers = [await ada.client.post("/api/me/email", json={"email": email}) for email in (bob.user.email, free)]
    seen = [(answer.status_code, answer.content, sorted(set(answer.headers) - {"x-request-id"})) for answer in answers]
    assert seen[0] == seen[1]
    # nor by what their own mailbox receives
    assert await subjects_to(app, ada.user.email) == [CHANGE_REQUESTED] * 2
    assert not await mails_to(app, bob.user.email)


async def test_em2_of_two_accounts_that_confirm_one_address_one_has_it(
    app: Litestar, client: httpx.AsyncClient, ada: Person, bob: Person
) -> None:
    new = made_up()
    tokens = [await change_token(app, ada, new), await change_token(app, bob, new)]
    answers = await asyncio.gather(*(verify(client, token) for token in tokens))
    assert sorted(told(answer) for answer in answers) == [(204, ""), (409, "email_taken")]
    loser = (ada, bob)[[answer.status_code for answer in answers].index(409)]
    assert (await loser.client.get("/api/me")).json()["email"] == loser.user.email
    assert (await sign_in(client, loser.user.email)).status_code == 200


async def test_em2_a_change_of_spelling_is_a_change_too(app: Litestar, client: httpx.AsyncClient, ada: Person) -> None:
    spelt = ada.user.email.upper()
    assert (await verify(client, await change_token(app, ada, spelt))).status_code == 204
    assert (await sign_in(client, ada.user.email)).json()["user"]["email"] == spelt


@pytest.mark.usefixtures("unheard")
async def test_em2_a_request_is_void_once_the_password_is_another_or_its_session_has_ended(
    app: Litestar, client: httpx.AsyncClient, people: People
) -> None:
    ada, bob = await people.make(), await people.make()
    new = made_up()
    token = await change_token(app, ada, new)
    assert (await reset(client, await reset_token(app, client, ada.user.email))).status_code == 204
    assert told(await verify(client, token)) == INVALID
    token = await change_token(app, bob, new)
    body = {"currentPassword": PASSWORD, "newPassword": NEXT_PASSWORD}
    assert (await bob.client.post("/api/me/password", json=body)).status_code == 200
    assert told(await verify(client, token)) == INVALID
    # the feed of ended sessions has not heard of it yet, but what is carried out later has
    before = len(await mails_to(app, new))
    await change(bob, new)
    assert len(await mails_to(app, new)) == before


async def test_what_was_mailed_to_an_address_is_void_when_it_is_no_longer_the_accounts(
    app: Litestar, client: httpx.AsyncClient, people: People
) -> None:
    person = await people.make(email_verified_at=None)
    renewal = await reset_token(app, client, person.user.email)
    await ask(client, "resend-verification", person.user.email)
    verification = await token_to(app, person.user.email, MailPurpose.VERIFY_EMAIL)
    assert (await verify(client, await change_token(app, person, made_up()))).status_code == 204
    assert told(await reset(client, renewal)) == INVALID
    assert told(await verify(client, verification)) == INVALID


@pytest.mark.parametrize("email", ["no address", "a@b@c.example", "ada@example.com\r\nBcc: eve@example.com", ""])
async def test_what_is_no_address_is_refused(ada: Person, email: str) -> None:
    assert told(await ada.client.post("/api/me/email", json={"email": email})) == (422, "validation_failed")


async def test_a_change_of_the_password_is_told_by_mail(app: Litestar, ada: Person) -> None:
    body = {"currentPassword": PASSWORD, "newPassword": NEXT_PASSWORD}
    assert (await ada.client.post("/api/me/password", json=body)).status_code == 200
    assert await subjects_to(app, ada.user.email) == [PASSWORD_CHANGED]


async def test_rt2_a_refresh_token_used_twice_is_told_by_mail(
    app: Litestar, client: httpx.AsyncClient, ada: Person, clock: SettableClock
) -> None:
    first = (await sign_in(client, ada.user.email)).json()["refreshToken"]
    await client.post("/api/auth/refresh", json={"refreshToken": first})
    clock.advance(seconds=11)
    answer = await client.post("/api/auth/refresh", json={"refreshToken": first})
    assert told(answer) == (401, "refresh_reused")
    # and no more of it, however often it is tried
    await client.post("/api/auth/refresh", json={"refreshToken": first})
    assert await subjects_to(app, ada.user.email) == [SESSION_ENDED]
    assert "session.reuse" in await audited(app, ada)


async def test_a_refusal_sends_no_mail(app: Litestar, ada: Person) -> None:
    body = {"currentPassword": "not the password", "newPassword": NEXT_PASSWORD}
    assert (await ada.client.post("/api/me/password", json=body)).status_code == 401
    assert not await mails_to(app, ada.user.email)
