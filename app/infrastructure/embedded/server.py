"""What the two servers have in common as processes of the supervisor."""

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from pathlib import Path
from signal import SIGKILL, Signals
from typing import ClassVar

from app.infrastructure.embedded.layout import (
    EmbeddedServersError,
    disk_full,
    in_the_way,
    last_lines,
    open_log,
)
from app.infrastructure.embedded.ownership import Home

# Waits so many seconds while it tends to the supervisor's connections; raises when it is time to give up.
Pump = Callable[[float], None]

POLL_SECONDS = 0.01
LEFTOVER_SECONDS = 2


class Server(ABC):
    """One server over one private directory."""

    name: ClassVar[str]
    folder: ClassVar[str]
    log_name: ClassVar[str]
    gentle: ClassVar[Signals]
    firm: ClassVar[Signals]

    def __init__(self, home: Home) -> None:
        self.home = home
        self.directory = home.directory / self.folder
        self.log = home.directory / f"{self.log_name}.log"
        self._lock = home.directory / f"{self.log_name}.lock"
        self._log_start = 0
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def prepare(self, pump: Pump) -> None:
        """Make the data directory ready and clear away what a killed server left; no such process lives."""

    @abstractmethod
    def command(self) -> list[str | Path]:
        """The program and its arguments."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether clients are served."""

    @abstractmethod
    def recorded_pid(self) -> int | None:
        """The process that the server's own pid file names, true or stale."""

    def launch(self) -> None:
        """Start the server without waiting for it."""
        with self.taken() as lock, self.open_log() as log:
            self._process = self.home.spawn(self.command(), lock=lock, log=log, at_death=self.firm)

    def runs(self) -> bool:
        """Whether the process that `launch` started is alive."""
        return self._process is not None and self._process.poll() is None

    def send(self, number: Signals) -> None:
        """Send the running process a signal."""
        if self._process is not None and self.runs():
            self._process.send_signal(number)

    def ended(self) -> bool:
        """Whether nothing is left of what `launch` started."""
        return self._process is None or not (self.runs() or self.lingers())

    def lingers(self) -> bool:
        """Whether any process of the server is alive, be it of an earlier supervisor: each holds the lock."""
        try:
            with self.taken():
                return False
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False

    def await_answer(self, pump: Pump) -> None:
        """Wait until clients are served; raises `EmbeddedServersError`, with the log, if the server ends."""
        while not self.answers():
            if not self.runs():
                raise self.failure("did not start")
            pump(POLL_SECONDS)

    def outlive_leftover(self, pump: Pump) -> None:
        """Wait for the processes of a killed supervisor to end, and help those along that do not."""
        for number in (None, self.firm, SIGKILL):
            pid = self.recorded_pid()
            if number is not None and pid is not None and self._is_ours(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            deadline = time.monotonic() + LEFTOVER_SECONDS
            while self.lingers():
                if time.monotonic() > deadline:
                    break
                pump(POLL_SECONDS)
            else:
                return
        raise EmbeddedServersError(
            f"{self.name} of an earlier run does not end and still uses {self.directory}: "
            f"stop it (its process is {self.recorded_pid() or 'unknown'}), then start again."
        )

    def failure(self, what: str) -> EmbeddedServersError:
        """An error that tells the end of the log."""
        lines = last_lines(self.log, self._log_start)
        if "No space left on device" in lines or "Disk quota exceeded" in lines:
            return EmbeddedServersError(f"{self.name} {what}. {disk_full(self.home.directory)} {lines}")
        return EmbeddedServersError(f"{self.name} {what}. {lines}")

    def _is_ours(self, pid: int) -> bool:
        """Whether a process works in this server's directory, as both servers do; a pid may be stale."""
        if sys.platform == "linux":
            try:
                return Path(f"/proc/{pid}/cwd").readlink() == self.directory.resolve()
            except OSError:
                return False
        shown = subprocess.run(  # noqa: S603 -- a number is no hostile input
            ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return str(self.directory) in shown.stdout

    @contextlib.contextmanager
    def taken(self) -> Generator[int, None, None]:
        """The lock's descriptor; raises `BlockingIOError` while a process of the server lives."""
        lock = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield lock
        finally:
            os.close(lock)

    @contextlib.contextmanager
    def open_log(self) -> Generator[int, None, None]:
        """The log's descriptor; `failure` tells what comes after this moment."""
        log = open_log(self.log)
        try:
            self._log_start = os.fstat(log).st_size
            yield log
        finally:
            os.close(log)

    def clear_sockets(self, *names: str) -> None:
        """Remove what a killed server left in the directory of sockets."""
        for path in (self.home.run / name for name in names):
            try:
                path.unlink(missing_ok=True)
            except (IsADirectoryError, PermissionError) as error:
                raise in_the_way(path) from error

    def refuse_foreign_process(self) -> None:
        """Raise `EmbeddedServersError` if somebody started such a server by hand on this directory."""
        pid = self.recorded_pid()
        if pid is not None and self._is_ours(pid):
            raise EmbeddedServersError(
                f"A {self.name} started by other means uses {self.directory}: stop it (process {pid})."
            )
