"""Keeps workers from outliving whoever started them, however that one ends."""

import os
import signal
import threading
import time
from typing import Final

LAUNCHER_VARIABLE: Final = "EVENSTAR_LAUNCHER_PID"
POLL_SECONDS: Final = 0.25
GRACE_SECONDS: Final = 1.5


def announce_launcher() -> None:
    """Tell the workers that are started from now on to end with this process."""
    os.environ[LAUNCHER_VARIABLE] = str(os.getpid())


def end_with_launcher() -> None:
    """In a worker: end when the launcher or the process between is gone; without a launcher do nothing."""
    launcher = os.environ.get(LAUNCHER_VARIABLE)
    if launcher is None or int(launcher) == os.getpid():
        return
    threading.Thread(target=_watch, args=(int(launcher), os.getppid()), name="launcher-watch", daemon=True).start()


def _watch(launcher: int, parent: int) -> None:
    while _alive(launcher) and os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    # the server's own process first, so that requests under way are finished
    if os.getppid() == parent and parent > 1:
        os.kill(parent, signal.SIGTERM)
    else:
        os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    if os.getppid() == parent and parent > 1:
        os.kill(parent, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
