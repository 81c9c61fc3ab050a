"""Of an address there is one holder, whatever the last one left behind."""

import socket
from contextlib import ExitStack
from pathlib import Path

import click
import pytest

from app.presentation.cli.listening import bound, bound_path, inherited
from tests.live.processes import free_port


@pytest.fixture
def port() -> int:
    return free_port()


def listen(holder: socket.socket) -> None:
    """As a worker does."""
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.listen()


def leave_connections_behind(port: int) -> None:
    """Close them from the server's side, which is the one to remember them (TIME_WAIT)."""
    with bound("127.0.0.1", port) as holder:
        listen(holder)
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port)) as client:
                holder.accept()[0].close()
                assert client.recv(1) == b""
    with socket.socket() as plain, pytest.raises(OSError, match="in use"):
        plain.bind(("127.0.0.1", port))


@pytest.mark.parametrize("used_before", [False, True])
@pytest.mark.parametrize("listening", [False, True])
def test_a_port_that_is_held_cannot_be_had_again(port: int, *, used_before: bool, listening: bool) -> None:
    if used_before:
        leave_connections_behind(port)
    with ExitStack() as stack:
        holder = stack.enter_context(bound("127.0.0.1", port))
        if listening:
            listen(holder)
        for host in ("127.0.0.1", "0.0.0.0"):  # noqa: S104 -- it is refused
            with pytest.raises(click.ClickException, match=f"{host}:{port} is in use"):
                stack.enter_context(bound(host, port))


def test_who_connects_before_anyone_listens_is_refused(port: int) -> None:
    with bound("127.0.0.1", port), pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_unix_socket_that_nobody_listens_at_is_taken_over_and_another_is_not(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with bound_path(path, 0o660) as holder:
        assert path.stat().st_mode & 0o777 == 0o660
        holder.listen()
        with pytest.raises(click.ClickException, match="Address already in use"), bound_path(path, None):
            pass
        assert path.is_socket()
    assert not path.exists()


def test_a_file_is_not_taken_for_a_socket(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("precious")
    with pytest.raises(click.ClickException), bound_path(path, None):
        pass
    assert path.read_text() == "precious"
    with path.open() as file, pytest.raises(click.ClickException, match="is no socket"):
        inherited(file.fileno())
