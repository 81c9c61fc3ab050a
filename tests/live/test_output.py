"""What `litestar run` writes: a page at a terminal, JSON elsewhere, and nowhere what is secret or a person's own."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from typing import Any

from tests.live.conftest import UNLIMITED, Launch
from tests.live.data import query
from tests.live.http import Answer, Client, Lost, clients
from tests.live.processes import wait_until
from tests.live.server import PROJECT, Server

CANARY = "cn4ry"
PASSWORD = f"{CANARY} pass phrase"
EMAIL = f"{CANARY}@example.com"

PAGE = """\
Evenstar is starting at {url}

  API        {url}/api
  Reference  {url}/docs
  Ready?     {url}/health/ready
  Data       {data}

Stop it with Ctrl-C.
"""

CANARY_HEADERS = {
    "Authorization": f"Bearer {CANARY}.{CANARY}.{CANARY}",
    "Cookie": f"refresh={CANARY}",
    "If-Match": f'"{CANARY}"',
    "Idempotency-Key": CANARY,
    "Referer": f"https://{CANARY}.example/",
    "User-Agent": CANARY,
    "X-Forwarded-For": CANARY,
}


def test_at_a_terminal_it_tells_where_things_are_and_nothing_of_what_people_write(launch: Launch) -> None:
    server = launch(terminal=True, environment=UNLIMITED)
    wait_until(lambda: "ready" in server.output.partition("Ctrl-C")[2])
    before, page, after = shown(server).partition(PAGE.format(url=server.url, data=server.data_dir))
    assert page
    # Litestar's own word on which application it found
    assert len(before.splitlines()) <= 1
    (told,) = (line for line in after.splitlines() if line and "request" not in line)
    assert "ready" in told
    assert "{" not in told

    assert_no_secret(server)
    server.type(b"\x03")
    assert server.await_end() == 0
    server.assert_gone()
    assert shown(server).rstrip().endswith("Stopped.")


def test_elsewhere_it_writes_json_and_nothing_of_what_people_write(launch: Launch) -> None:
    server = launch(environment={**UNLIMITED, "LOG_LEVEL": "debug"})
    assert_no_secret(server)
    server.workers[0].kill()
    wait_until(lambda: server.told("a worker ended unexpectedly"))
    # who connects meanwhile waits for the next one
    assert server.get("/health/live", timeout=30)[0] == 200
    assert server.stop() == 0
    assert server.errors == ""
    lines = server.lines()
    assert all({"event", "level", "logger", "timestamp"} <= line.keys() for line in lines)
    told = [line["event"] for line in lines if line["logger"] == "app.serve"]
    assert told == ["starting", "ready", "a worker ended unexpectedly", "ready", "stopping", "stopped"]


def test_a_traceback_at_a_terminal_shows_no_values() -> None:
    program = f"""
import logging
from app.infrastructure.observability.logs import configure_logging
configure_logging("info", "pretty")
def fail(password):
    raise RuntimeError("no luck")
try:
    fail("".join({list(CANARY)}))
except RuntimeError:
    logging.getLogger("any").exception("failed")
"""
    words = [sys.executable, "-c", program]
    written = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=True).stdout  # noqa: S603
    assert "no luck" in written
    assert CANARY not in written


def shown(server: Server) -> str:
    """What stands at the terminal, without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", server.output.replace("\r\n", "\n"))


def assert_no_secret(server: Server) -> None:
    """Send canaries through every flow, while all is well and while little is; none is in what was written."""
    tokens = asyncio.run(use_everything(server.port))
    assert len(tokens) > 6

    query(server.data_dir, "ALTER TABLE todos RENAME TO todos_away")
    assert asyncio.run(write(server.port)) == {500}
    query(server.data_dir, "ALTER TABLE todos_away RENAME TO todos")
    wait_until(lambda: "unhandled exception" in server.output)
    assert "UndefinedTable" in server.output

    async def use_while_the_database_dies() -> None:
        calls = asyncio.gather(*(write(server.port) for _ in range(10)), return_exceptions=True)
        server.postgres.kill()
        assert not [result for result in await calls if isinstance(result, BaseException)]

    asyncio.run(use_while_the_database_dies())
    wait_until(server.is_ready, 20)
    assert "/api/todos" in server.output

    written = shown(server) + server.errors
    assert CANARY not in written.lower(), around(written, CANARY)
    # the embedded servers' logs stand beside the data
    for text in (written, *(path.read_text(errors="replace") for path in server.data_dir.glob("*.log"))):
        for secret in (PASSWORD, EMAIL, *tokens):
            assert secret not in text, around(text, secret)


def around(text: str, word: str) -> str:
    place = text.lower().find(word.lower())
    return text[max(0, place - 300) : place + 300]


