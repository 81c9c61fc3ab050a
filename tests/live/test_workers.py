"""Two workers as one server: they share the port and the limits, and one may die."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import psutil
import pytest
import redis

from tests.live.accounts import both_workers, one_of_each_worker
from tests.live.conftest import FirstStart, Measured, serving
from tests.live.http import Answer, Client, clients, percentile
from tests.live.processes import wait_until
from tests.live.server import Server

ATTEMPTS = 100
LIMITS = {"RATE_LIMIT_LOGIN": "10/60", "RATE_LIMIT_LOGIN_HOUR": "1000000/60", "RATE_LIMIT_REFRESH": "1000000/60"}


@pytest.fixture(scope="module")
def two(first_start: FirstStart) -> Iterator[Server]:
    with serving(first_start, LIMITS, workers=2) as server:
        yield server


people = count()


async def sign_in(client: Client) -> Answer:
    """Each time as somebody else, for one account alone has a limit of its own."""
    credentials = {"email": f"nobody-{next(people)}@example.com", "password": "a wrong pass phrase"}
    return await client.call("POST", "/api/auth/login", credentials)


async def refresh(client: Client) -> Answer:
    """Of no session, so that nothing but the limit takes its time."""
    return await client.call("POST", "/api/auth/refresh", {"refreshToken": "of nobody"})


async def sign_in_at_once(port: int) -> list[Answer]:
    async with clients(port, ATTEMPTS) as opened:
        return list(await asyncio.gather(*map(sign_in, opened)))


def fallbacks(server: Server) -> int:
    """How often the workers have counted alone, each by itself, because Valkey did not answer in time."""

    async def ask() -> int:
        async with both_workers(server) as opened:
            each = one_of_each_worker(server, opened).values()
            told = "".join([(await client.call("GET", "/metrics")).body.decode() for client in each])
        counts = (line.rsplit(" ", 1) for line in told.splitlines())
        return int(sum(float(count) for name, count in counts if name.startswith("evenstar_throttle_fallback_total")))

    return asyncio.run(ask())


def forget_counts(server: Server) -> None:
    with redis.Redis(unix_socket_path=str(server.data_dir / "run" / "valkey.sock")) as valkey:
        valkey.flushall()


def listens(process: psutil.Process, port: int) -> bool:
    sockets = process.net_connections("tcp")
    return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in sockets)


def test_two_workers_listen_on_one_port(two: Server) -> None:
    workers = {process.pid for process in two.workers}
    assert len(workers) == 2
    assert {line["pid"] for line in two.told("ready")} == workers
    assert all(listens(process, two.port) for process in two.workers)


@pytest.mark.soak
def test_th1_of_a_hundred_sign_ins_at_once_ten_pass_the_limit_of_ten(two: Server) -> None:
    for _ in range(5):
        forget_counts(two)
        alone, began = fallbacks(two), time.monotonic()
        answers = asyncio.run(sign_in_at_once(two.port))
        passed = [answer for answer in answers if answer.status != 429]
        refused = [answer for answer in answers if answer.status == 429]
        assert {answer.status for answer in passed} == {401}
        # whatever the machine is busy with: the shared quota, and half of it in each worker alone
        assert len(passed) <= 20
        assert all('"login";q=10;w=60' in answer.headers["ratelimit-policy"] for answer in passed)
        assert all(answer.headers["ratelimit"].startswith('"login";r=0;t=') for answer in refused)
        # one comes back every six seconds, or every twelve in a worker alone
        assert all(1 <= int(answer.headers["retry-after"]) <= 12 for answer in refused)
        assert all(answer.json()["code"] == "too_many_requests" for answer in refused)
        if fallbacks(two) == alone and time.monotonic() - began < 6:
            assert sorted(remaining(answer) for answer in passed) == list(range(10))
            return
    pytest.fail("in none of the attempts was this machine quiet enough for Valkey to answer in time")


def remaining(answer: Answer) -> int:
    return int(answer.headers["ratelimit"].partition('"login";r=')[2].split(";")[0])


@pytest.mark.soak
def test_a_frozen_valkey_slows_nobody_and_lifts_no_limit(two: Server, measured: Measured) -> None:
    before, alone = asyncio.run(_refresh_times(two.port)), fallbacks(two)
    two.valkey.suspend()
    try:
        while_frozen = asyncio.run(_refresh_times(two.port))
        answers = asyncio.run(sign_in_at_once(two.port))
        assert two.get("/docs/openapi.json")[0] == 200
        assert fallbacks(two) > alone
    finally:
        two.valkey.resume()
    added = percentile(while_frozen, 0.99) - percentile(before, 0.99)
    measured("added_milliseconds", round(added * 1000, 1))
    assert added < 0.15
    assert {answer.status for answer in answers} <= {401, 429}
    # each worker alone holds half the quota
    assert sum(answer.status == 401 for answer in answers) <= 10


async def _refresh_times(port: int) -> list[float]:
    """One after the other, so that none waits for another."""
    async with clients(port, 4) as opened:
        answers = [await refresh(client) for _ in range(50) for client in opened]
    assert {answer.status for answer in answers} == {401}
    return [answer.seconds for answer in answers]


def test_signing_in_and_on_goes_on_while_valkey_is_killed(two: Server) -> None:
    killed = two.valkey.pid

    async def sign_in_meanwhile() -> set[int]:
        async with clients(two.port, 4) as opened:
            statuses: set[int] = set()
            for number in range(100):
                if number == 5:
                    psutil.Process(killed).kill()
                calls = (refresh(client) if number % 2 else sign_in(client) for client in opened)
                answers = await asyncio.gather(*calls)
                statuses |= {answer.status for answer in answers}
            return statuses

    assert asyncio.run(sign_in_meanwhile()) <= {401, 429}

    def is_back() -> bool:
        with suppress(ValueError, psutil.Error):
            return two.valkey.pid != killed and b'"redis":"up"' in two.get("/health/ready")[1]
        return False

    wait_until(is_back)


def test_a_killed_worker_is_replaced_while_the_other_serves(two: Server, measured: Measured) -> None:
    victim, survivor = two.workers
    began = time.monotonic()
    victim.kill()
    # what waited for the killed one is lost, and nothing else
    wait_until(lambda: victim not in two.workers, 5)
    while len(two.told("ready")) < 3:
        assert two.answers()
        assert time.monotonic() - began < 30
    measured("seconds", round(time.monotonic() - began, 2))
    assert survivor.is_running()
    assert len(two.workers) == 2
    assert victim.pid not in {process.pid for process in two.workers}
    (said,) = (line for line in two.lines() if line["logger"] == "app.serve" and line["level"] == "error")
    assert said["event"] == "a worker ended unexpectedly"
    assert said["pid"] == victim.pid
