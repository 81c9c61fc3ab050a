"""Which machine uses a data directory, for one that lies on a disk that several machines share.

On one machine the supervisor's lock decides, in containers too; on a network's disk a lock may not reach far.
"""

import contextlib
import os
import socket
from pathlib import Path

from app.infrastructure.embedded.layout import Control, EmbeddedServersError

RENEWAL_SECONDS = 5.0
STALE_SECONDS = 20.0


def claim(control: Control) -> None:
    """Write this machine into the directory; raises `EmbeddedServersError` while another renews its claim."""
    here = _boot()
    # The disk's own clock: that of the other machine may be wrong.
    os.utime(control.lock)
    now = control.lock.stat().st_mtime
    with contextlib.suppress(FileNotFoundError, ValueError):
        name, boot = control.machine.read_text().split("\n")[:2]
        if boot != here and abs(now - control.machine.stat().st_mtime) < STALE_SECONDS:
            raise EmbeddedServersError(
                f"{control.data_dir} is in use on the machine {name}: stop Evenstar there, or set DATA_DIR "
                f"to another directory. If that machine is gone, wait {STALE_SECONDS:.0f} seconds."
            )
    control.machine.write_text(f"{socket.gethostname()}\n{here}\n")


def renew(control: Control) -> None:
    """Tell the other machines that this one is still there."""
    with contextlib.suppress(FileNotFoundError):
        os.utime(control.machine)


def give_up(control: Control) -> None:
    """Take this machine's claim back."""
    control.machine.unlink(missing_ok=True)


def _boot() -> str:
    """What tells one running system from another: all containers of one kernel have it in common."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return socket.gethostname()
