"""How often passwords may be tried: by one address, whatever it says it is, and for one account."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import bcrypt
import httpx
import pytest
from litestar import Litestar

from app import bootstrap
from app.infrastructure.cache.throttle import RedisThrottle
from app.settings import RateLimit, Settings
from db.factories import UserFactory
from db.factories.accounts import PASSWORD
from tests.presentation.http.conftest import START, Person, SettableClock, store
from tests.presentation.http.mails import application
from tests.presentation.http.test_openapi import connect

pytestmark = pytest.mark.anyio

# by the day, for a busy machine takes long enough that one more would pass
MINUTE, HOUR, ANY = RateLimit(10, 86_400), RateLimit(100, 86_400), RateLimit(1_000_000, 60)


@asynccontextmanager
async def limited(
    settings: Settings, clock: SettableClock, *, minute: RateLimit, hour: RateLimit
) -> AsyncGenerator[Litestar]:
    """The application with these limits, held in Redis however long that takes to answer on a busy machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RedisThrottle", partial(RedisThrottle, timeout=5.0))
        async with application(settings, clock, rate_limit_login=minute, rate_limit_login_hour=hour) as other:
            yield other


@pytest.fixture(scope="module")
async def by_minute(app: Litestar, settings: Settings, session_clock: SettableClock) -> AsyncGenerator[Litestar]:
    """The application with the limit of a minute alone, which starts after the other one and ends before."""
    assert app
    async with limited(settings, session_clock, minute=MINUTE, hour=HOUR) as other:
        yield other


@pytest.fixture(scope="module")
async def by_hour(by_minute: Litestar, settings: Settings, session_clock: SettableClock) -> AsyncGenerator[Litestar]:
    assert by_minute
    async with limited(settings, session_clock, minute=ANY, hour=HOUR) as other:
        yield other


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was compared with a hash, which none of it made."""
    seen: list[bytes] = []

    def compare(password: bytes, _: bytes) -> bool:
        seen.append(password)
        return False

    monkeypatch.setattr(bcrypt, "checkpw", compare)
    return seen


async def guess(client: httpx.AsyncClient, number: int, **headers: str) -> httpx.Response:
    """For another account each time, for one account alone has a limit of its own."""
    body = {"email": f"somebody{number}@example.com", "password": "a wrong guess"}
    return await client.post("/api/auth/login", json=body, headers=headers)


async def test_th1_an_address_signs_in_ten_times_a_minute_whatever_it_says_it_is(
    by_minute: Litestar, clock: SettableClock, hashes: list[bytes]
) -> None:
    assert clock.now() == START
    async with connect(by_minute) as client:
        for number in range(10):
            answer = await guess(client, number, **{"X-Forwarded-For": f"198.51.100.{number}"})
            assert answer.status_code == 401
        for number in range(10, 13):
            spoofed = {"X-Forwarded-For": f"198.51.100.{number}", "X-Real-IP": f"198.51.100.{number}"}
            refused = await guess(client, number, **spoofed, Forwarded=f"for=198.51.100.{number}")
            assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
            assert int(refused.headers["retry-after"]) >= 1
    # nobody's password was looked at for those who came too often
    assert len(hashes) == 10
    async with connect(by_minute) as elsewhere:
        assert (await guess(elsewhere, 20)).status_code == 401


async def test_th1_an_address_signs_in_a_hundred_times_an_hour(
    by_hour: Litestar, clock: SettableClock, hashes: list[bytes]
) -> None:
    assert clock.now() == START
    async with connect(by_hour) as client:
        answers = [await guess(client, number) for number in range(101)]
    assert [answer.status_code for answer in answers] == [401] * 100 + [429]
    assert len(hashes) == 100


@pytest.mark.parametrize("known", [True, False])
async def test_th1_an_account_that_rests_costs_no_hash(
    client: httpx.AsyncClient, ada: Person, hashes: list[bytes], known: bool
) -> None:
    body = {"email": ada.user.email if known else "th1.nobody@example.com", "password": "a wrong guess"}
    statuses = [(await client.post("/api/auth/login", json=body)).status_code for _ in range(6)]
    assert statuses == [401, 401, 401, 401, 401, 429]
    assert len(hashes) == 5


async def test_th1_a_changed_password_is_guessed_no_faster_at_the_account_itself(
    ada: Person, client: httpx.AsyncClient, hashes: list[bytes]
) -> None:
    """Whoever took an access token has as many guesses at the password as anybody."""
    body = {"currentPassword": "a wrong guess", "newPassword": "another horse battery staple"}
    statuses = [(await ada.client.post("/api/me/password", json=body)).status_code for _ in range(6)]
    assert statuses == [401, 401, 401, 401, 401, 429]
    sign_in = {"email": ada.user.email, "password": "a wrong guess"}
    assert (await client.post("/api/auth/login", json=sign_in)).status_code == 429
    assert len(hashes) == 5


@pytest.mark.parametrize("known", [True, False])
async def test_th1_after_five_failures_an_account_rests_whether_it_exists_or_not(
    client: httpx.AsyncClient, app: Litestar, clock: SettableClock, known: bool
) -> None:
    user = UserFactory.build()
    if known:
        await store(app, user)
    body = {"email": user.email, "password": "a wrong guess"}
    for wait in (0, 0, 0, 0, 1, 2, 4, 8):
        assert (await client.post("/api/auth/login", json=body)).status_code == 401
        if wait:
            refused = await client.post("/api/auth/login", json={**body, "password": PASSWORD})
            assert (refused.status_code, refused.headers["retry-after"]) == (429, str(wait))
            clock.advance(seconds=wait)
    answer = await client.post("/api/auth/login", json={**body, "password": PASSWORD})
    assert answer.status_code == (200 if known else 401)


async def test_th1_a_success_forgets_the_failures_and_a_day_does_too(
    client: httpx.AsyncClient, app: Litestar, clock: SettableClock
) -> None:
    user = UserFactory.build()
    await store(app, user)
    wrong = {"email": user.email, "password": "a wrong guess"}
    for _ in range(3):
        for _ in range(4):
            assert (await client.post("/api/auth/login", json=wrong)).status_code == 401
        assert (await client.post("/api/auth/login", json={**wrong, "password": PASSWORD})).status_code == 200
    for _ in range(5):
        assert (await client.post("/api/auth/login", json=wrong)).status_code == 401
    clock.advance(days=1, seconds=1)
    for _ in range(5):
        assert (await client.post("/api/auth/login", json=wrong)).status_code == 401


async def test_th1_two_hundred_parallel_guesses_stay_within_the_budget(
    client: httpx.AsyncClient, app: Litestar
) -> None:
    user = UserFactory.build()
    await store(app, user)
    bodies = ({"email": user.email, "password": f"guess number {number}"} for number in range(200))
    answers = await asyncio.gather(*(client.post("/api/auth/login", json=body) for body in bodies))
    tried = [answer for answer in answers if answer.status_code == 401]
    assert len(tried) <= 5
    assert all(answer.status_code in {401, 429, 503} for answer in answers)
