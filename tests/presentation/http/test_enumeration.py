"""Nobody learns from an answer, its time, or their own mailbox whether somebody else has an account."""

import asyncio
import random
import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

import httpx
import pytest
from litestar import Litestar

from app.application.accounts.schemas import Registration
from app.domain.access import Origin, UserRole
from app.domain.accounts import MailPurpose
from app.settings import Settings
from db.factories import UserFactory
from db.factories.accounts import PASSWORD
from tests.presentation.http.conftest import START, SettableClock, client_of, store
from tests.presentation.http.mails import SUBJECTS, TAKEN, application, mails_to, subjects_to, token_to
from tests.presentation.http.test_mail_flows import sign_in, told, verify

pytestmark = pytest.mark.anyio

VERIFY = SUBJECTS[MailPurpose.VERIFY_EMAIL]
Call = Callable[[], Awaitable[httpx.Response]]


@pytest.fixture(scope="module")
async def strict_app(app: Litestar, settings: Settings, session_clock: SettableClock) -> AsyncGenerator[Litestar]:
    """Nobody signs in here before their address is verified; it starts after the other application and ends before."""
    assert app
    async with application(settings, session_clock, auth_email_verification="required") as strict:
        yield strict


@pytest.fixture
async def strict(strict_app: Litestar, clock: SettableClock) -> AsyncGenerator[httpx.AsyncClient]:
    assert clock.now() == START
    async with client_of(strict_app) as client:
        yield client


async def register(client: httpx.AsyncClient, email: str) -> httpx.Response:
    body = {"email": email, "password": PASSWORD, "name": "Ada"}
    return await client.post("/api/auth/register", json=body)


def seen(answer: httpx.Response) -> tuple[int, object, list[str]]:
    """All that an answer tells, but for the id of the request and the state of the caller's own limits."""
    own = {"x-request-id", "ratelimit", "date"}
    body = {key: value for key, value in answer.json().items() if key != "requestId"}
    return answer.status_code, body, sorted(f"{k}: {v}" for k, v in answer.headers.items() if k not in own)


async def test_en2_registering_answers_the_same_whether_the_address_is_taken(
    strict_app: Litestar, strict: httpx.AsyncClient
) -> None:
    email = "en2.register@example.com"
    first, second = await register(strict, email), await register(strict, email.upper())
    assert seen(first) == seen(second)
    assert (first.status_code, first.json()) == (202, {"status": "accepted"})
    # who has the account is told, at the address that they gave, and nobody at the other spelling
    assert await subjects_to(strict_app, email) == [VERIFY, TAKEN]
    assert not await mails_to(strict_app, email.upper())


