import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import aiosmtplib
import pytest

from app.domain.mail import Mail
from app.infrastructure.mail import smtp
from app.infrastructure.mail.smtp import SmtpMailer
from tests.infrastructure.mail.servers import (
    PASSWORD,
    USER,
    MailServer,
    authenticate,
    contexts,
    mail_server,
    silent_server,
)

pytestmark = pytest.mark.anyio

SENDER = "Evenstar <no-reply@todo.example.org>"
MAIL = Mail("c0ffee", "ada@example.com", "Hello, Ada", "https://x.example/#token=abc\n", "<p>Hello</p>")
SIGNED_IN = f"{USER}:{quote(PASSWORD, safe='')}@"


class StoppedClock:
    def now(self) -> datetime:
        return datetime(2030, 1, 31, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    directory: Path = tmp_path_factory.mktemp("certificate")
    return contexts(directory)


def mailer(server: MailServer, scheme: str, user: str = "", trusted: ssl.SSLContext | None = None) -> SmtpMailer:
    return SmtpMailer(f"{scheme}://{user}localhost:{server.port}", SENDER, StoppedClock(), trusted)


async def test_a_mail_arrives_whole_with_both_its_parts_at_its_one_recipient() -> None:
    async with mail_server() as server:
        await mailer(server, "smtp").send(MAIL)
    (received,) = server.received
    assert (received.sender, received.recipients) == ("no-reply@todo.example.org", ["ada@example.com"])
    message = received.message
    assert {name: message[name] for name in ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted")} == {
        "From": SENDER,
        "To": "ada@example.com",
        "Subject": "Hello, Ada",
        "Date": "Thu, 31 Jan 2030 09:30:00 +0000",
        "Message-ID": "<c0ffee@todo.example.org>",
        "Auto-Submitted": "auto-generated",
    }
    assert message.get_content_type() == "multipart/alternative"
    plain, html = message.get_body(["plain"]), message.get_body(["html"])
    assert plain is not None
    assert html is not None
    assert (plain.get_content().replace("\r\n", "\n"), html.get_content().strip()) == (MAIL.text, MAIL.html)


async def test_smtp_changes_over_to_tls_where_that_is_offered(tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async with mail_server(tls[0]) as server:
        await mailer(server, "smtp", trusted=tls[1]).send(MAIL)
    assert [received.encrypted for received in server.received] == [True]


async def test_a_password_goes_over_tls_alone(tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async with mail_server(tls[0], authenticator=authenticate, auth_required=True) as server:
        await mailer(server, "smtp", SIGNED_IN, tls[1]).send(MAIL)
    assert [(received.encrypted, received.user) for received in server.received] == [(True, USER)]
    # somebody between has taken STARTTLS out of the offer
    async with mail_server(authenticator=authenticate, auth_require_tls=False) as stripped:
        with pytest.raises(aiosmtplib.SMTPException):
            await mailer(stripped, "smtp", SIGNED_IN, tls[1]).send(MAIL)
    assert not stripped.received


async def test_smtps_speaks_tls_from_the_start(tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async with mail_server(tls[0], implicit=True) as server:
        await mailer(server, "smtps", trusted=tls[1]).send(MAIL)
    assert [received.encrypted for received in server.received] == [True]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_certificate_of_a_stranger_is_not_taken(
    tls: tuple[ssl.SSLContext, ssl.SSLContext], scheme: str
) -> None:
    async with mail_server(tls[0], implicit=scheme == "smtps") as server:
        with pytest.raises((aiosmtplib.SMTPException, ssl.SSLError)):
            await mailer(server, scheme).send(MAIL)
    assert not server.received


async def test_a_wrong_password_is_an_error(tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async with mail_server(tls[0], authenticator=authenticate, auth_required=True) as server:
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await mailer(server, "smtp", f"{USER}:wrong@", tls[1]).send(MAIL)
    assert not server.received


async def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "ANSWER_SECONDS", 0.05)
    async with silent_server() as silence, asyncio.timeout(5):
        with pytest.raises(aiosmtplib.SMTPException):
            await SmtpMailer(f"smtp://127.0.0.1:{silence.port}", SENDER, StoppedClock()).send(MAIL)


async def test_a_server_that_is_not_there_is_an_error() -> None:
    with pytest.raises((aiosmtplib.SMTPException, OSError)):
        await SmtpMailer("smtp://127.0.0.1:1", SENDER, StoppedClock()).send(MAIL)


@pytest.mark.parametrize(
    "to",
    [
        "eve@example.com,ada@example.com",
        "eve@example.com, ada@example.com",
        "Ada <eve@example.com>",
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com> NOTIFY=NEVER",
        "ada@example.com (eve@example.com)",
        "ada",
        "",
    ],
)
async def test_en3_what_can_be_read_as_another_address_is_sent_to_nobody(to: str) -> None:
    async with mail_server() as server:
        with pytest.raises(ValueError, match="not exactly one address"):
            await mailer(server, "smtp").send(Mail("1", to, "Hello", "text", "<p>html</p>"))
    assert not server.received


async def test_a_subject_smuggles_no_header_in() -> None:
    async with mail_server() as server:
        with pytest.raises(ValueError, match=r"linefeed|newline"):
            await mailer(server, "smtp").send(Mail("1", MAIL.to, "Hello\r\nBcc: eve@example.com", "text", ""))
    assert not server.received
