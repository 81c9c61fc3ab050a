"""The reference in a browser, from which every host but this one is kept away."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from app.asgi import create_app
from app.settings import Settings
from tests.browser import serve, visit
from tests.presentation.http.test_docs import TOKEN, make_app

pytestmark = pytest.mark.anyio


async def test_a_browser_shows_every_operation_of_the_product(settings: Settings) -> None:
    app = create_app(settings)
    async with serve(app) as origin, visit(f"{origin}/docs") as opened:
        for text in ("/api/todos/{todoId}", "/api/auth/login", "/api/me/sessions/{sessionId}", "/api/users/{userId}"):
            await expect(opened.page.get_by_text(text, exact=True).first).to_be_visible()
        shown = await opened.page.locator(".opblock").count()
        document = await (await opened.page.request.get(f"{origin}/docs/openapi.json")).json()
        assert shown == sum(len(item.keys() - {"parameters"}) for item in document["paths"].values())
        assert opened.asked_elsewhere == []
        assert opened.complaints == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_a_browser_shows_the_operations_without_a_network(tmp_path: Path, *, dark: bool) -> None:
    async with serve(make_app()) as origin, visit(f"{origin}/docs", dark=dark) as opened:
        page = opened.page
        await expect(page).to_have_title("Evenstar API reference")
        await expect(page.get_by_text("List wishes")).to_be_visible()
        await expect(page.get_by_text("createWish")).to_be_visible()
        await page.get_by_text("Create a wish").click()
        await page.get_by_role("tab", name="Schema").first.click()
        await expect(page.get_by_text("What it is called.").first).to_be_visible()
        await opened.take_screenshot(tmp_path / f"docs-{'dark' if dark else 'light'}.png")

        ground = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        text = await page.locator(".info .title").evaluate("element => getComputedStyle(element).color")
        assert brightness(text) > 200 if dark else brightness(text) < 100
        assert brightness(ground) < 60 if dark else brightness(ground) > 200
        assert f"{origin}/docs/openapi.json" in opened.asked_for
        assert opened.asked_elsewhere == []
        assert opened.complaints == []


async def test_a_browser_tries_an_operation_out_with_a_token_and_forgets_it(tmp_path: Path) -> None:
    async with serve(make_app()) as origin, visit(f"{origin}/docs") as opened:
        page = opened.page
        await page.get_by_role("button", name="Authorize").click()
        dialog = page.locator(".dialog-ux")
        await dialog.get_by_role("textbox").fill(TOKEN)
        await dialog.get_by_role("button", name="Apply credentials").click()
        await dialog.get_by_role("button", name="Close").last.click()

        await page.get_by_text("List wishes").click()
        await page.get_by_role("button", name="Try it out").click()
        async with page.expect_response(f"{origin}/api/wishes") as answered:
            await page.get_by_role("button", name="Execute").click()
        response = await answered.value
        await expect(page.get_by_text(f'"presented": "Bearer {TOKEN}"')).to_be_visible()
        await opened.take_screenshot(tmp_path / "docs-tried-out.png")

        assert await response.json() == {"presented": f"Bearer {TOKEN}"}
        assert await opened.stored() == {"cookies": [], "databases": [], "local": [], "session": []}
        # the operation stays open: its name stands in the address
        await page.reload()
        await page.get_by_role("button", name="Try it out").click()
        await page.get_by_role("button", name="Execute").click()
        await expect(page.get_by_text('"presented": "nothing"')).to_be_visible()
        assert opened.asked_elsewhere == []
        assert opened.complaints == []


async def test_a_page_that_reaches_outside_or_runs_inline_is_noticed() -> None:
    async with serve(make_app()) as origin, visit(f"{origin}/outside") as opened:
        await opened.page.wait_for_load_state("networkidle")

        assert opened.asked_elsewhere == ["http://192.0.2.1/a.png"]
        assert any("security policy violated: script-src-elem inline" in said for said in opened.complaints)
        assert await opened.page.title() != "ran"


def brightness(color: str) -> float:
    red, green, blue, *alpha = (float(part) for part in re.findall(r"[\d.]+", color))
    # a transparent ground lets the white of the browser through
    return 255.0 if alpha == [0] else (red + green + blue) / 3
