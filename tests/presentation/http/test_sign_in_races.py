"""Between the check of a password and the sign-in that follows from it, the password may become another."""

import asyncio
from collections.abc import Awaitable, Callable

import bcrypt
import httpx
import pytest
from litestar import Litestar

from app.domain.ports import PasswordHasher
from db.factories import UserFactory
from db.factories.accounts import PASSWORD
from tests.presentation.http.conftest import Person, store
from tests.presentation.http.mails import reset_token
from tests.presentation.http.test_mail_flows import NEXT_PASSWORD, reset, sign_in, told

pytestmark = pytest.mark.anyio


class Interrupted:
    """A hasher after whose first verification something else happens."""

    def __init__(self, inner: PasswordHasher, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._inner = inner
        self._meanwhile: list[Callable[[], Awaitable[object]]] = [meanwhile]

    async def hash(self, password: str) -> str:
        return await self._inner.hash(password)

    async def verify(self, password: str, hashed: str | None) -> bool:
        verified = await self._inner.verify(password, hashed)
        if self._meanwhile:
            await self._meanwhile.pop()()
        return verified

    def outdated(self, hashed: str) -> bool:
        return self._inner.outdated(hashed)


def interrupt(
    app: Litestar, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], Awaitable[httpx.Response]]
) -> list[int]:
    """Have something happen in the midst of the next sign-in; returns where its status will be told."""
    statuses: list[int] = []

    async def note() -> None:
        statuses.append((await meanwhile()).status_code)

    authentication = app.state.authentication
    monkeypatch.setattr(authentication, "_hasher", Interrupted(authentication._hasher, note))  # noqa: SLF001 -- no name
    return statuses


async def test_a_sign_in_with_the_old_password_does_not_outlive_a_reset_in_its_midst(
    app: Litestar, client: httpx.AsyncClient, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await reset_token(app, client, ada.user.email)
    statuses = interrupt(app, monkeypatch, lambda: reset(client, token))
    assert told(await sign_in(client, ada.user.email)) == (401, "invalid_credentials")
    assert statuses == [204]
    pair = (await sign_in(client, ada.user.email, NEXT_PASSWORD)).json()
    sessions = await client.get("/api/me/sessions", headers={"Authorization": f"Bearer {pair['accessToken']}"})
    assert len(sessions.json()["items"]) == 1


async def test_a_thief_does_not_change_the_password_over_a_reset_in_its_midst(
    app: Litestar, client: httpx.AsyncClient, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await reset_token(app, client, ada.user.email)
    statuses = interrupt(app, monkeypatch, lambda: reset(client, token))
    body = {"currentPassword": PASSWORD, "newPassword": "the thief's own password"}
    assert told(await ada.client.post("/api/me/password", json=body)) == (401, "invalid_credentials")
    assert statuses == [204]
    assert (await sign_in(client, ada.user.email, NEXT_PASSWORD)).status_code == 200


async def test_parallel_sign_ins_that_renew_the_hash_all_succeed(app: Litestar, client: httpx.AsyncClient) -> None:
    user = UserFactory.build(password_hash=bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode())
    await store(app, user)
    answers = await asyncio.gather(*(sign_in(client, user.email) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
