"""Tokens before two workers that know nothing of each other: of those who use one at once, one succeeds."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.live.accounts import PASSWORD, UNLIMITED_MAIL, mailed_token, registered
from tests.live.conftest import UNLIMITED, FirstStart, Measured, serving
from tests.live.data import query
from tests.live.http import Client, clients
from tests.live.server import PROJECT, Server

Start = Callable[[Client], Awaitable[tuple[str, dict[str, Any]]]]


HASH_LITTLE = """
import bcrypt

gensalt = bcrypt.gensalt
bcrypt.gensalt = lambda rounds=12, prefix=b"2b": gensalt(4, prefix)
"""
"""Run by each Python of a start: what is proven here is the use of a row, and not what a hash costs.

At the least cost that settings allow, fifty thousand hashes would take two cores half an hour.
"""


ANY_NUMBER = {**UNLIMITED, **UNLIMITED_MAIL}


@pytest.fixture(scope="module")
def two(first_start: FirstStart) -> Iterator[Server]:
    with serving(first_start, ANY_NUMBER, workers=2) as server:
        yield server


@pytest.fixture(scope="module")
def tireless(first_start: FirstStart, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two workers that hash in no time."""
    site = tmp_path_factory.mktemp("site")
    (site / "sitecustomize.py").write_text(HASH_LITTLE)
    with serving(first_start, {**ANY_NUMBER, "PYTHONPATH": f"{site}:{PROJECT}"}, workers=2) as server:
        yield server


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


async def refresh_at_once(server: Server, *, rounds: int, users: int) -> Counter[int]:
    """Each round, as many exchange one refresh token at once, which all of them get one successor for.

    The next round goes on with it. Returns the statuses of all; fails when two got different ones.
    """
    statuses: Counter[int] = Counter()
    async with clients(server.port, users) as opened:
        address = await registered(opened[0])
        signed_in = await opened[0].call("POST", "/api/auth/login", {"email": address, "password": PASSWORD})
        token = signed_in.json()["refreshToken"]
        for _ in range(rounds):
            body = {"refreshToken": token}
            answers = await asyncio.gather(*(client.call("POST", "/api/auth/refresh", body) for client in opened))
            statuses.update(answer.status for answer in answers)
            (successor,) = {answer.json()["refreshToken"] for answer in answers if answer.status == 200}
            assert successor != token
            token = successor
    return statuses


def most_tokens_of_a_session(server: Server) -> int:
    """How many refresh tokens the longest session has had."""
    counted = "SELECT count(*) FROM refresh_tokens GROUP BY session_id ORDER BY 1 DESC LIMIT 1"
    return int(query(server.data_dir, counted)[0]["count"])


@pytest.mark.parametrize("purpose", ["verification", "reset"])
def test_em1_of_twenty_who_use_one_token_at_two_workers_one_succeeds(two: Server, purpose: str) -> None:
    begin = begin_verification if purpose == "verification" else resets()
    others = asyncio.run(use_at_once(two, begin, rounds=3, users=20))
    assert others == {400: 3 * 19}


def test_rt2_fifty_who_exchange_one_token_at_two_workers_get_one_successor(two: Server) -> None:
    statuses = asyncio.run(refresh_at_once(two, rounds=5, users=50))
    # who finds no connection to the database free is told to come again
    assert set(statuses) <= {200, 503}
    assert most_tokens_of_a_session(two) == 1 + 5


@pytest.mark.soak
@pytest.mark.parametrize("purpose", ["verification", "reset"])
def test_em1_of_fifty_who_use_one_of_a_thousand_tokens_one_succeeds(
    tireless: Server, purpose: str, measured: Measured
) -> None:
    begin = begin_verification if purpose == "verification" else resets()
    others = asyncio.run(use_at_once(tireless, begin, rounds=1000, users=50))
    measured(f"what the others got, {purpose}", dict(others))
    # who finds no connection to the database free is told to come again
    assert set(others) <= {400, 503}
    assert others[400] > others[503]


@pytest.mark.soak
def test_rt2_fifty_who_exchange_one_of_a_thousand_get_one_successor(tireless: Server, measured: Measured) -> None:
    statuses = asyncio.run(refresh_at_once(tireless, rounds=1000, users=50))
    measured("what they got", dict(statuses))
    assert set(statuses) <= {200, 503}
    assert most_tokens_of_a_session(tireless) == 1 + 1000
