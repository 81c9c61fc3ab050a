"""What has outlived its use is deleted, and nothing before."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import delete, func, select

from app.application.housekeeping import Housekeeping
from app.application.unit_of_work import UnitOfWork
from app.infrastructure.database.models import AuditEvent, IdempotencyRecord, MailToken, RefreshToken, SignInFailure
from app.infrastructure.database.models import Session as SessionRow
from app.infrastructure.database.repositories.pruning import BATCH
from db.factories import AuditEventFactory
from db.factories.accounts import PASSWORD
from tests.presentation.http.conftest import START, Person, SettableClock, store

pytestmark = pytest.mark.anyio

KEPT: dict[str, type[Any]] = {
    "audit events": AuditEvent,
    "kept answers": IdempotencyRecord,
    "sessions": SessionRow,
    "mailed tokens": MailToken,
    "failed sign-ins": SignInFailure,
}


async def counted(app: Litestar) -> dict[str, int]:
    async with app.state.unit_of_work.database.reads() as session:
        return {name: await session.scalar(select(func.count()).select_from(model)) for name, model in KEPT.items()}


@pytest.fixture
async def alone(app: Litestar, clock: SettableClock) -> UnitOfWork:
    """What other tests have left is gone."""
    assert clock.now() == START
    async with app.state.unit_of_work.database.sessions.begin() as session:
        for model in KEPT.values():
            await session.execute(delete(model))
    return app.state.unit_of_work


async def leave_traces(app: Litestar, client: httpx.AsyncClient, email: str) -> dict[str, str]:
    """Sign up with a key, by which a mail is sent, and fail to sign in; returns the tokens."""
    person = {"email": email, "password": PASSWORD, "name": "Ada"}
    signed_up = await client.post("/api/auth/register", json=person, headers={"Idempotency-Key": email})
    await client.post("/api/auth/login", json={"email": email, "password": "a wrong guess"})
    await app.state.mail_queue.drained()
    return dict(signed_up.json())


async def test_each_thing_goes_when_its_time_is_over(
    app: Litestar, alone: UnitOfWork, client: httpx.AsyncClient, clock: SettableClock
) -> None:
    await leave_traces(app, client, "traces@example.com")
    housekeeping = Housekeeping(alone)
    everything = await counted(app)
    assert min(everything.values()) >= 1
    went: dict[str, timedelta] = {}
    for age in (timedelta(hours=23, minutes=59), timedelta(days=1, seconds=1), timedelta(days=8, seconds=1)):
        clock.instant = START + age
        went |= {name: age for name, number in (await housekeeping.tidy()).items() if number}
    assert went == {
        "kept answers": timedelta(days=1, seconds=1),
        "mailed tokens": timedelta(days=1, seconds=1),
        "failed sign-ins": timedelta(days=1, seconds=1),
        # seven idle days, and one that it is remembered
        "sessions": timedelta(days=8, seconds=1),
    }
    clock.instant = START + timedelta(days=365, seconds=1)
    assert (await housekeeping.tidy())["audit events"] == everything["audit events"]
    assert set((await counted(app)).values()) == {0}
    async with alone.database.reads() as session:
        assert await session.scalar(select(func.count()).select_from(RefreshToken)) == 0


async def test_a_session_that_has_ended_is_known_for_as_long_as_its_access_tokens_live(
    app: Litestar, alone: UnitOfWork, client: httpx.AsyncClient, clock: SettableClock
) -> None:
    pair = await leave_traces(app, client, "logged.out@example.com")
    await client.post("/api/auth/logout", json={"refreshToken": pair["refreshToken"]})
    clock.advance(minutes=14)
    assert (await Housekeeping(alone).tidy())["sessions"] == 0
    await app.state.revocations.read()
    me = await client.get("/api/me", headers={"Authorization": f"Bearer {pair['accessToken']}"})
    assert me.status_code == 401
    clock.advance(days=1)
    assert (await Housekeeping(alone).tidy())["sessions"] == 1


async def test_more_than_a_batch_goes_at_once_and_what_somebody_holds_goes_later(
    app: Litestar, alone: UnitOfWork, clock: SettableClock
) -> None:
    old = [AuditEventFactory.build(created_at=START) for _ in range(BATCH + 10)]
    await store(app, *old)
    clock.advance(days=366)
    async with alone.database.sessions.begin() as session:
        await session.execute(select(AuditEvent.id).where(AuditEvent.id == old[0].id).with_for_update())
        assert (await Housekeeping(alone).tidy())["audit events"] == BATCH + 9
    assert (await Housekeeping(alone).tidy())["audit events"] == 1


async def test_it_is_done_again_and_again_whatever_goes_wrong(
    ada: Person, alone: UnitOfWork, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert ada.token
    housekeeping, times, enough = Housekeeping(alone, period=0.001), 0, asyncio.Event()

    async def tidy(_: Housekeeping) -> dict[str, int]:
        nonlocal times
        times += 1
        if times == 3:
            enough.set()
        raise OSError

    monkeypatch.setattr(Housekeeping, "tidy", tidy)
    async with housekeeping.kept_up(), asyncio.timeout(30):
        await enough.wait()
    assert "what is old could not be deleted" in caplog.messages
