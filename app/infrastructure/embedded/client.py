"""How a process starts the embedded servers, joins running ones, and holds them for as long as it lives."""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict
from weakref import WeakSet

from app.infrastructure.embedded.layout import (
    Control,
    EmbeddedServers,
    EmbeddedServersError,
    explain,
    find_binaries,
    last_lines,
    make_data_dir,
    make_socket_home,
    open_log,
    refuse_platform,
)

if sys.platform != "win32":
    import fcntl

PROJECT = Path(__file__).resolve().parents[3]
# All that the interpreter needs to start; what else stands in the environment is no business of the servers.
ENVIRONMENT = ("PATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
POLL_SECONDS = 0.02


class Answer(TypedDict, total=False):
    """The supervisor's one line to a holder: the three of running servers, or what is wrong."""

    error: str
    database_url: str
    redis_url: str
    data_dir: str


@dataclass(frozen=True, slots=True)
class _Hold:
    """A descriptor rather than a socket object, which would warn when the interpreter ends with it open."""

    servers: EmbeddedServers
    connection: int

    def stands(self) -> bool:
        """The supervisor says nothing more once it has answered: whatever can be read is its end."""
        poll = select.poll()
        poll.register(self.connection, select.POLLIN)
        return not poll.poll(0)


_mutex = threading.RLock()
_holds: dict[Path, _Hold] = {}
# Whatever a forked child must close, lest it keep the servers up or the lock held after its parent's end.
_descriptors: set[int] = set()
_sockets: WeakSet[socket.socket] = WeakSet()


def acquire(data_dir: Path, *, timeout: float = 60) -> EmbeddedServers:
    """Start or join the servers of `data_dir` and hold them until this process ends, or `release(data_dir)`.

    Waits up to `timeout` seconds; the first start in a directory takes about two, a later one well under one.
    A second call gives the same servers, unless they died meanwhile: then it starts them anew. A forked child
    holds nothing until it calls this itself. Raises `EmbeddedServersError`.
    """
    refuse_platform()
    try:
        data = data_dir.resolve()
    except (OSError, RuntimeError) as error:
        raise EmbeddedServersError(f"{data_dir} does not lead to a directory: {error}. Change DATA_DIR.") from error
    with _mutex:
        hold = _holds.get(data)
        if hold is not None:
            if hold.stands():
                return hold.servers
            release(data)
        try:
            _holds[data] = hold = _join_or_start(Control(data), timeout)
        except OSError as error:
            raise explain(error, data) from error
        return hold.servers


def release(data_dir: Path) -> None:
    """Let go of the servers; they stop within three seconds unless another process holds them."""
    with _mutex:
        hold = _holds.pop(data_dir.resolve(), None)
        if hold is not None:
            _close(hold.connection)


def _join_or_start(control: Control, timeout: float) -> _Hold:
    deadline = time.monotonic() + timeout
    while True:
        started = False
        connection = _connect(control)
        if connection is None:
            connection = _start(control, deadline)
            started = connection is not None
        if connection is not None:
            answer = _answer(connection, control, deadline)
            if answer is not None:
                return _hold(connection, answer, control)
            connection.close()
            if started:
                raise EmbeddedServersError(
                    f"The embedded servers' supervisor ended without a word. {last_lines(control.log)}"
                )
        if time.monotonic() > deadline:
            raise _too_late(control)
        time.sleep(POLL_SECONDS)


def _connect(control: Control) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX)
    _sockets.add(connection)
    connection.settimeout(1)
    try:
        connection.connect(str(control.socket))
    except PermissionError:
        connection.close()
        raise
    except OSError:
        connection.close()
        return None
    return connection


def _start(control: Control, deadline: float) -> socket.socket | None:
    """Start a supervisor; None where another process is at it, or an earlier supervisor is still stopping.

    The lock goes over to the supervisor with its descriptor, and our end of the pair is the first hold: at no
    moment does the death of either process leave anything behind.
    """
    make_data_dir(control.data_dir)
    with contextlib.ExitStack() as stack:
        lock = os.open(control.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        stack.callback(_close, lock)
        _descriptors.add(lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        if not _is(lock, control.lock):
            return None
        binaries = find_binaries()
        make_socket_home(control.data_dir)
        log = open_log(control.log)
        stack.callback(os.close, log)
        ours, theirs = socket.socketpair()
        stack.enter_context(theirs)
        _sockets.update((ours, theirs))
        arguments = (control.data_dir, binaries.postgres, binaries.valkey, lock, theirs.fileno())
        try:
            subprocess.run(  # noqa: S603 -- our own module and our own interpreter
                [
                    sys.executable,
                    "-S",
                    "-P",
                    "-m",
                    "app.infrastructure.embedded.supervisor",
                    *map(str, arguments),
                ],
                cwd="/",
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock, theirs.fileno()),
                start_new_session=True,
                check=True,
                timeout=max(1, deadline - time.monotonic()),
            )
        except (OSError, subprocess.SubprocessError) as error:
            ours.close()
            raise EmbeddedServersError(
                f"The embedded servers' supervisor did not start: {error}. {last_lines(control.log)}"
            ) from error
        return ours


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    return kept | {"PYTHONPATH": str(PROJECT), "PYTHONUTF8": "1"}


def _is(descriptor: int, path: Path) -> bool:
    """Whether a file that we opened still stands at its path, and was not removed and made anew meanwhile."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _answer(connection: socket.socket, control: Control, deadline: float) -> Answer | None:
    """The supervisor's line once both servers answer; None if it was about to stop and said nothing."""
    line = b""
    while not line.endswith(b"\n"):
        connection.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            received = connection.recv(65536)
        except TimeoutError as error:
            connection.close()
            raise _too_late(control) from error
        except ConnectionError:
            return None
        if not received:
            return None
        line += received
    answer: Answer = json.loads(line)
    return answer


def _too_late(control: Control) -> EmbeddedServersError:
    return EmbeddedServersError(
        f"The embedded servers were not ready in time; a longer timeout may do. {last_lines(control.log)}"
    )


def _hold(connection: socket.socket, answer: Answer, control: Control) -> _Hold:
    if "error" in answer:
        connection.close()
        raise EmbeddedServersError(answer["error"])
    servers = EmbeddedServers(
        database_url=answer.get("database_url", ""),
        redis_url=answer.get("redis_url", ""),
        data_dir=Path(answer.get("data_dir", "")),
        log=control.log,
    )
    connection.settimeout(None)
    descriptor = connection.detach()
    _descriptors.add(descriptor)
    return _Hold(servers, descriptor)


def _close(descriptor: int) -> None:
    _descriptors.discard(descriptor)
    # Whoever makes a daemon of itself closes descriptors that it does not know.
    with contextlib.suppress(OSError):
        os.close(descriptor)


def _let_go_in_child() -> None:
    global _mutex  # noqa: PLW0603 -- the parent's may be locked for good by a thread that the child lacks
    _mutex = threading.RLock()
    _holds.clear()
    for connection in list(_sockets):
        connection.close()
    for descriptor in list(_descriptors):
        _close(descriptor)


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_let_go_in_child)
