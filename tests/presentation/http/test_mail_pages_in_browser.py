"""The links of mails in a browser, from which every host but this one is kept away."""

from pathlib import Path

import httpx
import pytest
from litestar import Litestar
from playwright.async_api import expect

from app.asgi import create_app
from app.domain.accounts import MailPurpose
from app.settings import Settings
from tests.browser import serve, visit
from tests.presentation.http.conftest import People, Person
from tests.presentation.http.mails import ask, mails_to, reset_token, token_to
from tests.presentation.http.test_mail_flows import NEXT_PASSWORD, reset, sign_in

pytestmark = pytest.mark.anyio


async def test_a_link_verifies_the_address_at_the_press_of_a_button(
    app: Litestar, settings: Settings, client: httpx.AsyncClient, people: People, tmp_path: Path
) -> None:
    person = await people.make(email_verified_at=None)
    await ask(client, "resend-verification", person.user.email)
    token = await token_to(app, person.user.email, MailPurpose.VERIFY_EMAIL)
    async with serve(create_app(settings)) as origin, visit(f"{origin}/auth/verify-email#token={token}") as opened:
        page = opened.page
        await expect(page.get_by_role("button", name="Verify")).to_be_visible()
        # to look at it changes nothing, and the token is gone from the address bar
        assert (await person.client.get("/api/me")).json()["emailVerifiedAt"] is None
        assert page.url == f"{origin}/auth/verify-email"
        await opened.take_screenshot(tmp_path / "verify-email.png")
        await page.get_by_role("button", name="Verify").click()
        await expect(page.get_by_role("status")).to_have_text(
            "Your e-mail address is verified. You may close this page."
        )
        assert (await person.client.get("/api/me")).json()["emailVerifiedAt"] is not None
        assert not [url for url in opened.asked_for if token in url.partition("#")[0]]
        assert opened.asked_elsewhere == []
        assert opened.complaints == []
        assert not any((await opened.stored()).values())


async def test_a_link_leads_to_a_form_that_sets_a_new_password(
    app: Litestar, settings: Settings, client: httpx.AsyncClient, ada: Person, tmp_path: Path
) -> None:
    token = await reset_token(app, client, ada.user.email)
    async with serve(create_app(settings)) as origin, visit(f"{origin}/auth/reset-password#token={token}") as opened:
        page = opened.page
        password, button, status = (
            page.get_by_label("New password"),
            page.get_by_role("button"),
            page.get_by_role("status"),
        )
        for refused, why in (
            ("short", "Expected at least 8 characters."),
            ("password1", "among the most common ones."),
        ):
            await password.fill(refused)
            await button.click()
            await expect(status).to_contain_text(why)
        await opened.take_screenshot(tmp_path / "reset-password.png")
        await password.fill(NEXT_PASSWORD)
        await button.click()
        await expect(status).to_have_text(
            "Your password is set, and all sessions have ended. Sign in with the new one."
        )
        await expect(password).to_be_hidden()
        assert (await sign_in(client, ada.user.email, NEXT_PASSWORD)).status_code == 200
        assert not [url for url in opened.asked_for if token in url.partition("#")[0]]
        assert opened.asked_elsewhere == []
        # a browser notes each answer of 4xx, and nothing else is wrong
        assert all("422" in complaint for complaint in opened.complaints)
        assert len(opened.complaints) == 2
        assert not any((await opened.stored()).values())


async def test_a_page_without_a_token_or_with_a_used_one_says_so(
    app: Litestar, settings: Settings, client: httpx.AsyncClient, ada: Person
) -> None:
    token = await reset_token(app, client, ada.user.email)
    assert (await reset(client, token)).status_code == 204
    async with serve(create_app(settings)) as origin:
        async with visit(f"{origin}/auth/reset-password#token={token}") as opened:
            await opened.page.get_by_label("New password").fill(NEXT_PASSWORD)
            await opened.page.get_by_role("button").click()
            await expect(opened.page.get_by_role("status")).to_contain_text("used before")
        async with visit(f"{origin}/auth/verify-email") as opened:
            await expect(opened.page.get_by_role("status")).to_have_text(
                "Open this page by the link in the mail that you were sent."
            )
            await expect(opened.page.get_by_role("button")).to_be_hidden()


async def test_the_mailbox_shows_in_a_browser_what_was_mailed(
    app: Litestar, settings: Settings, client: httpx.AsyncClient, ada: Person, tmp_path: Path
) -> None:
    token = await reset_token(app, client, ada.user.email)
    (mail,) = await mails_to(app, ada.user.email)
    async with serve(create_app(settings)) as origin, visit(f"{origin}/dev/mailbox") as opened:
        page = opened.page
        await opened.take_screenshot(tmp_path / "mailbox.png")
        await page.get_by_role("row").filter(has_text=ada.user.email).get_by_role("link").click()
        await expect(page.get_by_role("heading", name=mail.subject)).to_be_visible()
        await opened.take_screenshot(tmp_path / "mail.png")
        link = page.get_by_role("link", name=token)
        assert await link.get_attribute("href") == f"http://127.0.0.1:8000/auth/reset-password#token={token}"
        await page.get_by_role("link", name="the HTML part").click()
        await expect(page.get_by_role("heading", name=mail.subject)).to_be_visible()
        await opened.take_screenshot(tmp_path / "mail-html.png")
        assert opened.asked_elsewhere == []
        assert opened.complaints == []
