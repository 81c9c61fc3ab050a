"""Accounts as people use them at a running server, and the product's commands over its data."""

import asyncio
import re
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import uuid4

from tests.live.conftest import QUICK
from tests.live.http import Client
from tests.live.server import LITESTAR, PROJECT, Server

CONNECTIONS: Final = 12
"""Enough that each worker has some: the kernel deals them out."""


UNLIMITED_MAIL = {
    "RATE_LIMIT_FORGOT": "1000000/60",
    "RATE_LIMIT_FORGOT_ACCOUNT": "1000000/60",
}
PASSWORD = "correct horse battery staple"


def command(server: Server, *words: str) -> str:
    """Run another process of the product over the same data."""
    variables = {"PATH": "/usr/bin:/bin", "DATA_DIR": str(server.data_dir), "LITESTAR_APP": "app:create_app", **QUICK}
    done = subprocess.run(  # noqa: S603 -- the virtual environment's own program
        [LITESTAR, *words],
        cwd=PROJECT,
        env={**variables, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@asynccontextmanager
async def both_workers(server: Server) -> AsyncGenerator[list[Client]]:
    """Connections of which each of two workers has at least one."""
    async with asyncio.timeout(60):
        opened = await _dealt_to_both(server)
    try:
        yield opened
    finally:
        for client in opened:
            await client.close()


async def _dealt_to_both(server: Server) -> list[Client]:
    while True:
        opened = [Client(server.port) for _ in range(CONNECTIONS)]
        for client in opened:
            await client.call("GET", "/health/live")
        if len(one_of_each_worker(server, opened)) == 2:
            return opened
        for client in opened:
            await client.close()


def one_of_each_worker(server: Server, opened: list[Client]) -> dict[int, Client]:
    """For each worker that has any of the connections, one of them, by its process."""
    ours = {client.own_port: client for client in opened}
    return {
        worker.pid: ours[connection.raddr.port]
        for worker in server.workers
        for connection in worker.net_connections("tcp")
        if connection.raddr and connection.raddr.port in ours
    }


class Account:
    """Somebody with two sessions, and the first one's tokens."""

    def __init__(self, client: Client, email: str, pair: dict[str, Any], other: dict[str, Any]) -> None:
        self.client = client
        self.email = email
        self.pair = pair
        self.other = other

    @classmethod
    async def make(cls, client: Client) -> "Account":
        email = await registered(client)
        pairs = [await cls.sign_in(client, email) for _ in range(2)]
        return cls(client, email, *pairs)

    @staticmethod
    async def sign_in(client: Client, email: str, password: str = PASSWORD) -> dict[str, Any]:
        answer = await client.call("POST", "/api/auth/login", {"email": email, "password": password})
        assert answer.status == 200, answer.body
        return dict(answer.json())

    async def call(self, method: str, path: str, body: Any = None, *, pair: dict[str, Any] | None = None) -> Any:
        token = (pair or self.pair)["accessToken"]
        answer = await self.client.call(method, path, body, Authorization=f"Bearer {token}")
        assert 200 <= answer.status < 300, f"{method} {path}: {answer.body!r}"
        return answer.json() if answer.body else None

    async def own_id(self) -> str:
        return str((await self.call("GET", "/api/me"))["id"])


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