async def test_en2_of_parallel_registrations_one_makes_the_account_and_all_answer_the_same(
    strict_app: Litestar, strict: httpx.AsyncClient
) -> None:
    email = "en2.race@example.com"
    answers = await asyncio.gather(*(register(strict, email) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [202] * 8
    assert (await subjects_to(strict_app, email)).count(VERIFY) == 1


async def test_en1_an_unverified_account_signs_in_once_it_is_verified_and_not_before(
    strict_app: Litestar, strict: httpx.AsyncClient
) -> None:
    email = "en1.unverified@example.com"
    await register(strict, email)
    unverified = await sign_in(strict, email)
    assert told(unverified) == (401, "invalid_credentials")
    assert seen(unverified) == seen(await sign_in(strict, "en1.nobody@example.com"))
    token = await token_to(strict_app, email, MailPurpose.VERIFY_EMAIL)
    assert (await verify(strict, token)).status_code == 204
    assert (await sign_in(strict, email)).status_code == 200


async def test_an_admin_whom_an_operator_has_made_needs_no_mail_to_sign_in(
    strict_app: Litestar, strict: httpx.AsyncClient
) -> None:
    data = Registration(email="operator.made@example.com", password=PASSWORD, name="Ada")
    await strict_app.state.authentication.create_account(data, Origin(), UserRole.ADMIN)
    answer = await sign_in(strict, data.email)
    assert (answer.status_code, answer.json()["user"]["role"]) == (200, "admin")
    assert not await mails_to(strict_app, data.email)


@pytest.mark.parametrize("route", ["forgot-password", "resend-verification"])
async def test_en2_asking_for_a_mail_answers_the_same_for_everybody(
    app: Litestar, client: httpx.AsyncClient, route: str
) -> None:
    known, disabled = UserFactory.build(email_verified_at=None), UserFactory.build(disabled_at=START)
    verified = UserFactory.build()
    await store(app, known, disabled, verified)
    addresses = [known.email, disabled.email, verified.email, "nobody.else@example.com", "no address", "\u212a", ""]
    answers = [await client.post(f"/api/auth/{route}", json={"email": email}) for email in addresses]
    assert all(seen(answer) == seen(answers[0]) for answer in answers)
    assert (answers[0].status_code, answers[0].json()) == (202, {"status": "accepted"})


@dataclass
class Times:
    """How long each of some calls took, in seconds."""

    taken: dict[str, list[float]]

    @property
    def gap(self) -> float:
        """The most that two medians differ by."""
        medians = [statistics.median(times) for times in self.taken.values()]
        return max(medians) - min(medians)

    @property
    def alike(self) -> bool:
        """Whether none of the work is left out of one of them, as the quickest of each tells on a busy machine too."""
        least = [min(times) for times in self.taken.values()]
        return max(least) < 2 * min(least)


async def measure(calls: dict[str, Call], rounds: int, between: Callable[[], None] = lambda: None) -> Times:
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        # in another order each time, or each would be measured beside the same one's aftermath
        for name in random.sample(list(calls), len(calls)):
            began = time.perf_counter()
            answer = await calls[name]()
            times[name].append(time.perf_counter() - began)
            assert answer.status_code in {202, 401}, answer.text
        between()
    medians = {name: f"{1000 * statistics.median(taken):.2f} ms" for name, taken in times.items()}
    print(medians)  # noqa: T201 -- shown on failure
    return Times(times)


async def login_times(app: Litestar, client: httpx.AsyncClient, clock: SettableClock, rounds: int) -> Times:
    wrong, unverified = UserFactory.build(), UserFactory.build(email_verified_at=None)
    disabled, without = UserFactory.build(disabled_at=START), UserFactory.build(password_hash=None)
    # at the cost that is in force, as all accounts have it after a sign-in
    hashed = await app.state.authentication._hasher.hash(PASSWORD)  # noqa: SLF001 -- it has no public name
    for user in (wrong, unverified, disabled):
        user.password_hash = hashed
    await store(app, wrong, unverified, disabled, without)
    calls: dict[str, Call] = {
        "wrong": lambda: sign_in(client, wrong.email, "not the password"),
        "unverified": lambda: sign_in(client, unverified.email),
        "disabled": lambda: sign_in(client, disabled.email),
        "without a password": lambda: sign_in(client, without.email),
        "unknown": lambda: sign_in(client, "en1.unknown@example.com"),
    }
    # a day later the failures before are forgotten
    return await measure(calls, rounds, lambda: clock.advance(days=1, seconds=1))


async def forgot_times(app: Litestar, client: httpx.AsyncClient, rounds: int) -> Times:
    known = UserFactory.build()
    await store(app, known)

    def forgot(email: str) -> Call:
        return lambda: client.post("/api/auth/forgot-password", json={"email": email})

    return await measure({"known": forgot(known.email), "unknown": forgot("en2.unknown@example.com")}, rounds)


@pytest.mark.soak
async def test_en1_a_sign_in_takes_as_long_whatever_is_wrong(
    strict_app: Litestar, strict: httpx.AsyncClient, clock: SettableClock
) -> None:
    # it is the hash that takes most of the time
    assert (await login_times(strict_app, strict, clock, 9)).alike


async def test_en2_asking_for_a_new_password_takes_as_long_for_nobody(app: Litestar, client: httpx.AsyncClient) -> None:
    assert (await forgot_times(app, client, 30)).alike


@pytest.mark.soak
async def test_en1_no_sign_in_of_two_hundred_is_told_from_another_by_its_time(
    strict_app: Litestar, strict: httpx.AsyncClient, clock: SettableClock
) -> None:
    assert (await login_times(strict_app, strict, clock, 200)).gap < 0.005


@pytest.mark.soak
async def test_en2_no_request_for_a_new_password_of_two_hundred_is_told_from_another_by_its_time(
    app: Litestar, client: httpx.AsyncClient
) -> None:
    assert (await forgot_times(app, client, 200)).gap < 0.005


@pytest.mark.soak
async def test_en2_no_registration_of_two_hundred_is_told_from_another_by_its_time(strict: httpx.AsyncClient) -> None:
    await register(strict, "en2.taken@example.com")
    numbers = iter(range(1000))
    calls: dict[str, Call] = {
        "taken": lambda: register(strict, "en2.taken@example.com"),
        "free": lambda: register(strict, f"en2.free{next(numbers)}@example.com"),
    }
    assert (await measure(calls, 200)).gap < 0.005
