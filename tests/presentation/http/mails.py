"""The mails that an application in process would have sent."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
from litestar import Litestar
from msgspec.structs import replace

from app.asgi import create_app
from app.domain.accounts import MailPurpose
from app.infrastructure.mail.mailbox import KeptMail
from app.settings import Settings
from tests.presentation.http.conftest import SettableClock

LINK = re.compile(r"^http://127\.0\.0\.1:8000/auth/(?:verify-email|reset-password)#token=([\w-]{43})$", re.MULTILINE)

SUBJECTS = {
    MailPurpose.VERIFY_EMAIL: "Verify your e-mail address",
    MailPurpose.RESET_PASSWORD: "Set a new password",
    MailPurpose.CHANGE_EMAIL: "Confirm your new e-mail address",
}
CHANGE_REQUESTED = "Your e-mail address is about to change"
CHANGED = "Your e-mail address was changed"
TAKEN = "You have an account already"
PASSWORD_CHANGED = "Your password was changed"
SESSION_ENDED = "A session of yours was ended"


async def mails_to(app: Litestar, address: str) -> list[KeptMail]:
    """What was sent to exactly this address, newest first."""
    await app.state.mail_queue.drained()
    return [mail for mail in await app.state.mailbox.read() if mail.to == address]


async def subjects_to(app: Litestar, address: str) -> list[str]:
    """The subjects of what was sent to the address, oldest first."""
    return [mail.subject for mail in reversed(await mails_to(app, address))]


async def token_to(app: Litestar, address: str, purpose: MailPurpose) -> str:
    """The token of the newest mail to the address; fails the test where there is none."""
    mails = [mail for mail in await mails_to(app, address) if mail.subject == SUBJECTS[purpose]]
    assert mails, f"no {purpose} mail"
    return token_in(mails[0])


def token_in(mail: KeptMail) -> str:
    found = LINK.search(mail.text)
    assert found, mail.text
    return found[1]


async def ask(client: httpx.AsyncClient, route: str, address: str) -> None:
    """Ask for a mail by one of the routes that answer everybody the same."""
    answer = await client.post(f"/api/auth/{route}", json={"email": address})
    assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})


async def reset_token(app: Litestar, client: httpx.AsyncClient, address: str) -> str:
    """A fresh token for a new password."""
    await ask(client, "forgot-password", address)
    return await token_to(app, address, MailPurpose.RESET_PASSWORD)


@asynccontextmanager
async def application(settings: Settings, clock: SettableClock, **changes: object) -> AsyncGenerator[Litestar]:
    """Another application over the same database, with other settings."""
    app = create_app(replace(settings, **changes), clock)
    async with app.lifespan():
        yield app
