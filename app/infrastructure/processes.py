"""Keeps workers from outliving whoever started them, however that one ends, and from missing the signal to stop."""

import contextlib
import multiprocessing
import os
import select
import signal
import sys
import threading
import time
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

LAUNCHER_VARIABLE: Final = "EVENSTAR_LAUNCHER_PID"
POLL_SECONDS: Final = 0.25
GRACE_SECONDS: Final = 1.5
NOTICE_SECONDS: Final = 0.05
_LISTEN: Final = "0A"


class CannotStart(Exception):
    """What keeps a server from starting, in words for whoever started it; no secret is among them."""


def announce_launcher() -> None:
    """Tell the workers that are started from now on to end with this process."""
    if sys.platform != "win32":
        os.environ[LAUNCHER_VARIABLE] = str(os.getpid())


@cache
def end_with_launcher() -> None:
    """In a worker: end on a signal from the very start, and when the launcher or the process between is gone.

    Without a launcher it does nothing, and so it does at a second call.
    """
    launcher = os.environ.get(LAUNCHER_VARIABLE)
    if launcher is None or int(launcher) == os.getpid():
        return
    server = multiprocessing.parent_process()
    if server is not None:
        _heed_signals()
    pid = server.pid if server is not None else None
    threading.Thread(target=_watch, args=(int(launcher), pid), name="launcher-watch", daemon=True).start()


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
                program = (process / "cmdline").read_text().partition("\0")[0]
                return f"process {process.name} ({Path(program).name})"
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


def _heed_signals() -> None:
    """A worker is born with the handlers of the server, which in it do nothing, and keeps them while it loads.

    Once it has loaded, the server's own handlers for workers take over from these.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        inherited = signal.signal(number, _stop_early)
        if getattr(getattr(inherited, "__self__", None), "interrupt_signal", False):
            _stop_early(number, None)
    # to the server it says: renew the workers; it is sent to all of its group
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _stop_early(_number: int, _frame: FrameType | None) -> NoReturn:
    # a worker that ends before the server itself has heard of the signal would be taken for a failure
    time.sleep(NOTICE_SECONDS)
    os._exit(0)


def _watch(launcher: int, server: int | None) -> None:
    while _alive(launcher) and server in {None, os.getppid()}:
        time.sleep(POLL_SECONDS)
    _send(server, signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    _send(server, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _send(server: int | None, number: signal.Signals) -> None:
    # the server's own process first, so that requests under way are finished
    os.kill(server if server is not None and server == os.getppid() else os.getpid(), number)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    # whoever should have heard of its end may not have listened yet
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    return True


def _await_hangup(terminal: int) -> None:
    hangup = select.poll()
    hangup.register(terminal, 0)
    hangup.poll()
    main = threading.main_thread().ident
    if main is not None:
        # to the thread, not to the process: else this thread might take it, and the main one wait on unwoken
        signal.pthread_kill(main, signal.SIGTERM)
