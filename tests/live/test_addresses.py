"""Servers of one's own: however their addresses are spelled, `litestar run` reaches them and starts no others."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as ConnectionLost
from sqlalchemy import make_url

from app.infrastructure.cache.client import make_redis
from tests.certificates import Certificate
from tests.infrastructure.cache.valkey import running_valkey
from tests.live.conftest import UNLIMITED, Launch
from tests.live.forwarder import forwarded
from tests.live.http import clients
from tests.live.processes import free_port


@pytest.fixture(scope="module")
def valkey_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def valkey_socket(valkey_port: int) -> Iterator[Path]:
    """Of a Valkey that listens on a port as well."""
    with running_valkey("--port", str(valkey_port), "--bind", "127.0.0.1") as valkey:
        yield Path(valkey.url.removeprefix("unix://"))


async def run_id(url: str) -> str:
    """Which server answers."""
    client = make_redis(url)
    try:
        return str((await client.info("server"))["run_id"])
    finally:
        await client.aclose()


@pytest.mark.parametrize("spelling", ["unix://{socket}?db=0", "redis://127.0.0.1:{port}", "redis://localhost:{port}/0"])
def test_every_spelling_leads_to_the_same_valkey(spelling: str, valkey_socket: Path, valkey_port: int) -> None:
    url = spelling.format(socket=valkey_socket, port=valkey_port)
    assert asyncio.run(run_id(url)) == asyncio.run(run_id(f"unix://{valkey_socket}"))


def test_rediss_is_tls_to_a_server_that_proves_itself(valkey_socket: Path, tmp_path: Path) -> None:
    certificate = Certificate.make(tmp_path)
    with forwarded(valkey_socket, certificate, "at once") as port:
        url = f"rediss://localhost:{port}/0"
        trusting = f"{url}?ssl_ca_certs={certificate.certificate}"
        assert asyncio.run(run_id(trusting)) == asyncio.run(run_id(f"unix://{valkey_socket}"))
        with pytest.raises(ConnectionLost, match="CERTIFICATE_VERIFY_FAILED"):
            asyncio.run(run_id(url))


def test_servers_of_ones_own_are_used_and_no_others_started(
    database_url: str, valkey_socket: Path, valkey_port: int, launch: Launch
) -> None:
    assert valkey_socket.exists()
    given = make_url(database_url)
    with forwarded(Path(str(given.query["host"])) / ".s.PGSQL.5432") as port:
        environment = {
            **UNLIMITED,
            "DATABASE_URL": f"postgres://postgres:unused@127.0.0.1:{port}/{given.database}?sslmode=prefer",
            "REDIS_URL": f"redis://127.0.0.1:{valkey_port}/0",
        }
        server = launch(environment=environment)

        async def keep_a_todo() -> list[int]:
            async with clients(server.port, 1) as (client,):
                person = {"email": "own@example.com", "password": "a long enough pass phrase", "name": "Ada"}
                registered = await client.call("POST", "/api/auth/register", person)
                client.headers["Authorization"] = f"Bearer {registered.json()['accessToken']}"
                made = await client.call("POST", "/api/todos", {"title": "Buy milk"})
                return [registered.status, made.status]

        assert asyncio.run(keep_a_todo()) == [201, 201]
        assert server.told("starting")[0]["data"] == "your servers"
        assert not server.embedded()
        assert server.stop() == 0
