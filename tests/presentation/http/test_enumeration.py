"""Nobody learns from an answer, its time, or their own mailbox whether somebody else has an account."""

import asyncio
import random
import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import contextmanager

import bcrypt
import httpx
import pytest
from litestar import Litestar
from sqlalchemy import event

from app.application.accounts.schemas import Registration
from app.domain.access import Origin, UserRole
from app.domain.accounts import MailPurpose
from app.settings import RateLimit, Settings
from db.factories import UserFactory
from db.factories.accounts import PASSWORD
from tests.presentation.http.conftest import START, SettableClock, client_of, store
from tests.presentation.http.mails import SUBJECTS, TAKEN, application, mails_to, subjects_to, token_to
from tests.presentation.http.test_mail_flows import sign_in, told, verify

pytestmark = pytest.mark.anyio

VERIFY = SUBJECTS[MailPurpose.VERIFY_EMAIL]
ANY = RateLimit(1_000_000, 60)
ROUNDS = 200
GAP = 0.005

Call = Callable[[], Awaitable[httpx.Response]]


@pytest.fixture(scope="module")
async def strict_app(app: Litestar, settings: Settings, session_clock: SettableClock) -> AsyncGenerator[Litestar]:
    """Nobody signs in here before their address is verified; it starts after the other application and ends before."""
    assert app
    async with application(settings, session_clock, auth_email_verification="required", rate_limit_login=ANY) as strict:
        yield strict


@pytest.fixture
async def strict(strict_app: Litestar, clock: SettableClock) -> AsyncGenerator[httpx.AsyncClient]:
    assert clock.now() == START
    async with client_of(strict_app) as client:
        yield client


async def register(client: httpx.AsyncClient, email: str) -> httpx.Response:
    body = {"email": email, "password": PASSWORD, "name": "Ada"}
    return await client.post("/api/auth/register", json=body)


async def assert_inbox(client: httpx.AsyncClient, token: str) -> None:
    """Whoever signs in has one, however the account was made."""
    lists = (await client.get("/api/lists", headers={"Authorization": f"Bearer {token}"})).json()["items"]
    assert [(each["name"], each["isInbox"], each["role"]) for each in lists] == [("Inbox", True, "owner")]


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
    answer = await sign_in(strict, email)
    assert answer.status_code == 200
    await assert_inbox(strict, answer.json()["accessToken"])


async def test_an_admin_whom_an_operator_has_made_needs_no_mail_to_sign_in(
    strict_app: Litestar, strict: httpx.AsyncClient
) -> None:
    data = Registration(email="operator.made@example.com", password=PASSWORD, name="Ada")
    await strict_app.state.authentication.create_account(data, Origin(), UserRole.ADMIN)
    answer = await sign_in(strict, data.email)
    assert (answer.status_code, answer.json()["user"]["role"]) == (200, "admin")
    await assert_inbox(strict, answer.json()["accessToken"])
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


