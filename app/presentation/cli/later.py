"""Commands that are loaded when they are run: `litestar --help` asks each for a line, not for what it works with."""

from collections.abc import Callable
from typing import Any

import click
from litestar.plugins import CLIPlugin


class LaterPlugin(CLIPlugin):
    """Adds one command of a plugin that is made when the command, or help on it, is asked for."""

    def __init__(self, name: str, summary: str, load: Callable[[], CLIPlugin]) -> None:
        """`summary` is the command's line among the others."""
        self.name = name
        self._summary = summary
        self._load = load

    def on_cli_init(self, cli: click.Group) -> None:
        """Add the command's name."""
        add_later(cli, self.name, self._summary, lambda loaded: self._load().on_cli_init(loaded))


def add_later(cli: click.Group, name: str, summary: str, add: Callable[[click.Group], None]) -> None:
    """Add a command under its name alone; `add` adds it in full, to a group of the same kind."""
    cli.add_command(_Later(name, summary, add, type(cli)))


class _Later(click.Command):
    def __init__(self, name: str, summary: str, add: Callable[[click.Group], None], kind: type[click.Group]) -> None:
        super().__init__(name, help=summary)
        self._add = add
        self._kind = kind

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of the command in full, which is what click goes on with."""
        loaded = self._kind("loaded")
        self._add(loaded)
        return loaded.commands[str(self.name)].make_context(info_name, args, parent, **extra)
