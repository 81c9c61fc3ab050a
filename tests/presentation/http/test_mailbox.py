"""The mailbox of development, the pages behind the links of mails, and what production has of them."""

import re
from pathlib import Path

import httpx
import pytest
from litestar import Litestar

from app.asgi import create_app
from app.domain.mail import Mail
from app.infrastructure.mail.mailbox import KEPT
from app.settings import Settings
from tests.presentation.http.conftest import Person, SettableClock, client_of
from tests.presentation.http.mails import LINK, application, mails_to, reset_token

pytestmark = pytest.mark.anyio


def policy(answer: httpx.Response) -> dict[str, str]:
    directives = [
        directive.strip().partition(" ") for directive in answer.headers["content-security-policy"].split(";")
    ]
    return {name: value for name, _, value in directives}


async def test_the_mailbox_lists_and_shows_mails_with_links_to_follow(
    app: Litestar, client: httpx.AsyncClient, ada: Person
) -> None:
    token = await reset_token(app, client, ada.user.email)
    (mail,) = await mails_to(app, ada.user.email)
    page = await client.get("/dev/mailbox")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text.index("<tbody>") < page.text.index(f'href="/dev/mailbox/{mail.id}"')
    shown = await client.get(f"/dev/mailbox/{mail.id}")
    assert f'href="http://127.0.0.1:8000/auth/reset-password#token={token}"' in shown.text
    assert (await client.get(f"/dev/mailbox/{mail.id}/html")).text == mail.html
    (first, *_) = (await client.get("/dev/mailbox.json")).json()
    assert first == {
        "id": mail.id,
        "sentAt": "2030-01-01T00:00:00Z",
        "to": ada.user.email,
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
    }


async def test_the_newest_mail_comes_first_and_a_hundred_are_kept(app: Litestar, client: httpx.AsyncClient) -> None:
    for number in range(KEPT + 5):
        await app.state.mailbox.send(Mail(f"id{number}", "a@example.com", f"Number {number}", "", ""))
    listed = (await client.get("/dev/mailbox.json")).json()
    assert [mail["subject"] for mail in listed] == [f"Number {number}" for number in range(KEPT + 4, 4, -1)]
    page = await client.get("/dev/mailbox")
    assert page.text.index("Number 104") < page.text.index("Number 103")
    assert (await client.get("/dev/mailbox/id0")).status_code == 404
    assert (await client.get("/dev/mailbox/id0/html")).status_code == 404


async def test_nothing_of_a_mail_is_markup_in_the_mailbox_and_no_script_runs_there(
    app: Litestar, client: httpx.AsyncClient
) -> None:
    evil = "<script>alert(1)</script>"
    html = f'{evil}<img src="https://evil.example/x">'
    await app.state.mailbox.send(Mail("evil", f"{evil}@example.com", evil, f"{evil} javascript:alert(1)", html))
    for path in ("/dev/mailbox", "/dev/mailbox/evil"):
        page = await client.get(path)
        assert evil not in page.text
        assert "javascript:" not in re.findall(r'href="([^"]*)', page.text)
        assert policy(page)["default-src"] == "'none'"
        assert set(policy(page)) & {"script-src", "script-src-elem"} == set()
        assert policy(page)["style-src"] == "'self'"
        assert page.headers["cache-control"] == "no-store"
    part = policy(await client.get("/dev/mailbox/evil/html"))
    assert part["default-src"] == "'none'"
    assert set(part) == {"default-src", "base-uri", "form-action", "frame-ancestors", "style-src"}


@pytest.fixture
def production(tmp_path: Path) -> Settings:
    keys = tmp_path / "keys.json"
    keys.write_text("{}")
    keys.chmod(0o600)
    return Settings.load(
        {
            "APP_ENV": "production",
            "BASE_URL": "https://todo.example.org",
            "DATABASE_URL": "postgresql://evenstar:pw@127.0.0.1:1/evenstar",
            "REDIS_URL": "redis://127.0.0.1:1/1",
            "ALLOWED_HOSTS": "testserver",
            "SECRET_KEY": "9f2Kd-Lq7_ZxW4mTb8RvYc1NhPs6GjUe",
            "SIGNING_KEYS_FILE": str(keys),
            "SMTP_URL": "smtp://mail.internal",
            "MAIL_FROM": "no-reply@todo.example.org",
        }
    )


@pytest.mark.parametrize("path", ["/dev/mailbox", "/dev/mailbox.json", "/dev/mailbox/x", "/dev/mailbox/x/html"])
async def test_production_has_no_mailbox(production: Settings, path: str) -> None:
    async with client_of(create_app(production)) as client:
        assert (await client.get(path)).status_code == 404
        assert (await client.get("/auth/verify-email")).status_code == 200


async def test_with_a_mail_server_there_is_no_mailbox_in_development_either(settings: Settings) -> None:
    sending = Settings.load({"APP_ENV": "test", "SMTP_URL": "smtp://127.0.0.1:1", "DATA_DIR": str(settings.data_dir)})
    async with client_of(create_app(sending)) as client:
        assert (await client.get("/dev/mailbox.json")).status_code == 404


@pytest.mark.parametrize("path", ["/auth/verify-email", "/auth/reset-password"])
async def test_the_pages_of_links_load_from_their_own_origin_alone(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(path)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert policy(page) == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert page.headers["referrer-policy"] == "no-referrer"
    for asset in re.findall(r'(?:src|href)="(/[^"]*)"', page.text):
        assert (await client.get(asset)).status_code == 200
    assert (await client.get("/auth/assets/nothing.js")).status_code == 404


async def test_links_lead_to_the_front_end_where_there_is_one(
    settings: Settings, session_clock: SettableClock, ada: Person
) -> None:
    async with (
        application(settings, session_clock, frontend_url="https://app.example.org") as app,
        client_of(app) as client,
    ):
        await client.post("/api/auth/forgot-password", json={"email": ada.user.email})
        (mail,) = await mails_to(app, ada.user.email)
    assert re.search(r"^https://app\.example\.org/auth/reset-password#token=[\w-]{43}$", mail.text, re.MULTILINE)
    assert not LINK.search(mail.text)