async def gap(calls: dict[str, Call], between: Callable[[], None] = lambda: None) -> float:
    """The most that two medians of these calls' times differ by in `ROUNDS` of them, in seconds."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        # in another order each time, or each would be measured beside the same one's aftermath
        for name in random.sample(list(calls), len(calls)):
            began = time.perf_counter()
            answer = await calls[name]()
            times[name].append(time.perf_counter() - began)
            assert answer.status_code in {202, 401}, answer.text
        between()
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    print({name: f"{1000 * median:.2f} ms" for name, median in medians.items()})  # noqa: T201 -- shown on failure
    return max(medians.values()) - min(medians.values())


@contextmanager
def noted_work(app: Litestar) -> Generator[list[str]]:
    """Every statement that the database is asked, and the cost of every hash that is compared, in their order."""
    work: list[str] = []
    engine = app.state.unit_of_work.database.engine.sync_engine
    compare = bcrypt.checkpw

    def note_statement(_: object, __: object, statement: str, *___: object) -> None:
        work.append(statement)

    def note_hash(password: bytes, hashed: bytes) -> bool:
        work.append(hashed[:7].decode())
        return compare(password, hashed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bcrypt, "checkpw", note_hash)
        event.listen(engine, "before_cursor_execute", note_statement)
        yield work
        event.remove(engine, "before_cursor_execute", note_statement)


async def failing_logins(app: Litestar, client: httpx.AsyncClient) -> dict[str, Call]:
    """A sign-in for each reason for which one can fail."""
    wrong, unverified = UserFactory.build(), UserFactory.build(email_verified_at=None)
    disabled, without = UserFactory.build(disabled_at=START), UserFactory.build(password_hash=None)
    # at the cost that is in force, as all accounts have it after a sign-in
    hashed = await app.state.authentication._hasher.hash(PASSWORD)  # noqa: SLF001 -- it has no public name
    for user in (wrong, unverified, disabled):
        user.password_hash = hashed
    await store(app, wrong, unverified, disabled, without)
    return {
        "wrong": lambda: sign_in(client, wrong.email, "not the password"),
        "unverified": lambda: sign_in(client, unverified.email),
        "disabled": lambda: sign_in(client, disabled.email),
        "without a password": lambda: sign_in(client, without.email),
        "unknown": lambda: sign_in(client, "en1.unknown@example.com"),
    }


async def requests_for_mails(app: Litestar, client: httpx.AsyncClient, route: str) -> dict[str, Call]:
    """A request for each sort of address."""
    waiting, disabled = UserFactory.build(email_verified_at=None), UserFactory.build(disabled_at=START)
    verified = UserFactory.build()
    await store(app, waiting, disabled, verified)
    addresses = {
        "waiting": waiting.email,
        "verified": verified.email,
        "disabled": disabled.email,
        "unknown": "en2.unknown@example.com",
        "no address": "no address",
    }

    def ask(email: str) -> Call:
        return lambda: client.post(f"/api/auth/{route}", json={"email": email})

    return {name: ask(email) for name, email in addresses.items()}


async def test_en1_a_sign_in_takes_the_same_work_whatever_is_wrong(
    strict_app: Litestar, strict: httpx.AsyncClient
) -> None:
    calls = await failing_logins(strict_app, strict)
    done: dict[str, list[str]] = {}
    for name, call in calls.items():
        with noted_work(strict_app) as done[name]:
            assert (await call()).status_code == 401
    assert done["wrong"].count("$2b$10$") == 1
    assert len(done["wrong"]) > 3
    assert all(work == done["wrong"] for work in done.values()), done


@pytest.mark.parametrize("route", ["forgot-password", "resend-verification"])
async def test_en2_asking_for_a_mail_takes_the_same_work_for_everybody(
    app: Litestar, client: httpx.AsyncClient, route: str
) -> None:
    calls = await requests_for_mails(app, client, route)
    done: dict[str, list[str]] = {}
    for name, call in calls.items():
        with noted_work(app) as done[name]:
            assert (await call()).status_code == 202
            # what is left for later shows in the time of the request after it
            await app.state.mail_queue.drained()
    assert len(done["waiting"]) > 4
    assert all(work == done["waiting"] for work in done.values()), done


@pytest.mark.soak
async def test_en1_no_sign_in_of_two_hundred_is_told_from_another_by_its_time(
    strict_app: Litestar, strict: httpx.AsyncClient, clock: SettableClock
) -> None:
    calls = await failing_logins(strict_app, strict)
    # a day later the failures before are forgotten
    assert await gap(calls, lambda: clock.advance(days=1, seconds=1)) < GAP


@pytest.mark.soak
async def test_en2_no_request_for_a_new_password_of_two_hundred_is_told_from_another_by_its_time(
    app: Litestar, client: httpx.AsyncClient
) -> None:
    assert await gap(await requests_for_mails(app, client, "forgot-password")) < GAP


@pytest.mark.soak
async def test_en2_no_registration_of_two_hundred_is_told_from_another_by_its_time(strict: httpx.AsyncClient) -> None:
    await register(strict, "en2.taken@example.com")
    numbers = iter(range(1000))
    calls: dict[str, Call] = {
        "taken": lambda: register(strict, "en2.taken@example.com"),
        "free": lambda: register(strict, f"en2.free{next(numbers)}@example.com"),
    }
    assert await gap(calls) < GAP
