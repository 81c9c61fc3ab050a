"""Sends mails over SMTP."""

import asyncio
import ssl
from contextlib import suppress
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from app.domain.mail import Mail
from app.domain.ports import Clock

ANSWER_SECONDS: Final = 10.0
SEND_SECONDS: Final = 30.0
SUBMISSION_PORT: Final = 587  # RFC 6409
SUBMISSIONS_PORT: Final = 465  # RFC 8314 3.3


class SmtpMailer:
    """Hands mails to the server at a URL, each over a connection of its own.

    `smtps://` speaks TLS from the start; `smtp://` goes over to it by STARTTLS where the server offers that, and
    insists on it where the URL has a password. Certificates are always verified.
    """

    def __init__(self, url: str, sender: str, clock: Clock, tls: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._implicit_tls = parts.scheme == "smtps"
        self._port = parts.port or (SUBMISSIONS_PORT if self._implicit_tls else SUBMISSION_PORT)
        self._username = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._tls = tls
        self._clock = clock
        name, address = parseaddr(sender)
        self._sender = Address(name, addr_spec=address)

    async def send(self, mail: Mail) -> None:
        """Hand the mail over; raises `ValueError` for what is no address, else what `aiosmtplib` or the system do."""
        message = self._message(mail)
        start_tls = None if self._password is None else True
        async with asyncio.timeout(SEND_SECONDS):
            await aiosmtplib.send(
                message,
                sender=self._sender.addr_spec,
                recipients=[mail.to],
                hostname=self._host,
                port=self._port,
                # given, for to look it up could take longer than all the rest
                local_hostname=self._sender.domain,
                username=self._username,
                password=self._password,
                use_tls=self._implicit_tls,
                start_tls=False if self._implicit_tls else start_tls,
                tls_context=self._tls,
                timeout=ANSWER_SECONDS,
            )

    def _message(self, mail: Mail) -> EmailMessage:
        recipient = _one_address(mail.to)
        message = EmailMessage(SMTP)
        message["From"] = self._sender
        message["To"] = recipient
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = f"<{mail.message_id}@{self._sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834 5: no holiday notice comes back
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        return message


def _one_address(text: str) -> Address:
    """The address that a text is; one that can be read as another, or as several, raises `ValueError`."""
    with suppress(MessageError, ValueError, IndexError):
        address = Address(addr_spec=text)
        if address.addr_spec == text:
            return address
    raise ValueError("The recipient is not exactly one address")
