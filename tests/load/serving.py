"""What a load is put on: a database of its own, a server with the settings of production, and their use of the CPU."""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import psutil
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.infrastructure.database.engine import connection_target
from app.infrastructure.embedded import acquire, release
from app.infrastructure.security.keys import generate_key
from app.presentation.cli.database import upgrade
from tests.live.processes import wait_until
from tests.live.server import Server

ROLE: Final = "evenstar_growth"


@dataclass(frozen=True, slots=True)
class Servers:
    """Where PostgreSQL and Valkey are, and the former's first process, which must be one of this machine."""

    database_url: str
    redis_url: str
    postmaster: psutil.Process


@contextmanager
def servers(place: Path) -> Generator[Servers]:
    """Those of `DATABASE_URL` and `REDIS_URL` where both are set, else embedded ones in a place, while needed."""
    database_url, redis_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    data = place / "data"
    if not database_url or not redis_url:
        embedded = acquire(data)
        database_url, redis_url = embedded.database_url, embedded.redis_url
    try:
        yield Servers(database_url, redis_url, asyncio.run(_postmaster(database_url)))
    finally:
        release(data)


@contextmanager
def database(running: Servers, name: str) -> Generator[str]:
    """A migrated database, by its owner's URL; dropped at the end."""
    ask(running.database_url, f'DROP DATABASE IF EXISTS "{name}"')
    ask(running.database_url, f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        url = make_url(running.database_url).set(database=name).render_as_string(hide_password=False)
        target, arguments = connection_target(url)
        # it tells what it does, and standard output is for the figures
        with redirect_stdout(sys.stderr):
            upgrade(create_async_engine(target, connect_args=arguments, poolclass=NullPool))
        yield url
    finally:
        ask(running.database_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def as_role(url: str) -> Generator[str]:
    """The same database as a role sees it that is no superuser, as production wants it."""
    if not ask(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        yield url
        return
    password = secrets.token_hex(16)
    ask(url, f"CREATE ROLE {ROLE} LOGIN PASSWORD '{password}'")
    try:
        ask(url, f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}")
        yield make_url(url).set(username=ROLE, password=password).render_as_string(hide_password=False)
    finally:
        ask(url, f"DROP OWNED BY {ROLE}")
        ask(url, f"DROP ROLE {ROLE}")


def ask(url: str, statement: str) -> Any:
    """The first value that a statement gives."""

    async def run() -> Any:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(run())


async def _postmaster(url: str) -> psutil.Process:
    connection = await asyncpg.connect(url)
    try:
        backend = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()"))
        return backend.parents()[0]
    finally:
        await connection.close()


def environment(place: Path, database_url: str, redis_url: str) -> dict[str, str]:
    """The settings of production, but for limits that one address would soon have used up."""
    keys = place / "signing-keys.json"
    if not keys.exists():
        keys.write_text(json.dumps({"keys": [generate_key()]}))
        keys.chmod(0o600)
    return {
        "APP_ENV": "production",
        "BASE_URL": "https://evenstar.example",
        "ALLOWED_HOSTS": "127.0.0.1",
        "SECRET_KEY": secrets.token_hex(32),
        "SIGNING_KEYS_FILE": os.fspath(keys),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SMTP_URL": "smtp://127.0.0.1:1025",
        "MAIL_FROM": "no-reply@evenstar.example",
        "RATE_LIMIT_API": "1000000/60",
    }


@contextmanager
def serving(place: Path, settings: Mapping[str, str], *, workers: int) -> Generator[Server]:
    """`litestar run` with all its workers ready; nothing of it is left at the end."""
    data_dir = place / "served"
    server = Server(place, "--wc", str(workers), environment=settings, data_dir=data_dir)
    try:
        server.await_ready(60)
        wait_until(lambda: len(server.told("ready")) == workers, 60)
        yield server
    finally:
        server.close()


def cpu_seconds(root: psutil.Process) -> float:
    """User and system time of a process and of all that descend from it, of those that live."""
    seconds = 0.0
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system
    return seconds
