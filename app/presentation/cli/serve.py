"""`litestar run`: one command from nothing to a server that is ready, and a first page that says where it is."""

import os
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
from litestar import Litestar
from litestar.plugins import CLIPlugin

from app.infrastructure.processes import announce_launcher

# Granian's own defaults are for servers behind nothing; these are what the product promises.
DEFAULTS: Final[dict[str, Any]] = {
    "respawn_failed_workers": True,
    "respawn_interval": 0.5,
    "http1_header_read_timeout": 5000,
    "log_access_enabled": False,
    "workers_kill_timeout": 10,
}


@dataclass(frozen=True, slots=True)
class Served:
    """What the first page tells: where the data lies, empty for servers that are not ours."""

    data: str


class ServePlugin(CLIPlugin):
    """Prepares what `litestar run` serves from."""

    def __init__(self, prepare: Callable[[], Served], data_dir: Path) -> None:
        """`prepare` brings up and migrates what the workers need; what lies in `data_dir` restarts no worker."""
        self._prepare = prepare
        self._defaults = {**DEFAULTS, "reload_ignore_dirs": (data_dir.name,)}

    def on_cli_init(self, cli: click.Group) -> None:
        """Set the defaults of `run`; a flag or environment variable still overrides each."""
        os.environ.setdefault("LITESTAR_QUIET_CONSOLE", "1")
        for parameter in cli.commands["run"].params:
            if parameter.name in self._defaults:
                parameter.default = self._defaults[parameter.name]

    @contextmanager
    def server_lifespan(self, app: Litestar) -> Generator[None]:  # noqa: ARG002 -- Litestar's hook
        """Around the workers: check the address, bring up and migrate the database, say where things are."""
        options = click.get_current_context().params
        host, port = options["host"], options["port"]
        if options.get("uds") is None and options.get("fd") is None:
            _require_free(host, port)
        announce_launcher()
        served = self._prepare()
        click.echo(_first_page(f"http://{host}:{port}", served))
        yield
        click.echo("Stopped.")


def _require_free(host: str, port: int) -> None:
    """Granian shares a busy port without a word, and then half the requests go elsewhere."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.ClickException(
                f"{host}:{port} cannot be used: {error.strerror}.\n"
                f"Stop what holds it, or choose another port: litestar run --port {port + 1}"
            ) from error


def _first_page(address: str, served: Served) -> str:
    lines = [
        f"Evenstar is starting at {address}",
        "",
        f"  API        {address}/api",
        f"  Reference  {address}/docs",
        f"  Ready?     {address}/health/ready",
        f"  Data       {served.data}",
        "",
        "Stop it with Ctrl-C.",
    ]
    return "\n".join(lines)
