"""What strangers may have sent to one address, from one address, and how often one session may refresh."""

import asyncio
import random
from collections.abc import AsyncGenerator
from functools import partial

import httpx
import pytest
from litestar import Litestar

from app import bootstrap
from app.domain.accounts import MailPurpose
from app.infrastructure.cache.throttle import RedisThrottle
from app.settings import RateLimit, Settings
from db.factories import UserFactory
from tests.presentation.http.conftest import START, People, SettableClock, store
from tests.presentation.http.mails import SUBJECTS, TAKEN, application, mails_to, subjects_to
from tests.presentation.http.test_enumeration import register
from tests.presentation.http.test_mail_flows import sign_in, told
from tests.presentation.http.test_openapi import connect

pytestmark = pytest.mark.anyio

ACCEPTED = (202, "")


@pytest.fixture(scope="module")
async def limited_app(app: Litestar, settings: Settings, session_clock: SettableClock) -> AsyncGenerator[Litestar]:
    """The application with production's rate limits, which starts after the other one and ends before."""
    assert app
    limits = {
        name: RateLimit(*rate)
        for name, rate in {
            "rate_limit_register": (5, 3600),
            # by the day, for a busy machine takes long enough that one more would pass
            "rate_limit_refresh": (30, 86_400),
            "rate_limit_forgot": (10, 3600),
            "rate_limit_forgot_account": (3, 3600),
            "rate_limit_api": (600, 60),
        }.items()
    }
    with pytest.MonkeyPatch.context() as patch:
        # on a busy machine Valkey may be late, and each process would count by itself
        patch.setattr(bootstrap, "RedisThrottle", partial(RedisThrottle, timeout=5.0))
        async with application(settings, session_clock, auth_email_verification="required", **limits) as other:
            yield other


@pytest.fixture
async def limited(limited_app: Litestar, clock: SettableClock) -> AsyncGenerator[httpx.AsyncClient]:
    """Somebody at an address of their own."""
    assert clock.now() == START
    async with connect(limited_app) as client:
        yield client


def made_up() -> str:
    return f"limited.{random.getrandbits(64):x}@example.com"


async def ask(client: httpx.AsyncClient, route: str, email: str) -> tuple[int, str]:
    answer = await client.post(f"/api/auth/{route}", json={"email": email})
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.parametrize(
    ("route", "purpose"),
    [("forgot-password", MailPurpose.RESET_PASSWORD), ("resend-verification", MailPurpose.VERIFY_EMAIL)],
)
async def test_th2_an_account_is_sent_three_mails_an_hour_and_nobody_is_told_of_the_limit(
    limited_app: Litestar, limited: httpx.AsyncClient, route: str, purpose: MailPurpose
) -> None:
    user = UserFactory.build(email_verified_at=None)
    await store(limited_app, user)
    spellings = [user.email, user.email.upper(), user.email.title(), user.email, user.email.upper()]
    answers = [await limited.post(f"/api/auth/{route}", json={"email": email}) for email in spellings]
    assert [(answer.status_code, answer.content) for answer in answers] == [(202, answers[0].content)] * 5
    assert await subjects_to(limited_app, user.email) == [SUBJECTS[purpose]] * 3
    # nor by what the answers say of limits
    assert {answer.headers["ratelimit-policy"].count(";q=") for answer in answers} == {1}


@pytest.mark.parametrize("route", ["forgot-password", "resend-verification"])
async def test_th2_an_address_asks_ten_times_an_hour_whoever_it_asks_for(
    limited_app: Litestar, limited: httpx.AsyncClient, route: str
) -> None:
    user = UserFactory.build()
    await store(limited_app, user)
    answers = [await ask(limited, route, made_up()) for _ in range(10)]
    assert answers == [ACCEPTED] * 10
    assert await ask(limited, route, user.email) == (429, "too_many_requests")
    assert await ask(limited, route, made_up()) == (429, "too_many_requests")
    assert not await mails_to(limited_app, user.email)
    # the other route counts by itself
    other = {"forgot-password": "resend-verification", "resend-verification": "forgot-password"}[route]
    assert await ask(limited, other, made_up()) == ACCEPTED


async def test_th2_parallel_requests_for_one_account_stay_within_its_limit(limited_app: Litestar) -> None:
    user = UserFactory.build()
    await store(limited_app, user)

    async def from_anywhere() -> tuple[int, str]:
        async with connect(limited_app) as client:
            return await ask(client, "forgot-password", user.email)

    assert await asyncio.gather(*(from_anywhere() for _ in range(20))) == [ACCEPTED] * 20
    assert len(await mails_to(limited_app, user.email)) == 3


async def test_th2_who_has_an_account_is_told_three_times_an_hour_that_somebody_signs_up_with_their_address(
    limited_app: Litestar,
) -> None:
    email = made_up()
    for _ in range(6):
        async with connect(limited_app) as client:
            assert (await register(client, email)).status_code == 202
    assert (await subjects_to(limited_app, email))[1:] == [TAKEN] * 2


async def test_th2_an_address_signs_up_five_times_an_hour(limited: httpx.AsyncClient) -> None:
    answers = [await register(limited, made_up()) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1


async def test_th2_a_session_refreshes_thirty_times_a_minute_and_others_are_not_held_up(
    limited_app: Litestar, limited: httpx.AsyncClient
) -> None:
    one, other = UserFactory.build(), UserFactory.build()
    await store(limited_app, one, other)
    token = (await sign_in(limited, one.email)).json()["refreshToken"]
    for _ in range(30):
        answer = await limited.post("/api/auth/refresh", json={"refreshToken": token})
        assert answer.status_code == 200, answer.text
        token = answer.json()["refreshToken"]
    refused = await limited.post("/api/auth/refresh", json={"refreshToken": token})
    assert told(refused) == (429, "too_many_requests")
    assert int(refused.headers["retry-after"]) >= 1
    # wherever it asks from
    async with connect(limited_app) as elsewhere:
        again = await elsewhere.post("/api/auth/refresh", json={"refreshToken": token})
        assert again.status_code == 429
    theirs = (await sign_in(limited, other.email)).json()["refreshToken"]
    assert (await limited.post("/api/auth/refresh", json={"refreshToken": theirs})).status_code == 200


async def test_th2_a_new_address_is_asked_for_three_times_an_hour(limited_app: Litestar, people: People) -> None:
    person = await people.make()
    async with connect(limited_app, authorization=f"Bearer {person.token}") as client:
        answers = [await client.post("/api/me/email", json={"email": made_up()}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
