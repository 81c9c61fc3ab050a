"""Requests and the server that takes their mails: one that is slow, silent or away is no request's trouble."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from litestar import Litestar

from app.domain.accounts import MailPurpose
from app.domain.mail import MailKind, MailOrder
from app.infrastructure.mail import smtp
from app.settings import Settings
from tests.infrastructure.mail.servers import mail_server, silent_server
from tests.presentation.http.conftest import Person, SettableClock, client_of
from tests.presentation.http.mails import SUBJECTS, application
from tests.presentation.http.test_mail_flows import registered

pytestmark = pytest.mark.anyio


class Kept(logging.Handler):
    """Keeps what is logged; an application that starts takes pytest's own handler away."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def logged() -> Iterator[list[logging.LogRecord]]:
    """What the mail queue logs."""
    kept, logger = Kept(), logging.getLogger("app.mail")
    logger.addHandler(kept)
    yield kept.records
    logger.removeHandler(kept)


async def test_mails_go_out_over_smtp_where_there_is_a_server(
    app: Litestar, settings: Settings, session_clock: SettableClock, ada: Person
) -> None:
    assert app
    async with (
        mail_server() as server,
        application(settings, session_clock, smtp_url=f"smtp://127.0.0.1:{server.port}") as sending,
        client_of(sending) as client,
    ):
        await client.post("/api/auth/forgot-password", json={"email": ada.user.email})
        await sending.state.mail_queue.drained()
    ((recipient,),) = [received.recipients for received in server.received]
    (message,) = [received.message for received in server.received]
    assert (recipient, message["Subject"]) == (ada.user.email, SUBJECTS[MailPurpose.RESET_PASSWORD])


async def test_a_silent_mail_server_holds_up_no_request_and_no_connection_of_the_database(
    app: Litestar,
    settings: Settings,
    session_clock: SettableClock,
    ada: Person,
    monkeypatch: pytest.MonkeyPatch,
    logged: list[logging.LogRecord],
) -> None:
    assert app
    monkeypatch.setattr(smtp, "ANSWER_SECONDS", 60.0)
    async with AsyncExitStack() as stack:
        silence = await stack.enter_async_context(silent_server())
        silent = {"smtp_url": f"smtp://127.0.0.1:{silence.port}", "database_pool_size": 1}
        sending = await stack.enter_async_context(application(settings, session_clock, **silent))
        client = await stack.enter_async_context(client_of(sending))
        for number in range(6):
            answer = await client.post("/api/auth/forgot-password", json={"email": ada.user.email})
            assert answer.status_code == 202
            await registered(client, f"silent{number}")
        # all mails hang, and none of them holds up a request or keeps the one connection
        assert not logged
        silence.end()
    # the end has waited for them, until they had failed
    assert len(logged) == 12
    told = str([vars(record) for record in logged])
    assert ada.user.email not in told
    assert "silent" not in told


async def test_a_mail_server_that_is_away_fails_no_request(
    app: Litestar, settings: Settings, session_clock: SettableClock, logged: list[logging.LogRecord]
) -> None:
    assert app
    async with (
        application(settings, session_clock, smtp_url="smtp://127.0.0.1:1") as sending,
        client_of(sending) as client,
    ):
        pair = await registered(client, "mail.away")
        await sending.state.mail_queue.drained()
        me = await client.get("/api/me", headers={"Authorization": f"Bearer {pair['accessToken']}"})
    assert me.status_code == 200
    assert [(record.getMessage(), vars(record)["kind"]) for record in logged] == [
        ("a mail was not sent", "verify_email")
    ]


async def test_mails_are_handed_on_after_the_commit_and_never_without_one(app: Litestar, ada: Person) -> None:
    put: list[MailOrder] = []

    class Queue:
        def put(self, order: MailOrder) -> None:
            put.append(order)

    units = app.state.unit_of_work
    units = replace(units, tools=replace(units.tools, mail_queue=Queue()))

    async def fail_after_ordering() -> None:
        async with units.begin() as services:
            await services.outbox.order(MailKind.PASSWORD_CHANGED, ada.user.id)
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await fail_after_ordering()
    assert not put
    async with units.begin() as services:
        await services.outbox.order(MailKind.PASSWORD_CHANGED, ada.user.id)
        assert not put
    assert put == [MailOrder(MailKind.PASSWORD_CHANGED, ada.user.id)]
