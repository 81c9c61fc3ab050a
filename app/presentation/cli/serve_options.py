"""The options of `litestar run`: Litestar's own names and variables, and what operators set beside them."""

from pathlib import Path
from typing import Any, Final

import click
from litestar.cli.commands.core import CommaSplittedPath

from app.presentation.cli.listening import resolve

BACKLOG_MIN: Final = 128
"""Of connections that wait to be taken; fewer are soon refused when many come at once."""

_FILE: Final[Any] = click.Path(exists=True, dir_okay=False, readable=True)


def options() -> list[click.Parameter]:
    """A command's own instances."""
    return [
        click.Option(
            ["-H", "--host"],
            envvar="LITESTAR_HOST",
            default="127.0.0.1",
            callback=resolve,
            help="Address, or a name of one, to listen at.",
        ),
        click.Option(
            ["-p", "--port"],
            envvar="LITESTAR_PORT",
            type=click.IntRange(1, 65535),
            default=8000,
            help="Port to listen at.",
        ),
        click.Option(
            ["-U", "--uds", "--unix-domain-socket", "uds"],
            envvar="LITESTAR_UNIX_DOMAIN_SOCKET",
            type=click.Path(path_type=Path),
            help="Path of a Unix socket to listen at instead.",
        ),
        click.Option(
            ["--uds-permissions"], metavar="OCTAL", callback=_octal, help="Permissions of the Unix socket, such as 660."
        ),
        click.Option(
            ["-F", "--fd", "--file-descriptor", "fd"],
            envvar="LITESTAR_FILE_DESCRIPTOR",
            type=click.IntRange(3),
            help="Descriptor of a socket to listen at instead.",
        ),
        click.Option(
            ["-W", "--wc", "--web-concurrency", "--workers", "workers"],
            envvar=["LITESTAR_WEB_CONCURRENCY", "WEB_CONCURRENCY"],
            type=click.IntRange(1),
            default=1,
            help="Number of processes that answer requests.",
        ),
        click.Option(
            ["--backlog"], type=click.IntRange(BACKLOG_MIN), default=2048, help="Connections that may wait to be taken."
        ),
        click.Option(
            ["--timeout-keep-alive"],
            type=click.IntRange(1),
            default=5,
            help="Seconds after which a connection that is not used is closed.",
        ),
        click.Option(
            ["--timeout-graceful-shutdown", "--workers-kill-timeout"],
            type=click.IntRange(1),
            default=10,
            help="Seconds that requests under way may take when the server is told to stop.",
        ),
        *_encryption(),
        *_reloading(),
    ]


def _encryption() -> list[click.Parameter]:
    return [
        click.Option(
            ["--ssl-certfile", "--ssl-certificate", "ssl_certificate"],
            envvar="LITESTAR_SSL_CERT_PATH",
            type=_FILE,
            help="Certificate of the server, and those that lead to it: with one it speaks TLS.",
        ),
        click.Option(
            ["--ssl-keyfile"],
            envvar="LITESTAR_SSL_KEY_PATH",
            type=_FILE,
            help="The certificate's private key, if it is not in the same file.",
        ),
        click.Option(
            ["--ssl-keyfile-password"], envvar="LITESTAR_SSL_KEY_PASSWORD", help="What the key is locked with."
        ),
    ]


def _reloading() -> list[click.Parameter]:
    return [
        click.Option(
            ["-r", "--reload/--no-reload"],
            envvar="LITESTAR_RELOAD",
            default=False,
            help="Start anew when code changes.",
        ),
        click.Option(
            ["-R", "--reload-dir", "--reload-paths", "reload_dirs"],
            envvar="LITESTAR_RELOAD_DIRS",
            type=CommaSplittedPath(exists=True, path_type=Path),
            multiple=True,
            help="Where code is, instead of the working directory; repeatable, as are the next two.",
        ),
        click.Option(
            ["-I", "--reload-include"],
            envvar="LITESTAR_RELOAD_INCLUDES",
            type=CommaSplittedPath(),
            multiple=True,
            help="Pattern of files that are code beside *.py.",
        ),
        click.Option(
            ["-E", "--reload-exclude"],
            envvar="LITESTAR_RELOAD_EXCLUDES",
            type=CommaSplittedPath(),
            multiple=True,
            help="Directory, or pattern of files, that are none.",
        ),
    ]


def _octal(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    try:
        return None if value is None else int(value, 8)
    except ValueError as error:
        raise click.BadParameter("no octal number") from error
