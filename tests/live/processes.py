"""Processes and ports of this machine, looked at from outside."""

import contextlib
import socket
import time
from collections.abc import Callable

import psutil


def processes_about(*words: str) -> list[psutil.Process]:
    """The processes in whose command line one of the words stands, but for this one and its like."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = f"{' '.join(process.cmdline())} "
            if any(word in line for word in words) and "pytest" not in line:
                found.append(process)
    return found


def describe(processes: list[psutil.Process]) -> list[str]:
    told: list[str] = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            told.append(f"{process.pid} {' '.join(process.cmdline())[:200]}")
    return told


def wait_until(
    condition: Callable[[], object], seconds: float = 30, otherwise: Callable[[], object] = lambda: ""
) -> float:
    """Wait for a condition; returns the seconds that it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"not so within {seconds} s: {otherwise()}"
        time.sleep(0.05)
    return time.monotonic() - began


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
