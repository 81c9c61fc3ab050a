"""`litestar database`: advanced-alchemy's migration commands over the product's own engine and migrations."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import click
import rich
from advanced_alchemy.cli import add_migration_commands
from advanced_alchemy.config import AlembicAsyncConfig, SQLAlchemyAsyncConfig
from asyncpg import PostgresError
from litestar.plugins import CLIPlugin
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.infrastructure.embedded import EmbeddedServersError
from db.migrations import DIRECTORY, VERSION_TABLE, latest_revisions

OpenEngine = Callable[[], AsyncEngine]

# The first two are for other migration environments, the others know only models of advanced-alchemy's own registry;
# what drop-all is wanted for, `downgrade base` does.
UNFIT = ("init", "list-templates", "drop-all", "dump-data")


def migrations_plugin(open_engine: OpenEngine) -> CLIPlugin:
    """Add the commands to Litestar's command line; the engine is opened when one of them runs, and not before."""
    return _MigrationsPlugin(open_engine)


def migrations_config(open_engine: OpenEngine) -> SQLAlchemyAsyncConfig:
    """What advanced-alchemy's commands are to know; the engine is opened when one of them runs."""

    def create_engine(_url: str, **_options: object) -> AsyncEngine:
        return open_engine()

    return SQLAlchemyAsyncConfig(
        connection_string="",
        create_engine_callable=create_engine,
        alembic_config=AlembicAsyncConfig(
            script_location=str(DIRECTORY),
            script_config=str(DIRECTORY / "alembic.ini"),
            version_table_name=VERSION_TABLE,
        ),
    )


def upgrade(engine: AsyncEngine) -> None:
    """Migrate to the latest revision, at little cost where the database stands there already.

    Disposes of the engine, and must not be called where an event loop runs. Raises Alembic's `CommandError` when a
    lock was not to be had, and when the database's revision is unknown to this version of the product.
    """
    if asyncio.run(_is_current(engine)):
        return
    _hush_alembic()
    from advanced_alchemy.alembic.commands import AlembicCommands  # noqa: PLC0415 -- Alembic is slow to load

    AlembicCommands(migrations_config(lambda: engine)).upgrade()


async def _is_current(engine: AsyncEngine) -> bool:
    try:
        async with engine.connect() as connection:
            revisions = await connection.scalars(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 -- ours
            return frozenset(revisions) == latest_revisions()
    except ProgrammingError:
        return False
    finally:
        await engine.dispose()


def _hush_alembic() -> None:
    """The migration environment tells what it does in words of its own."""
    logging.getLogger("alembic.runtime").setLevel(logging.WARNING)


class _MigrationsPlugin(CLIPlugin):
    def __init__(self, open_engine: OpenEngine) -> None:
        self._open_engine = open_engine

    def on_cli_init(self, cli: click.Group) -> None:
        group = _Commands("database", help="Manage the database's schema.")
        add_migration_commands(group)
        for name in UNFIT:
            del group.commands[name]
        group.context_settings["obj"] = {"configs": [migrations_config(self._open_engine)]}
        cli.add_command(group)


class _Commands(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        """Tell Alembic's refusals as such, and keep standard output for what was asked for, such as SQL."""
        _hush_alembic()
        from alembic.util import CommandError  # noqa: PLC0415 -- Alembic is slow to load

        rich.reconfigure(stderr=True)
        try:
            return super().invoke(ctx)
        # what PostgreSQL refuses in a migration comes wrapped, with the statement: here it refuses the connection
        except (CommandError, EmbeddedServersError, OSError, PostgresError) as error:
            raise click.ClickException(str(error)) from error
