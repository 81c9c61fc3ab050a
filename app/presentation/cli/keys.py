"""`litestar keys`: the keys that sign access tokens."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from litestar.plugins import CLIPlugin

from app.infrastructure.security.keys import (
    GRACE,
    KeyFileError,
    generate_key_file,
    load_keyring,
    rotate_key_file,
)


class KeysPlugin(CLIPlugin):
    """Adds the commands for the configured key file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def on_cli_init(self, cli: click.Group) -> None:
        """Add `litestar keys`."""
        keys = click.Group("keys", help="Make, rotate and list the keys that sign access tokens.")
        path = self._path

        @keys.command("generate")
        def generate() -> None:
            """Make the key file with one fresh key."""
            with _told():
                click.echo(f"{path} holds the fresh key {generate_key_file(path)}.")

        @keys.command("rotate")
        def rotate() -> None:
            """Sign with a fresh key from now on; running processes notice by themselves."""
            with _told():
                kid = rotate_key_file(path, datetime.now(UTC))
            minutes = int(GRACE.total_seconds() // 60)
            click.echo(f"{kid} signs from now on; the keys before it verify for {minutes} more minutes.")

        @keys.command("list")
        def list_keys() -> None:
            """List the keys by their ids."""
            with _told():
                keyring = load_keyring(path)
            now = datetime.now(UTC)
            for kid, key in keyring.keys.items():
                if kid == keyring.signing_id:
                    click.echo(f"{kid}  signs")
                elif key.until is not None:
                    over = now >= key.until
                    click.echo(f"{kid}  {'is over since' if over else 'verifies until'} {key.until:%Y-%m-%dT%H:%M:%SZ}")
                else:
                    click.echo(f"{kid}  verifies")

        cli.add_command(keys)


@contextmanager
def _told() -> Generator[None]:
    """Tell what is wrong with the key file in a sentence instead of a traceback."""
    try:
        yield
    except (KeyFileError, OSError) as error:
        raise click.ClickException(str(error)) from error
