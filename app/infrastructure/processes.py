"""Keeps workers from outliving whoever started them, however that one ends, and from missing the signal to stop."""

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

POLL_SECONDS: Final = 0.25
GRACE_SECONDS: Final = 1.5
STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_LISTEN: Final = "0A"


class CannotStart(Exception):
    """What keeps a server from starting, in words for whoever started it; no secret is among them."""


@contextmanager
def holding_signals() -> Generator[None]:
    """A worker that is started meanwhile is born deaf to signals, which wait until it calls `end_with_launcher`."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [*STOP_SIGNALS, signal.SIGHUP])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_launcher(launcher: int) -> None:
    """In a worker, before anything that takes long: end when the launcher is gone, and at once on a signal to stop.

    The server's own handlers take over from these once there is something to finish.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, _stop_early)
    # a terminal sends it to all of the launcher's group, and to the launcher alone it says something
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [*STOP_SIGNALS, signal.SIGHUP])
    threading.Thread(target=_watch, args=(launcher,), name="launcher-watch", daemon=True).start()


def end_with_terminal() -> None:
    """End when the terminal that is written to is closed; what runs without one lives on."""
    if sys.stdout.isatty():
        threading.Thread(target=_await_hangup, args=(sys.stdout.fileno(),), name="terminal-watch", daemon=True).start()


def listening_process(port: int) -> str | None:
    """What listens on a TCP port of this machine: "process 123 (name)", if the system tells (Linux alone does)."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for descriptor in Path("/proc").glob("[0-9]*/fd/*") if sockets else ():
        with contextlib.suppress(OSError):
            if str(descriptor.readlink()) in sockets:
                process = descriptor.parents[1]
                # the program alone: what it was given may hold secrets
                return f"process {process.name} ({(process / 'comm').read_text().strip()})"
    return None


def _listening_inodes(port: int) -> set[str]:
    found: set[str] = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                local, state, inode = fields[1], fields[3], fields[9]
                if state == _LISTEN and int(local.rpartition(":")[2], 16) == port:
                    found.add(inode)
    return found


def _stop_early(_number: int, _frame: FrameType | None) -> NoReturn:
    # whatever is being imported is no place to raise an exception in
    os._exit(0)


def _watch(launcher: int) -> None:
    while os.getppid() == launcher:
        time.sleep(POLL_SECONDS)
    # requests under way are finished
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def _await_hangup(terminal: int) -> None:
    hangup = select.poll()
    hangup.register(terminal, 0)
    hangup.poll()
    main = threading.main_thread().ident
    if main is not None:
        # to the thread, not to the process: else this thread might take it, and the main one wait on unwoken
        signal.pthread_kill(main, signal.SIGTERM)
