"""A real SMTP server on loopback, and a certificate that is trusted by whoever is told to."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from tests.certificates import Certificate

USER, PASSWORD = "evenstar", "p@ss/w:rd"


@dataclass
class Received:
    """One mail as it arrived."""

    sender: str
    recipients: list[str]
    encrypted: bool
    user: str | None
    message: EmailMessage


@dataclass
class MailServer:
    """What listens at a port, and what it was handed."""

    port: int = 0
    received: list[Received] = field(default_factory=list[Received])

    async def handle_DATA(self, connection: Any, session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        message = BytesParser(policy=default).parsebytes(envelope.content)
        assert isinstance(message, EmailMessage)
        user = session.auth_data.login.decode() if session.auth_data else None
        encrypted = connection.transport.get_extra_info("ssl_object") is not None
        self.received.append(Received(envelope.mail_from, envelope.rcpt_tos, encrypted, user, message))
        return "250 OK"


@asynccontextmanager
async def mail_server(
    tls: ssl.SSLContext | None = None, *, implicit: bool = False, **options: Any
) -> AsyncGenerator[MailServer]:
    """Serve SMTP, with STARTTLS where there is a context, or TLS from the start."""
    server = MailServer()
    loop = asyncio.get_running_loop()

    def serve() -> SMTP:
        return SMTP(server, hostname="localhost", loop=loop, tls_context=None if implicit else tls, **options)

    listener = await loop.create_server(serve, "127.0.0.1", 0, ssl=tls if implicit else None)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await listener.wait_closed()


@dataclass(frozen=True)
class Silence:
    """A silent server's port, and what closes its connections from now on."""

    port: int
    end: Callable[[], None]


@asynccontextmanager
async def silent_server() -> AsyncGenerator[Silence]:
    """A port that takes connections and never says a word."""
    gone = asyncio.Event()

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    listener = await asyncio.start_server(hold, "127.0.0.1", 0)
    try:
        yield Silence(listener.sockets[0].getsockname()[1], gone.set)
    finally:
        gone.set()
        listener.close()
        await listener.wait_closed()


def authenticate(_: object, __: object, ___: object, ____: str, given: object) -> AuthResult:
    """The one user with the one password."""
    assert isinstance(given, LoginPassword)
    known = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False, auth_data=given if known else None)


def contexts(directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS for a server named localhost, and for a client that trusts it."""
    made = Certificate.make(directory)
    return made.server_context(), ssl.create_default_context(cafile=str(made.certificate))
