"""The migration environment: each migration in a transaction of its own, one process at a time.

A migration waits two seconds for a lock and then lets everybody pass before it asks again: a statement that waits
for a table's lock keeps all later ones waiting behind it. A migration may run longer than requests may.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any, Final, cast

from advanced_alchemy.alembic.commands import AlembicCommandConfig
from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.util import CommandError
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.infrastructure.database import models
from db.migrations import TURN_KEY, VERSION_TABLE

METADATA: Final = models.User.metadata

LOCK_TIMEOUT_SECONDS: Final = 2
ATTEMPTS: Final = 10
PAUSE_SECONDS: Final = 3.0
TURN_POLL_SECONDS: Final = 0.2

# SQLSTATE (PostgreSQL 18 manual, appendix A): lock_not_available, deadlock_detected
BUSY: Final = frozenset({"55P03", "40P01"})

config = cast("AlembicCommandConfig", context.config)


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether autogenerate looks at it: other tables may share the database, such as the job queue's."""
    return kind != "table" or name in METADATA.tables


def announce(ctx: MigrationContext, step: MigrationInfo, heads: Collection[Any], run_args: Mapping[str, Any]) -> None:
    """Tell each migration that was made, unless it is but written down as SQL."""
    del heads, run_args
    if ctx.as_sql or ctx.script is None or step.up_revision_id is None:
        return
    revision = ctx.script.get_revision(step.up_revision_id)
    config.print_stdout("%s %s: %s", "applied" if step.is_upgrade else "undone", revision.revision, revision.doc)


def configure(**target: Any) -> None:
    """Tell Alembic what holds for a live database and for SQL alike."""
    context.configure(
        target_metadata=METADATA,
        version_table=VERSION_TABLE,
        transaction_per_migration=True,
        include_name=is_ours,
        compare_server_default=True,
        on_version_apply=announce,
        **target,
    )


def write_sql() -> None:
    """Print the migrations as SQL, to be read, or run by other means."""
    configure(dialect_name="postgresql", literal_binds=True, dialect_opts={"paramstyle": "named"})
    context.execute("SET statement_timeout = 0")
    context.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
    context.run_migrations()


async def migrate(engine: AsyncEngine) -> None:
    """Run the migrations; raises `CommandError` when a lock can't be had."""
    try:
        async with engine.connect() as connection:
            event.listen(connection.sync_connection, "begin", limit_waiting)
            await take_turn(connection)
            await try_repeatedly(connection)
    finally:
        await engine.dispose()


def limit_waiting(connection: Connection) -> None:
    """Bound the waiting of every transaction.

    What must run outside of one, such as the concurrent build of an index, holds nobody up, and has to wait until all
    older transactions have ended.
    """
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")


async def take_turn(connection: AsyncConnection) -> None:
    """Wait until no other process migrates this database.

    It is asked again and again rather than waited for: a concurrent build of an index would wait for the
    transaction of whoever waits for us.
    """
    names = ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout", "lock_timeout")
    # not all of them are known to older versions of PostgreSQL
    unlimited = text("SELECT set_config(name, '0', false) FROM pg_settings WHERE name = ANY (:names)")
    await connection.execute(unlimited, {"names": list(names)})
    waiting = False
    while not await connection.scalar(text(f"SELECT pg_try_advisory_lock({TURN_KEY})")):
        await connection.commit()
        if not waiting:
            config.print_stdout("another process is migrating this database; waiting for it")
            waiting = True
        await asyncio.sleep(TURN_POLL_SECONDS)
    await connection.commit()


async def try_repeatedly(connection: AsyncConnection) -> None:
    """Run the migrations, each time from the last one that succeeded."""
    attempts = config.attributes.get("attempts", ATTEMPTS)
    pause = config.attributes.get("pause_seconds", PAUSE_SECONDS)
    for attempt in range(1, attempts + 1):
        try:
            await connection.run_sync(run)
            await connection.commit()
        except DBAPIError as error:
            await connection.rollback()
            if getattr(error.orig, "sqlstate", None) not in BUSY:
                raise
            config.print_stdout("a lock is held by others (attempt %d of %d)", attempt, attempts)
        else:
            return
        if attempt < attempts:
            await asyncio.sleep(pause)
    raise CommandError("The database is as the last migration that is told above left it: a lock was not to be had")


def run(connection: Connection) -> None:
    """Run what the command asks for on a connection."""
    configure(connection=connection)
    context.run_migrations()


if context.is_offline_mode():
    write_sql()
else:
    asyncio.run(migrate(cast("AsyncEngine", config.engine)))
