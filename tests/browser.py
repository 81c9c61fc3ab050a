"""A real browser for tests: Debian's Chromium, kept to loopback, and a real server for it to visit."""

import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from litestar import Litestar
from playwright.async_api import Browser, ConsoleMessage, Error, Page, Request, Route, async_playwright, expect

from tests.running import port_of, running

SCREENSHOTS = os.environ.get("SCREENSHOTS")
"""A folder to keep the pictures in that tests take; without it they go where the test says."""

_CHROMIUM = shutil.which("chromium")
_FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    # no name but loopback's is looked up, not even by the browser itself
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--no-first-run",
    # the sandbox needs privileges that a container does not give
    "--no-sandbox",
)
_REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (violation) =>
  console.error("security policy violated:", violation.violatedDirective, violation.blockedURI))
"""

# a busy machine starts a browser slowly; a condition that holds ends the wait at once
expect.set_options(timeout=30_000)


@dataclass
class Visit:
    """A page in a profile of its own, and what it said and asked for since it was opened."""

    page: Page
    asked_for: list[str] = field(default_factory=list[str])
    complaints: list[str] = field(default_factory=list[str])

    @property
    def asked_elsewhere(self) -> list[str]:
        """The addresses that are not on loopback; none of them was reached."""
        return [url for url in self.asked_for if not _is_local(url)]

    async def stored(self) -> dict[str, object]:
        """Everything that the page left behind in the browser."""
        return {
            "cookies": await self.page.context.cookies(),
            "databases": await self.page.evaluate("indexedDB.databases()"),
            "local": await self.page.evaluate("Object.entries(localStorage)"),
            "session": await self.page.evaluate("Object.entries(sessionStorage)"),
        }

    async def take_screenshot(self, path: Path) -> None:
        """Keep a picture of the whole page, in `SCREENSHOTS` if that is set."""
        if SCREENSHOTS:
            path = Path(SCREENSHOTS) / path.name
        await self.page.screenshot(path=path, full_page=True)


@asynccontextmanager
async def visit(url: str, *, dark: bool = False) -> AsyncGenerator[Visit]:
    """Open the page at `url` in a browser of its own, and note and refuse what it asks of other hosts.

    Skips the test where Chromium is not installed.
    """
    async with _chromium() as browser:
        context = await browser.new_context(
            color_scheme="dark" if dark else "light",
            service_workers="block",
            viewport={"width": 1280, "height": 900},
        )
        await context.add_init_script(_REPORT_VIOLATIONS)
        await context.route(lambda address: not _is_local(address), _refuse)
        opened = Visit(await context.new_page())

        def note_request(request: Request) -> None:
            opened.asked_for.append(request.url)

        def note_message(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                opened.complaints.append(message.text)

        def note_exception(error: Error) -> None:
            opened.complaints.append(str(error))

        context.on("request", note_request)
        opened.page.on("console", note_message)
        opened.page.on("pageerror", note_exception)
        await opened.page.goto(url)
        yield opened


@asynccontextmanager
async def serve(app: Litestar) -> AsyncGenerator[str]:
    """Run the application on a loopback port of its own and give its origin."""
    async with running(app) as server:
        yield f"http://127.0.0.1:{port_of(server)}"


@asynccontextmanager
async def _chromium() -> AsyncGenerator[Browser]:
    if _CHROMIUM is None:
        pytest.skip("needs chromium; chromium is not installed: apt-get install chromium")
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS) as browser,
    ):
        yield browser


async def _refuse(route: Route) -> None:
    await route.abort("accessdenied")


def _is_local(url: str) -> bool:
    address = urlsplit(url)
    return address.hostname == "127.0.0.1" or address.scheme in {"about", "blob", "data"}
