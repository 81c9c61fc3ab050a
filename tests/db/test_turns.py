"""Migrations beside others: transactions that hold locks for long, and a second process that migrates."""

import asyncio
import shutil
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.util import CommandError

from db.migrations import DIRECTORY, TURN_KEY, latest_revisions
from tests.db.schema import commands, dump, printed, revision_of, revisions

pytestmark = pytest.mark.anyio

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0
WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass"
UPGRADE = """
import sys
from app.presentation.cli.database import upgrade
from tests.db.schema import open_engine
upgrade(open_engine(sys.argv[1]))
"""
CONCURRENT_INDEX = """
from alembic import op

revision = "index"
down_revision = "{latest}"


def upgrade():
    with op.get_context().autocommit_block():
        op.create_index("ix_todos_title", "todos", ["title"], postgresql_concurrently=True)
"""


@asynccontextmanager
async def connect(url: str) -> "AsyncGenerator[asyncpg.Connection[Any]]":
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not await condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_a_migration_lets_others_pass_and_asks_again(clone_database: Callable[[], str]) -> None:
    url = clone_database()
    migration = commands(url)
    migration.config.attributes["pause_seconds"] = 0.5
    with ThreadPoolExecutor(1) as thread:
        async with connect(url) as reader, connect(url) as other:
            transaction = reader.transaction()
            await transaction.start()
            await reader.fetch("SELECT FROM users")
            downgrade = asyncio.wrap_future(thread.submit(migration.downgrade, "base"))
            await until(lambda: other.fetch(WAITING))
            began = time.monotonic()
            # queues behind the migration, which queues behind the reader
            await asyncio.wait_for(other.fetch("SELECT FROM users"), PATIENCE_SECONDS)
            assert time.monotonic() - began < 4.0
            await transaction.rollback()
        await downgrade
    lines = printed(migration).splitlines()
    assert "a lock is held by others (attempt 1 of 10)" in lines
    assert lines[-1].startswith("undone ")
    assert await asyncio.to_thread(revision_of, url) == set()


async def test_a_migration_gives_up_in_the_end_and_leaves_no_half_of_a_revision(
    clone_database: Callable[[], str], blank: str
) -> None:
    url = clone_database()
    migration = commands(url)
    migration.config.attributes.update(attempts=2, pause_seconds=0.1)
    with ThreadPoolExecutor(1) as thread:
        async with connect(url) as reader, reader.transaction():
            await reader.fetch("SELECT FROM users")
            with pytest.raises(CommandError, match="a lock was not to be had"):
                await asyncio.wait_for(
                    asyncio.wrap_future(thread.submit(migration.downgrade, "base")), PATIENCE_SECONDS
                )
        assert printed(migration).splitlines()[-2:] == [
            "a lock is held by others (attempt 1 of 2)",
            "a lock is held by others (attempt 2 of 2)",
        ]
        (revision,) = await asyncio.to_thread(revision_of, url)
        await asyncio.wrap_future(thread.submit(commands(blank).upgrade, revision))
        assert await asyncio.to_thread(dump, url) == await asyncio.to_thread(dump, blank)


async def test_two_processes_that_upgrade_at_once_take_turns(blank: str) -> None:
    async with connect(blank) as first_in_line:
        await first_in_line.execute(f"SELECT pg_advisory_lock({TURN_KEY})")
        upgrades = [
            await asyncio.create_subprocess_exec(sys.executable, "-uc", UPGRADE, blank, cwd=PROJECT, stdout=PIPE)
            for _ in range(2)
        ]
        for upgrade in upgrades:
            assert upgrade.stdout is not None
            assert b"another process is migrating" in await asyncio.wait_for(
                upgrade.stdout.readline(), PATIENCE_SECONDS
            )
    told = [(await upgrade.communicate())[0].decode().splitlines() for upgrade in upgrades]
    assert [upgrade.returncode for upgrade in upgrades] == [0, 0]
    # one of them has made all migrations, the other none
    assert sorted(map(len, told)) == [0, len(revisions())]
    assert await asyncio.to_thread(revision_of, blank) == latest_revisions()


async def test_a_statement_of_a_migration_may_take_longer_than_those_of_requests(blank: str) -> None:
    async with connect(blank) as admin:
        await admin.execute(
            """
            CREATE FUNCTION slow() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.3); END';
            CREATE EVENT TRIGGER slow ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION slow();
            """
        )
        database = await admin.fetchval("SELECT current_database()")
        await admin.execute(f"ALTER DATABASE {database} SET statement_timeout = '100ms'")
    await asyncio.to_thread(commands(blank).upgrade)
    assert await asyncio.to_thread(revision_of, blank) == latest_revisions()


async def test_an_index_may_be_built_beside_a_transaction_that_is_older_than_any_patience(
    clone_database: Callable[[], str], tmp_path: Path
) -> None:
    url = clone_database()
    shutil.copytree(DIRECTORY, tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    (latest,) = latest_revisions()
    (tmp_path / "migrations" / "versions" / "2999_01_01_index.py").write_text(CONCURRENT_INDEX.format(latest=latest))
    migration = commands(url)
    migration.config.set_main_option("script_location", str(tmp_path / "migrations"))
    with ThreadPoolExecutor(1) as thread:
        async with connect(url) as writer, connect(url) as other:
            async with writer.transaction():
                await writer.execute("LOCK TABLE todos IN ROW EXCLUSIVE MODE")
                upgrade = asyncio.wrap_future(thread.submit(migration.upgrade))
                await until(lambda: other.fetch("SELECT FROM pg_stat_progress_create_index WHERE phase ~ '^waiting'"))
                await asyncio.wait([upgrade], timeout=2.5)
                assert not upgrade.done()
                await asyncio.wait_for(other.execute("UPDATE todos SET title = 'open to all'"), PATIENCE_SECONDS)
            await upgrade
            assert await other.fetchval("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_todos_title'::regclass")
