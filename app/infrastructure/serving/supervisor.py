"""Keeps the workers of a server: as many as are wanted, which share one socket, for as long as it is to serve."""

import logging
import math
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final, Literal

import msgspec

from app.infrastructure.processes import STOP_SIGNALS, CannotStart, holding_signals
from app.infrastructure.serving.changes import Code

POLL_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 3.0
"""How long after its start a worker is replaced that has ended by then; one that lived longer is replaced at once."""

KILL_SECONDS: Final = 1.0
"""How much longer a worker may take to end than its requests may."""

_WORKER: Final = "app.infrastructure.serving.worker"

_logger = logging.getLogger("app.serve")


class Serving(msgspec.Struct, frozen=True):
    """What workers are told: an application by its import string, where to listen, and how long to wait for what."""

    app: str
    factory: bool
    launcher: int
    descriptor: int
    backlog: int
    keep_alive_seconds: int
    stop_seconds: int
    certificate: str | None = None
    key: str | None = None
    key_password: str | None = None


class Supervisor:
    """Workers that are replaced when they end, until a signal says to stop.

    They are children of this process and of its group. SIGHUP is such a signal where standard output is a terminal,
    which goes away; what runs without one lives on.
    """

    def __init__(self, serving: Serving, listener: socket.socket, workers: int, code: Code | None = None) -> None:
        """`listener` is bound, and stays open as workers come and go: whoever connects meanwhile waits for the next.

        A change of `code` renews the workers; one that it kept from starting has waited for that.
        """
        self._serving = serving
        self._listener = listener
        self._code = code
        self._workers = [_Worker() for _ in range(workers)]
        self._heard: SimpleQueue[Literal["look", "renew", "stop"]] = SimpleQueue()

    def run(self) -> None:
        """Serve; raises `CannotStart` when a worker ends by its own doing before any has ever served."""
        self._listen_to_signals()
        with self._code.watched(lambda: self._heard.put("renew")) if self._code is not None else nullcontext():
            try:
                while (word := self._next_word()) != "stop":
                    if word == "renew":
                        self._end_workers()
                    for worker in self._workers:
                        self._keep(worker)
            finally:
                self._end_workers()
                while any(worker.lives() for worker in self._workers):
                    self._next_word()

    def _listen_to_signals(self) -> None:
        def look(_number: int, _frame: object) -> None:
            self._heard.put("look")

        def stop(_number: int, _frame: object) -> None:
            self._heard.put("stop")

        def hang_up(_number: int, _frame: object) -> None:
            self._heard.put("stop" if sys.stdout.isatty() else "look")

        signal.signal(signal.SIGCHLD, look)
        for number in STOP_SIGNALS:
            signal.signal(number, stop)
        # `nohup` starts programs that are to ignore it
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, hang_up)
        self._heard.put("look")

    def _next_word(self) -> Literal["look", "renew", "stop"]:
        try:
            return self._heard.get(timeout=POLL_SECONDS)
        except Empty:
            return "look"

    def _end_workers(self) -> None:
        for worker in self._workers:
            worker.end(self._serving.stop_seconds + KILL_SECONDS)

    def _keep(self, worker: "_Worker") -> None:
        if worker.lives():
            return
        if worker.process is not None:
            self._consider_end(worker, worker.process)
            worker.process = None
        if worker.due <= time.monotonic():
            worker.start(self._serving)

    def _consider_end(self, worker: "_Worker", process: subprocess.Popen[bytes]) -> None:
        if worker.told_to_end:
            worker.due = 0
            return
        _logger.error("a worker ended unexpectedly", extra={"pid": process.pid, "exit_code": process.returncode})
        worker.due = worker.started_at + RETRY_SECONDS
        by_itself = process.returncode > 0
        if by_itself and self._code is not None:
            worker.due = math.inf
        elif by_itself and not self._has_served():
            raise CannotStart("The application does not start: see above for what its worker said.")

    def _has_served(self) -> bool:
        """It is the workers that make the socket, which they share, listen."""
        return bool(self._listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


@dataclass(slots=True)
class _Worker:
    """The place of a worker, and the process that fills it."""

    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0
    due: float = 0
    """When the place is to be filled."""

    told_to_end: bool = False
    kill_at: float = math.inf

    def start(self, serving: Serving) -> None:
        self.started_at, self.told_to_end, self.kill_at = time.monotonic(), False, math.inf
        # modules are found where this process finds them, and nowhere else
        command = [sys.executable, "-P", "-m", _WORKER]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        reading, writing = os.pipe()
        with holding_signals(), os.fdopen(reading) as told:
            self.process = subprocess.Popen(  # noqa: S603 -- this interpreter
                command, env=environment, stdin=told, pass_fds=[serving.descriptor]
            )
        # it may have ended already
        with suppress(OSError), os.fdopen(writing, "wb") as tell:
            tell.write(msgspec.json.encode(serving))

    def lives(self) -> bool:
        """Whether its process does; one that was to end by now is killed."""
        if self.process is None or self.process.poll() is not None:
            return False
        if time.monotonic() > self.kill_at:
            _logger.error("a worker did not end in time and is killed", extra={"pid": self.process.pid})
            self.process.kill()
            self.kill_at = math.inf
        return True

    def end(self, seconds: float) -> None:
        """Tell its process to end, unless that has been told before; a place that waited is filled."""
        self.due = 0
        if self.process is not None and not self.told_to_end:
            self.told_to_end = True
            self.kill_at = time.monotonic() + seconds
            self.process.terminate()