async def use_everything(port: int) -> set[str]:
    """Every operation, with what it asks for and with what it does not; returns all tokens that were handed out."""
    async with clients(port, 1) as (client,):
        tokens = {token async for token in flows(client)}
        document = (await client.call("GET", "/docs/openapi.json")).json()
        for method, path in requests(document):
            for headers in ({}, CANARY_HEADERS):
                for body in (wrong_body(document), f'{{"title": "{CANARY}'.encode()):
                    answer = await client.call(method, path, body if method != "GET" else None, **names(headers))
                    assert answer.status < 500, f"{method} {path}: {answer.body!r}"
    return tokens


async def flows(client: Client) -> AsyncGenerator[str]:
    """An account from its beginning to its end."""
    person = {"email": EMAIL, "password": PASSWORD}
    registered = await client.call("POST", "/api/auth/register", {**person, "name": f"{CANARY} name"})
    assert registered.status == 201, registered.body
    for answer in (registered, await client.call("POST", "/api/auth/login", person)):
        yield answer.json()["accessToken"]
        yield answer.json()["refreshToken"]
    client.headers["Authorization"] = f"Bearer {registered.json()['accessToken']}"
    assert (await client.call("POST", "/api/auth/register", {**person, "name": CANARY})).status == 409
    assert (await client.call("POST", "/api/auth/login", {**person, "password": f"{CANARY} wrong"})).status == 401
    await client.call("POST", "/api/auth/forgot-password", {"email": EMAIL})
    await client.call("POST", "/api/auth/resend-verification", {"email": EMAIL})

    first = registered.json()["refreshToken"]
    for _ in range(2):
        refreshed = await client.call("POST", "/api/auth/refresh", {"refreshToken": first})
        assert refreshed.status == 200
        yield refreshed.json()["refreshToken"]
        yield refreshed.json()["accessToken"]

    todo = {"title": f"{CANARY} title", "notes": f"{CANARY} notes"}
    made = await client.call("POST", "/api/todos", todo, Idempotency_Key=f"{CANARY}-1234")
    assert made.status == 201
    path = f"/api/todos/{made.json()['id']}"
    assert (await client.call("GET", path)).status == 200
    assert (await client.call("PATCH", path, {"title": f"{CANARY} again"}, If_Match='"1"')).status == 200
    assert (await client.call("PATCH", path, {"title": f"{CANARY} late"}, If_Match='"1"')).status == 412
    assert (await client.call("DELETE", path)).status == 204
    assert (await client.call("PATCH", "/api/me", {"name": f"{CANARY} renamed"})).status == 200

    async for token in mailed(client):
        yield token


async def mailed(client: Client) -> AsyncGenerator[str]:
    """The tokens of all mails so far, once there are some."""
    found: set[str] = set()
    for _ in range(100):
        box = await client.call("GET", "/dev/mailbox.json")
        found = set(re.findall(r"token=([\w-]{20,})", box.body.decode()))
        if len(found) > 1:
            break
        await asyncio.sleep(0.05)
    assert found
    for token in found:
        yield token


def requests(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every operation, with canaries wherever its path and its query have room for them."""
    for template, operations in document["paths"].items():
        path = re.sub(r"{\w+}", CANARY, template)
        for method, operation in operations.items():
            if method in {"get", "post", "patch", "put", "delete"}:
                named = [each["name"] for each in operation.get("parameters", ()) if each.get("in") == "query"]
                words = "&".join(f"{name}={CANARY}" for name in [*named, CANARY])
                yield method.upper(), f"{path}?{words}"
    yield "GET", f"/{CANARY}"
    yield "POST", f"/api/{CANARY}"


def wrong_body(document: dict[str, Any]) -> dict[str, str]:
    """Of every property that any body has, and one that none has."""
    schemas = document["components"]["schemas"].values()
    return dict.fromkeys([CANARY, *(name for schema in schemas for name in schema.get("properties", ()))], CANARY)


def names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("-", "_"): value for name, value in headers.items()}


async def write(port: int) -> set[int]:
    """Register, and write a todo: the statuses of what was not a success, none if the connection was lost."""
    async with clients(port, 1) as (client,):
        try:
            answers: list[Answer] = []
            person = {"email": f"{CANARY}-{id(client)}@example.com", "password": PASSWORD, "name": CANARY}
            answers.append(await client.call("POST", "/api/auth/register", person))
            if answers[-1].status == 201:
                client.headers["Authorization"] = f"Bearer {answers[-1].json()['accessToken']}"
            answers.extend([await client.call("POST", "/api/todos", {"title": f"{CANARY} title"}) for _ in range(5)])
        except Lost:
            return set()
    return {answer.status for answer in answers if answer.status != 201}
