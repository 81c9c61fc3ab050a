"""The address that a server listens at: had by one server alone, and told to people as they reach it."""

import contextlib
import errno
import ipaddress
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click

from app.infrastructure.processes import listening_process


def resolve(_context: click.Context, _parameter: click.Parameter, host: str) -> str:
    """The address of a host name, or `click.BadParameter`: an address can be bound and told, a name be several."""
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
def bound(host: str, port: int) -> Generator[socket.socket]:
    """A socket that has an address for itself, and does not listen yet, so that who connects is refused.

    Raises `click.ClickException` when a second one cannot be had. A port whose last connections have not been forgotten
    yet (TIME_WAIT) needs an option that lets others in as well, and is had alone only once that is off again.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        try:
            try:
                listener.bind((host, port))
            except OSError:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((host, port))
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        except OSError as error:
            raise click.ClickException(_refusal(host, port, error)) from error
        yield listener


@contextmanager
def bound_path(path: Path, permissions: int | None) -> Generator[socket.socket]:
    """The same of a Unix socket, which takes the place of one that nobody listens at, and is removed at the end."""
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            if path.is_socket() and not _answers(path):
                path.unlink()
            listener.bind(os.fspath(path))
            if permissions is not None:
                path.chmod(permissions)
        except OSError as error:
            raise click.ClickException(f"{path} cannot be used: {error.strerror or error}.") from error
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)


def inherited(descriptor: int) -> socket.socket:
    """The socket that this process was started with; raises `click.ClickException` if there is none."""
    try:
        return socket.socket(fileno=descriptor)
    except OSError as error:
        raise click.ClickException(f"Descriptor {descriptor} is no socket.") from error


def authority(host: str, port: int) -> str:
    """Host and port as they stand in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            return False
    return True


def _refusal(host: str, port: int, error: OSError) -> str:
    where = authority(host, port)
    if error.errno != errno.EADDRINUSE:
        return f"{where} cannot be used: {error.strerror}. Choose another address with --host and --port."
    holder = listening_process(port) or "another process"
    return f"{where} is in use by {holder}.\nStop it, or choose another port: litestar run --port {port % 65535 + 1}"
