"""Sign-ins before two workers that share nothing but the database: what one ends is over at the other."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from typing import Any

import pytest
import redis

from app.infrastructure.security.keys import LOOK_SECONDS
from tests.live.accounts import PASSWORD, UNLIMITED_MAIL, Account, both_workers, command, mailed_token, registered
from tests.live.conftest import UNLIMITED, FirstStart, Launch, Measured, serving
from tests.live.data import query
from tests.live.http import Client, clients
from tests.live.server import Server

NEXT_PASSWORD = "another horse battery staple"
ADMIN = "operator@example.com"

numbers = count()


@pytest.fixture(scope="module")
def two(first_start: FirstStart) -> Iterator[Server]:
    with serving(first_start, {**UNLIMITED, **UNLIMITED_MAIL}, workers=2) as server:
        command(server, "users", "create-admin", ADMIN, "--password", PASSWORD)
        yield server


async def logout(account: Account) -> None:
    await account.call("POST", "/api/auth/logout", {"refreshToken": account.pair["refreshToken"]})


async def logout_by_access_token(account: Account) -> None:
    await account.call("POST", "/api/auth/logout", {})


async def logout_all(account: Account) -> None:
    await account.call("POST", "/api/auth/logout-all", pair=account.other)


async def end_others(account: Account) -> None:
    await account.call("DELETE", "/api/me/sessions", pair=account.other)


async def change_password(account: Account) -> None:
    body = {"currentPassword": PASSWORD, "newPassword": NEXT_PASSWORD}
    await account.call("POST", "/api/me/password", body, pair=account.other)


async def reset_password(account: Account) -> None:
    await account.call("POST", "/api/auth/forgot-password", {"email": account.email})
    token = await mailed_token(account.client, account.email, "Set a new password")
    await account.call("POST", "/api/auth/reset-password", {"token": token, "password": NEXT_PASSWORD})


async def change_email(account: Account) -> None:
    address = f"changed{next(numbers)}@example.com"
    await account.call("POST", "/api/me/email", {"email": address})
    token = await mailed_token(account.client, address, "Confirm your new e-mail address")
    await account.call("POST", "/api/auth/verify-email", {"token": token})


async def delete_account(account: Account) -> None:
    await account.call("DELETE", "/api/me", pair=account.other)


async def administer(account: Account, change: dict[str, Any]) -> None:
    admin = await Account.sign_in(account.client, ADMIN)
    await account.call("PATCH", f"/api/users/{await account.own_id()}", change, pair=admin)


async def disable(account: Account) -> None:
    await administer(account, {"disabled": True})


async def change_role(account: Account) -> None:
    await administer(account, {"role": "admin"})


async def reuse(account: Account) -> None:
    first = {"refreshToken": account.pair["refreshToken"]}
    second = await account.call("POST", "/api/auth/refresh", first)
    await account.call("POST", "/api/auth/refresh", {"refreshToken": second["refreshToken"]})
    answer = await account.client.call("POST", "/api/auth/refresh", first)
    assert answer.json()["code"] == "refresh_reused"


ENDS: list[Callable[[Account], Awaitable[None]]] = [
    logout, logout_by_access_token, logout_all, end_others, change_password, reset_password, change_email,
    delete_account, disable, change_role, reuse,
]  # fmt: skip


async def refused(opened: list[Client], pair: dict[str, Any]) -> float:
    """Wait until the access token is refused at every connection; returns the seconds that it took."""
    began = time.monotonic()
    async with asyncio.timeout(20):
        while set(await statuses(opened, pair)) != {401}:  # noqa: ASYNC110 -- the workers are other processes
            await asyncio.sleep(0.02)
    return time.monotonic() - began


async def statuses(opened: list[Client], pair: dict[str, Any]) -> list[int]:
    """What becomes of the access token at each connection."""
    headers = {"Authorization": f"Bearer {pair['accessToken']}"}
    answers = await asyncio.gather(*(client.call("GET", "/api/me", **headers) for client in opened))
    return [answer.status for answer in answers]


def seconds_until_refused(two: Server, end: Callable[[Account], Awaitable[None]]) -> float:
    async def run() -> float:
        async with both_workers(two) as opened:
            account = await Account.make(opened[0])
            assert set(await statuses(opened, account.pair)) == {200}
            await end(account)
            seconds = await refused(opened, account.pair)
            body = {"refreshToken": account.pair["refreshToken"]}
            assert (await opened[1].call("POST", "/api/auth/refresh", body)).status == 401
            return seconds

    return asyncio.run(run())


@pytest.mark.parametrize("end", ENDS)
def test_rv1_whatever_ends_a_session_ends_its_access_token_at_both_workers(
    two: Server, end: Callable[[Account], Awaitable[None]], measured: Measured
) -> None:
    measured("seconds until all were refused", round(seconds_until_refused(two, end), 2))


@pytest.mark.soak
@pytest.mark.parametrize("end", ENDS)
def test_rv1_both_workers_refuse_it_within_a_second(two: Server, end: Callable[[Account], Awaitable[None]]) -> None:
    assert seconds_until_refused(two, end) < 1


def test_rv1_others_are_not_signed_out(two: Server) -> None:
    async def run() -> None:
        async with both_workers(two) as opened:
            account, bystander = await Account.make(opened[0]), await Account.make(opened[0])
            await logout_all(account)
            await refused(opened, account.pair)
            assert set(await statuses(opened, bystander.pair)) == {200}

    asyncio.run(run())


def test_rt2_what_reuse_has_ended_stays_ended_after_a_restart(launch: Launch) -> None:
    server = launch("--workers", "2", environment=UNLIMITED)

    async def use_again() -> Account:
        async with clients(server.port, 1) as (client,):
            account = await Account.make(client)
            await reuse(account)
            return account

    account = asyncio.run(use_again())
    (row,) = query(server.data_dir, "SELECT revoked_reason FROM sessions WHERE revoked_at IS NOT NULL")
    assert row["revoked_reason"] == "refresh_reused"
    assert server.stop() == 0
    again = launch("--workers", "2", environment=UNLIMITED, port=server.port)

    async def ask() -> None:
        async with both_workers(again) as opened:
            for client in opened:
                me = await client.call("GET", "/api/me", Authorization=f"Bearer {account.pair['accessToken']}")
                assert me.status == 401
                refresh = {"refreshToken": account.pair["refreshToken"]}
                assert (await client.call("POST", "/api/auth/refresh", refresh)).status == 401
            # the other session and its tokens have outlived the restart
            me = await opened[0].call("GET", "/api/me", Authorization=f"Bearer {account.other['accessToken']}")
            assert me.status == 200
            refresh = {"refreshToken": account.other["refreshToken"]}
            assert (await opened[0].call("POST", "/api/auth/refresh", refresh)).status == 200

    asyncio.run(ask())


@pytest.mark.parametrize("known", [True, False])
def test_th1_two_hundred_guesses_at_two_workers_stay_within_five_and_no_flush_of_valkey_clears_them(
    two: Server, known: bool
) -> None:
    async def run() -> None:
        async with clients(two.port, 50) as opened:
            email = await registered(opened[0]) if known else f"nobody{next(numbers)}@example.com"

            async def guess(client: Client) -> Counter[int]:
                body = {"email": email, "password": "a wrong guess"}
                return Counter([(await client.call("POST", "/api/auth/login", body)).status for _ in range(4)])

            began = time.monotonic()
            statuses = sum(await asyncio.gather(*map(guess, opened)), Counter[int]())
            # five at once, and one more after each of the waits of 1, 2, 4 ... seconds
            allowed = 5 + int(time.monotonic() - began).bit_length()
            assert statuses[401] <= allowed, statuses
            assert set(statuses) <= {401, 429, 503}
            with redis.Redis(unix_socket_path=str(two.data_dir / "run" / "valkey.sock")) as valkey:
                valkey.flushall()
            for number in range(20):
                # one guess more makes the wait longer, where a slow machine has outlasted it
                await opened[number].call("POST", "/api/auth/login", {"email": email, "password": "a wrong guess"})
                answer = await opened[number].call("POST", "/api/auth/login", {"email": email, "password": PASSWORD})
                if answer.status == 429:
                    return
                assert answer.status in {401, 503}
            pytest.fail("the account does not rest")

    asyncio.run(run())


@pytest.mark.parametrize("rotations", [2, pytest.param(5, marks=pytest.mark.soak)])
def test_tk2_keys_rotate_while_clients_call_and_nobody_is_signed_out(
    two: Server, rotations: int, measured: Measured
) -> None:
    async def run() -> tuple[Counter[int], int]:
        statuses: Counter[int] = Counter()
        async with both_workers(two) as opened:
            accounts = [await Account.make(client) for client in opened[:6]]
            going, seen = True, set[str]()

            async def call_on(account: Account, peer: Client) -> None:
                """Refresh at one connection; the fresh token is used at another, which may be the other worker's."""
                pair = account.pair
                while going:
                    me = await peer.call("GET", "/api/me", Authorization=f"Bearer {pair['accessToken']}")
                    refreshed = await account.client.call(
                        "POST", "/api/auth/refresh", {"refreshToken": pair["refreshToken"]}
                    )
                    statuses.update([me.status, refreshed.status])
                    pair = refreshed.json() if refreshed.status == 200 else pair
                    first = await peer.call("GET", "/api/me", Authorization=f"Bearer {account.other['accessToken']}")
                    statuses[first.status] += 1
                    seen.add(pair["accessToken"].partition(".")[0])

            calls = [asyncio.create_task(call_on(*pair)) for pair in zip(accounts, reversed(opened), strict=False)]
            for _ in range(rotations):
                await asyncio.to_thread(command, two, "keys", "rotate")
                # by then each worker looks at the file again
                await asyncio.sleep(LOOK_SECONDS + 0.2)
            going = False
            await asyncio.gather(*calls)
            keys = (await opened[0].call("GET", "/.well-known/jwks.json")).json()["keys"]
            assert len(keys) >= rotations + 1
            assert not any("d" in key for key in keys)
            return statuses, len(seen)

    statuses, signing = asyncio.run(run())
    measured("answers while keys were rotated in", dict(statuses))
    assert set(statuses) == {200}
    # both before and after each rotation some token was made
    assert signing >= rotations
