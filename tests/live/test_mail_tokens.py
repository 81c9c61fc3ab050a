"""Tokens of mails before two workers that know nothing of each other: of those who use one at once, one succeeds."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.live.conftest import QUICK, UNLIMITED, FirstStart, Measured
from tests.live.http import Client, clients
from tests.live.server import Server, copy_data, temporary_place, wait_until

UNLIMITED_MAIL = {
    "RATE_LIMIT_FORGOT": "1000000/60",
    "RATE_LIMIT_FORGOT_ACCOUNT": "1000000/60",
    "RATE_LIMIT_API": "1000000/60",
}
PASSWORD = "correct horse battery staple"

Start = Callable[[Client], Awaitable[tuple[str, dict[str, Any]]]]


@pytest.fixture(scope="module")
def two(first_start: FirstStart) -> Iterator[Server]:
    with temporary_place() as place:
        data_dir = copy_data(first_start.data_dir, place / "data")
        environment = {**QUICK, **UNLIMITED, **UNLIMITED_MAIL}
        server = Server(place, "--workers", "2", environment=environment, data_dir=data_dir)
        try:
            server.await_ready()
            wait_until(lambda: len(server.told("ready")) == 2, 30)
            yield server
            assert server.stop() == 0
        finally:
            server.close()


async def mailed_token(client: Client, address: str, subject: str, *, but: str = "") -> str:
    """The token of the newest such mail to the address, once there is another one than `but`."""
    async with asyncio.timeout(20):
        while True:
            for mail in (await client.call("GET", "/dev/mailbox.json")).json():
                if (mail["to"], mail["subject"]) == (address, subject):
                    token = re.findall(r"#token=([\w-]+)", mail["text"])[0]
                    if token != but:
                        return str(token)
                    break
            await asyncio.sleep(0.01)


async def registered(client: Client) -> str:
    address = f"{uuid4().hex}@example.com"
    body = {"email": address, "password": PASSWORD, "name": "Ada"}
    assert (await client.call("POST", "/api/auth/register", body)).status == 201
    return address


async def begin_verification(client: Client) -> tuple[str, dict[str, Any]]:
    token = await mailed_token(client, await registered(client), "Verify your e-mail address")
    return "/api/auth/verify-email", {"token": token}


def resets() -> Start:
    """Resets of one account's password, each with a token of its own."""
    address, last = "", ""

    async def begin(client: Client) -> tuple[str, dict[str, Any]]:
        nonlocal address, last
        address = address or await registered(client)
        await client.call("POST", "/api/auth/forgot-password", {"email": address})
        last = await mailed_token(client, address, "Set a new password", but=last)
        return "/api/auth/reset-password", {"token": last, "password": f"a pass phrase of {uuid4().hex}"}

    return begin


async def use_at_once(server: Server, begin: Start, *, rounds: int, users: int) -> Counter[int]:
    """Each round, as many use one token at once; fails unless exactly one succeeds. Returns what the others got."""
    others: Counter[int] = Counter()
    async with clients(server.port, users) as opened:
        for _ in range(rounds):
            path, body = await begin(opened[0])
            answers = await asyncio.gather(*(client.call("POST", path, body) for client in opened))
            statuses = Counter(answer.status for answer in answers)
            assert statuses.pop(204, 0) == 1, statuses
            others.update(statuses)
    return others


@pytest.mark.parametrize("purpose", ["verification", "reset"])
def test_em1_of_twenty_who_use_one_token_at_two_workers_one_succeeds(two: Server, purpose: str) -> None:
    begin = begin_verification if purpose == "verification" else resets()
    others = asyncio.run(use_at_once(two, begin, rounds=3, users=20))
    assert others == {400: 3 * 19}


@pytest.mark.soak
@pytest.mark.parametrize("purpose", ["verification", "reset"])
def test_em1_of_fifty_who_use_one_of_a_thousand_tokens_one_succeeds(
    two: Server, purpose: str, measured: Measured
) -> None:
    begin = begin_verification if purpose == "verification" else resets()
    others = asyncio.run(use_at_once(two, begin, rounds=1000, users=50))
    measured(f"what the others got, {purpose}", dict(others))
    # who finds too many waiting for a hash or a connection is told to come again
    assert set(others) <= {400, 503}
    assert others[400] > others[503]
