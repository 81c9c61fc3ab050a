"""`litestar run`: one command from nothing to a server that is ready, and a first page that says where it is."""

import contextlib
import io
import logging
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import click
from litestar.plugins import CLIPlugin

from app.infrastructure.processes import CannotStart, end_with_terminal
from app.presentation.cli.later import add_later
from app.presentation.cli.listening import authority, bound, bound_path, inherited

_logger = logging.getLogger("app.serve")


@dataclass(frozen=True, slots=True)
class Served:
    """What the first page tells: where the data lies."""

    data: str


class ServePlugin(CLIPlugin):
    """Adds `litestar run`, which prepares what it serves from."""

    def __init__(self, start_log: Callable[[], None], prepare: Callable[[], Served], data_dir: Path) -> None:
        """`prepare` brings up what the workers need, or raises `CannotStart`; what is in `data_dir` restarts none."""
        self._start_log = start_log
        self._prepare = prepare
        self._data_dir = data_dir

    def on_cli_init(self, cli: click.Group) -> None:
        """Add the command's name."""
        os.environ.setdefault("LITESTAR_QUIET_CONSOLE", "1")
        add_later(cli, "run", "Start the server.", self._add_run)

    def _add_run(self, cli: click.Group) -> None:
        from app.presentation.cli.serve_options import options  # noqa: PLC0415 -- of this command alone

        @cli.command("run", params=options(), context_settings={"show_default": True})
        def run(**given: Any) -> None:
            """Start the server, and embedded servers where no others are given to keep its data."""
            self._run(given)

    def _run(self, options: Mapping[str, Any]) -> None:
        """Claim the address, bring up and migrate the database, say where things are, and serve."""
        self._start_log()
        # from here on the end cleans up, and the first process of a container would not heed the signal at all
        signal.signal(signal.SIGTERM, _terminate)
        with ExitStack() as stack:
            _check_certificate(options)
            listener = stack.enter_context(_listener(options))
            if not sys.stdout.isatty():
                stack.enter_context(contextlib.redirect_stdout(_LogLines()))
            try:
                served = self._prepare()
                _tell_start(_address(options), served)
                end_with_terminal()
                self._serve(listener, options)
            except CannotStart as error:
                raise click.ClickException(str(error)) from error
            # the terminal may be gone, and with it the reason to say anything
            with contextlib.suppress(OSError):
                _tell_end()

    def _serve(self, listener: socket.socket, options: Mapping[str, Any]) -> None:
        from app.infrastructure.serving.changes import Code  # noqa: PLC0415 -- `run --help` needs neither
        from app.infrastructure.serving.supervisor import Serving, Supervisor  # noqa: PLC0415 -- the same

        found = click.get_current_context().obj
        serving = Serving(
            app=found.app_path,
            factory=found.is_app_factory,
            launcher=os.getpid(),
            descriptor=listener.fileno(),
            backlog=options["backlog"],
            keep_alive_seconds=options["timeout_keep_alive"],
            stop_seconds=options["timeout_graceful_shutdown"],
            certificate=options["ssl_certificate"],
            key=options["ssl_keyfile"],
            key_password=options["ssl_keyfile_password"],
        )
        directories, includes, excludes = (options[f"reload_{what}"] for what in ("dirs", "include", "exclude"))
        code = None
        if options["reload"] or directories or includes or excludes:
            code = Code(
                directories=tuple(path.resolve() for path in directories or (Path.cwd(),)),
                includes=includes,
                # the logs and exports that are in there
                excludes=(*excludes, str(self._data_dir.resolve())),
            )
        Supervisor(serving, listener, options["workers"], code).run()


class _LogLines(io.TextIOBase):
    """Makes lines of the log of what is printed, for the log is all that may stand on standard output."""

    def __init__(self) -> None:
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            _logger.info(line)
        return len(text)


def _terminate(_number: int, _frame: object) -> NoReturn:
    sys.exit(128 + signal.SIGTERM)


def _listener(options: Mapping[str, Any]) -> AbstractContextManager[socket.socket]:
    if options["uds"] is not None:
        return bound_path(options["uds"], options["uds_permissions"])
    if options["fd"] is not None:
        return inherited(options["fd"])
    return bound(options["host"], options["port"])


def _check_certificate(options: Mapping[str, Any]) -> None:
    """Say now what no worker could start with; raises `click.ClickException`."""
    certificate, key = options["ssl_certificate"], options["ssl_keyfile"]
    if certificate is None:
        if key is not None:
            raise click.UsageError("--ssl-keyfile is of no use without --ssl-certfile")
        return
    try:
        # an empty password, or OpenSSL would ask for one at the terminal
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            certificate, key, lambda: options["ssl_keyfile_password"] or ""
        )
    except (OSError, ssl.SSLError) as error:
        raise click.ClickException(f"{certificate} and its key cannot be used: {error}") from error


def _address(options: Mapping[str, Any]) -> str:
    """How the server is reached from this machine."""
    if options["uds"] is not None:
        return f"unix:{options['uds']}"
    if options["fd"] is not None:
        return f"the socket of descriptor {options['fd']}"
    host: str = options["host"]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- where every address is listened at
    scheme = "https" if options["ssl_certificate"] is not None else "http"
    return f"{scheme}://{authority(host, options['port'])}"


def _tell_start(address: str, served: Served) -> None:
    """A page for whoever sits at a terminal, else a line of the log."""
    if not sys.stdout.isatty():
        _logger.info("starting", extra={"address": address, "data": served.data})
        return
    lines = [
        f"Evenstar is starting at {address}",
        "",
        f"  API        {address}/api",
        f"  Reference  {address}/docs",
        f"  Ready?     {address}/health/ready",
        f"  Data       {served.data}",
        "",
        "Stop it with Ctrl-C.",
        "",
    ]
    click.echo("\n".join(lines))


def _tell_end() -> None:
    if sys.stdout.isatty():
        click.echo("Stopped.")
    else:
        _logger.info("stopped")
