"""`litestar run` from outside: as a person at a terminal or an orchestrator starts, watches and ends it."""

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any, Final

import psutil

from tests.live.processes import describe, free_port, processes_about, wait_until

PROJECT: Final = Path(__file__).resolve().parents[2]
LITESTAR: Final = Path(sys.executable).with_name("litestar")
MARK: Final = "EVENSTAR_LIVE_SERVER"
"""The environment variable by which the processes of one start are known, whoever their parent is by now."""

END_SECONDS: Final = 10.0
"""How long after the end of the process that was started every other may live."""

_starts = count()


class Server:
    """One start of `litestar run`, in a working directory and with settings of its own.

    `place` holds the working directory and, unless `data_dir` says otherwise, the data. With `terminal` it runs at a
    pseudoterminal, as it would for a person.
    """

    def __init__(
        self,
        place: Path,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        data_dir: Path | None = None,
        port: int | None = None,
        terminal: bool = False,
        project: Path = PROJECT,
        directory: Path | None = None,
    ) -> None:
        self.port = port or free_port()
        self.data_dir = data_dir or place / "data"
        self.mark = f"{os.getpid()}-{next(_starts)}"
        self._output = place / f"output-{self.mark}"
        self._errors = place / f"errors-{self.mark}"
        self._terminal: int | None = None
        self._closed = threading.Event()
        directory = directory or place / "work"
        directory.mkdir(exist_ok=True)
        words = [str(LITESTAR), "run", "--port", str(self.port), *arguments]
        variables = self._environment(project, environment or {})
        self.started_at = time.monotonic()
        if terminal:
            self.process = self._at_terminal(words, directory, variables)
        else:
            with self._output.open("wb") as output, self._errors.open("wb") as errors:
                self.process = subprocess.Popen(  # noqa: S603 -- the virtual environment's own program
                    words,
                    cwd=directory,
                    env=variables,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    start_new_session=True,
                )

    def _environment(self, project: Path, given: Mapping[str, str]) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
        return {
            **kept,
            "PYTHONPATH": str(project),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LITESTAR_APP": "app:create_app",
            "DATA_DIR": str(self.data_dir),
            MARK: self.mark,
            **given,
        }

    def _at_terminal(self, words: list[str], directory: Path, variables: dict[str, str]) -> subprocess.Popen[bytes]:
        self._terminal, inside = os.openpty()
        process = subprocess.Popen(  # noqa: S603 -- the virtual environment's own program
            words,
            cwd=directory,
            env={**variables, "TERM": "xterm"},
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            # a terminal sends its signals to whoever took it as its own, and nothing else does that for a child
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 -- it only makes one call
        )
        os.close(inside)
        threading.Thread(target=self._copy, args=(self._terminal,), daemon=True).start()
        return process

    def _copy(self, terminal: int) -> None:
        """What a terminal shows is lost unless somebody reads it; who reads it has to be the one that closes it."""
        shown = select.poll()
        shown.register(terminal, select.POLLIN)
        with self._output.open("wb", buffering=0) as output, contextlib.suppress(OSError):
            while not self._closed.is_set():
                if shown.poll(20):
                    output.write(os.read(terminal, 65536))
        os.close(terminal)

    def type(self, keys: bytes) -> None:
        assert self._terminal is not None
        os.write(self._terminal, keys)

    def close_terminal(self) -> None:
        """As a window is closed."""
        self._closed.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        """What stands on standard output so far, or at the terminal."""
        return self._output.read_text(errors="replace") if self._output.exists() else ""

    @property
    def errors(self) -> str:
        return self._errors.read_text(errors="replace") if self._errors.exists() else ""

    def get(self, path: str, *, timeout: float = 5) -> tuple[int, bytes]:
        """The status and body of an answer, over a connection of its own; raises OSError."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError):
            return self.get("/health/ready")[0] == 200
        return False

    def answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.get("/health/live")[0] == 200
        return False

    def answered(self, method: str, route: str) -> int:
        """How many requests a worker has answered, as its figures tell."""
        figures = self.get("/metrics")[1].decode()
        counted = f'evenstar_http_requests_total{{method="{method}",route="{route}"'
        return sum(int(float(line.split()[-1])) for line in figures.splitlines() if line.startswith(counted))

    def lines(self) -> list[dict[str, Any]]:
        """The log, if it is written as JSON."""
        return [json.loads(line) for line in self.output.splitlines()]

    def told(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["event"] == event]

    def await_ready(self, seconds: float = 30) -> float:
        """Wait until it serves; returns the seconds since its start."""

        def ready_or_ended() -> bool:
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.output}{self.errors}"
            return self.is_ready()

        wait_until(ready_or_ended, seconds, lambda: f"{self.output}{self.errors}")
        return time.monotonic() - self.started_at

    @property
    def launcher(self) -> psutil.Process:
        return psutil.Process(self.process.pid)

    @property
    def workers(self) -> list[psutil.Process]:
        """The processes that answer requests, or are about to."""
        found: list[psutil.Process] = []
        for process in self.launcher.children():
            # one that is dead and not buried yet tells nothing
            with contextlib.suppress(psutil.ZombieProcess):
                if "app.infrastructure.serving.worker" in process.cmdline():
                    found.append(process)
        return found

    @property
    def supervisor(self) -> psutil.Process:
        return self._embedded("embedded.supervisor")

    @property
    def postgres(self) -> psutil.Process:
        return self._embedded("bin/postgres -D")

    @property
    def valkey(self) -> psutil.Process:
        return self._embedded("valkey-server --port")

    def _embedded(self, words: str) -> psutil.Process:
        (found,) = (process for process in self.embedded() if words in " ".join(process.cmdline()))
        return found

    def embedded(self) -> list[psutil.Process]:
        """The embedded servers of its data and what keeps them, whoever started those."""
        return processes_about(str(self.data_dir))

    def processes(self) -> list[psutil.Process]:
        """Everything that lives of this start, and the embedded servers of its data, whoever started those."""
        return list({*self.own(), *self.embedded()})

    def own(self) -> list[psutil.Process]:
        """The processes of this start but for the embedded servers, which are nobody's children."""
        found: list[psutil.Process] = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == self.mark:
                    found.append(process)
        return found

    def await_end(self, seconds: float = 20) -> int:
        """Wait for the started process itself; returns its exit code, negative for a signal."""
        return self.process.wait(seconds)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it with a signal; returns the exit code once nothing of it is left."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.await_end()
        self.assert_gone()
        return code

    def assert_gone(self, seconds: float = END_SECONDS) -> float:
        """Nothing of it is left within so many seconds; returns those that it took."""
        return wait_until(lambda: not self.processes(), seconds, lambda: f"left behind: {describe(self.processes())}")

    def kill_all(self) -> None:
        """Kill every process of it at once, so that none can tidy up after another."""
        left = self.processes()
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.suspend()
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=5)
        self.process.wait(5)

    def close(self) -> None:
        """Leave nothing behind, whatever has happened."""
        self.close_terminal()
        deadline = time.monotonic() + END_SECONDS
        if self.process.poll() is None:
            self.process.terminate()
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.kill_all()
