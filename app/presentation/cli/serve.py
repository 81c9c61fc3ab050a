"""`litestar run`: one command from nothing to a server that is ready, and a first page that says where it is."""

import contextlib
import errno
import io
import ipaddress
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import click
from litestar import Litestar
from litestar.plugins import CLIPlugin
from litestar_granian import GranianPlugin

from app.infrastructure.processes import CannotStart, announce_launcher, end_with_terminal, listening_process
from app.presentation.cli.later import add_later

# Granian's own defaults are for servers behind nothing; these are what the product promises. Its other settings stay:
# by measurement (wrk on /health/live, one worker) HTTP/1 alone, the single-threaded runtime and one runtime thread
# cost the same 53 to 57 microseconds of CPU a request as they do.
DEFAULTS: Final[Mapping[str, Any]] = {
    "respawn_failed_workers": True,
    "http1_header_read_timeout": 5000,
    "workers_kill_timeout": 10,
    # each worker tells by itself when it is ready and when it stops
    "log_level": "warning",
    # code that does not load yet is waited for, and logs or exports beside the code restart nothing
    "reload_ignore_worker_failure": True,
    "reload_ignore_patterns": (r"^(?!.*\.py$)",),
}

_logger = logging.getLogger("app.serve")


@dataclass(frozen=True, slots=True)
class Served:
    """What the first page tells: where the data lies."""

    data: str


class ServePlugin(CLIPlugin):
    """Prepares what `litestar run` serves from."""

    def __init__(self, start_log: Callable[[], None], prepare: Callable[[], Served], data_dir: Path) -> None:
        """`prepare` brings up what the workers need, or raises `CannotStart`; what is in `data_dir` restarts none."""
        self._start_log = start_log
        self._prepare = prepare
        self._defaults = {**DEFAULTS, "reload_ignore_paths": (data_dir.absolute(),)}

    def on_cli_init(self, cli: click.Group) -> None:
        """Add `litestar run`."""
        os.environ.setdefault("LITESTAR_QUIET_CONSOLE", "1")
        add_later(cli, "run", "Start the server.", self._add_run)

    def _add_run(self, cli: click.Group) -> None:
        """Granian's command with defaults of ours; a flag or environment variable still overrides each."""
        # before the command: it has Granian write its lines in the form that it finds here
        self._start_log()
        GranianPlugin().on_cli_init(cli)
        for parameter in cli.commands["run"].params:
            if parameter.name in self._defaults and isinstance(parameter, click.Option):
                parameter.default = self._defaults[parameter.name]
                parameter.show_default = True
            elif parameter.name == "port":
                parameter.type = click.IntRange(1, 65535)
            elif parameter.name == "host":
                parameter.callback = _resolve

    @contextmanager
    def server_lifespan(self, app: Litestar) -> Generator[None]:  # noqa: ARG002 -- Litestar's hook
        """Around the workers: claim the address, bring up and migrate the database, say where things are."""
        options = click.get_current_context().params
        # from here on the end cleans up, and the first process of a container would not heed the signal at all
        signal.signal(signal.SIGTERM, _terminate)
        with ExitStack() as stack:
            if options.get("uds") is None and options.get("fd") is None:
                stack.enter_context(_claim(options["host"], options["port"]))
            announce_launcher()
            if not sys.stdout.isatty():
                stack.enter_context(contextlib.redirect_stdout(_LogLines()))
            try:
                served = self._prepare()
            except CannotStart as error:
                raise click.ClickException(str(error)) from error
            _tell_start(_address(options), served)
            end_with_terminal()
            yield
            # the terminal may be gone, and with it the reason to say anything
            with contextlib.suppress(OSError):
                _tell_end()


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


def _resolve(_context: click.Context, _parameter: click.Parameter, host: str) -> str:
    """The address of a host name: Granian takes nothing else."""
    host = host.strip("[]")
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(host))
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise click.BadParameter("no address of this machine goes by that name") from error
    # clients that take one address for a name mostly take this kind
    found.sort(key=lambda entry: entry[0] is not socket.AF_INET)
    return str(found[0][4][0])


@contextmanager
def _claim(host: str, port: int) -> Generator[None]:
    """Keep an address from any second server: Granian shares a busy port, and half the requests go elsewhere.

    The claim is a bound socket that never listens. While it is made it excludes every other, and then it admits those
    that share the port, as the workers do. A port whose last connections have not been forgotten yet (TIME_WAIT)
    cannot be had alone, and is asked for in another way. Raises `click.ClickException`.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as stack:
        claim = stack.enter_context(socket.socket(family))
        try:
            try:
                claim.bind((host, port))
            except OSError:
                with socket.socket(family) as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind((host, port))
                claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                with contextlib.suppress(OSError):
                    claim.bind((host, port))
        except OSError as error:
            raise click.ClickException(_refusal(host, port, error)) from error
        if sys.platform == "linux":
            claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        else:
            # elsewhere the workers inherit one socket, and whoever binds a second one is refused
            claim.close()
        yield


def _refusal(host: str, port: int, error: OSError) -> str:
    where = _authority(host, port)
    if error.errno != errno.EADDRINUSE:
        return f"{where} cannot be used: {error.strerror}. Choose another address with --host and --port."
    holder = listening_process(port) or "another process"
    return f"{where} is in use by {holder}.\nStop it, or choose another port: litestar run --port {port % 65535 + 1}"


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _address(options: Mapping[str, Any]) -> str:
    """How the server is reached from this machine."""
    if options.get("uds") is not None:
        return f"unix:{options['uds']}"
    if options.get("fd") is not None:
        return f"the socket of descriptor {options['fd']}"
    host: str = options["host"]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- where every address is listened at
    scheme = "https" if options.get("ssl_certificate") is not None else "http"
    return f"{scheme}://{_authority(host, options['port'])}"


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
