"""`litestar prune`: what running servers do every ten minutes, at once."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import click
from litestar.plugins import CLIPlugin

from app.application.authentication import Authentication
from app.application.housekeeping import Housekeeping
from app.application.unit_of_work import UnitOfWork
from app.domain.errors import Refusal

Opened = AbstractAsyncContextManager[tuple[UnitOfWork, Authentication]]


class PrunePlugin(CLIPlugin):
    """Adds the command; what it works with is opened when it runs."""

    def __init__(self, open_application: Callable[[], Opened]) -> None:
        self._open = open_application

    def on_cli_init(self, cli: click.Group) -> None:
        """Add `litestar prune`."""

        @cli.command("prune")
        def prune_all() -> None:
            """Delete for good what has been in the trash for 30 days, in the audit log for a year, and the like."""
            try:
                deleted = asyncio.run(self._prune())
            except Refusal as refusal:
                raise click.ClickException(refusal.detail) from refusal
            click.echo(f"Deleted for good: {', '.join(f'{number} {what}' for what, number in deleted.items())}.")

    async def _prune(self) -> dict[str, int]:
        async with self._open() as (unit_of_work, _):
            return await Housekeeping(unit_of_work).tidy()
