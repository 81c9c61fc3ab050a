"""Processes that hold embedded servers, and a look at what they leave behind.

Run as a program it is such a process: it acquires the servers of a directory, says so in one line of JSON, and
holds them until its input ends. With `write` it also inserts numbers until it is killed, and prints each one
that was committed; with `fork` it has a child that acquires the servers when a line of input comes; with `close`
it closes all descriptors, as a daemon does, and acquires the servers again.
"""

import asyncio
import contextlib
import hashlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from app.infrastructure.embedded import EmbeddedServers, EmbeddedServersError, acquire

PROJECT = Path(__file__).resolve().parents[3]
STATE_DIRECTORY = Path("/var/lib/evenstar")


class Holder:
    """A process that holds the servers of a directory."""

    def __init__(
        self,
        data_dir: Path,
        *extra: str,
        prefix: Sequence[str] = (),
        path: Sequence[Path] = (),
        timeout: float = 30,
    ) -> None:
        self.process = subprocess.Popen(  # noqa: S603 -- this very module
            [*prefix, sys.executable, "-m", __name__, str(data_dir), str(timeout), *extra],
            cwd="/",
            env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, [*path, PROJECT]))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._servers: EmbeddedServers | None = None

    def line(self) -> bytes:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    @property
    def servers(self) -> EmbeddedServers:
        if self._servers is None:
            said: dict[str, str] = json.loads(self.line())
            if "error" in said:
                raise EmbeddedServersError(said["error"])
            self._servers = EmbeddedServers(
                said["database_url"], said["redis_url"], Path(said["data_dir"]), Path(said["log"])
            )
        return self._servers

    def tell(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.end()

    def end(self) -> None:
        """Let it end by itself."""
        self.process.communicate()


def marks(data_dir: Path) -> tuple[str, str]:
    """What stands in the command line or the working directory of every process of a data directory."""
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return f"{data_dir}", digest


def processes(data_dir: Path) -> dict[int, str]:
    """The supervisor and the servers of a data directory, whoever started them."""
    if sys.platform == "linux":
        shown = [_linux_process(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    else:
        output = subprocess.run(["/bin/ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True)
        shown = [(int(line.split()[0]), line) for line in output.stdout.splitlines()]
    return {
        pid: text
        for pid, text in shown
        if any(mark in text for mark in marks(data_dir)) and __name__ not in text and pid != os.getpid()
    }


def _linux_process(pid: int) -> tuple[int, str]:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
        return pid, f"{os.fsdecode(command)} [{Path(f'/proc/{pid}/cwd').readlink()}]"
    except OSError:
        return pid, ""


def process(data_dir: Path, word: str) -> int:
    """The one process of a data directory in whose command line a word stands."""

    found: list[int] = []

    def is_one() -> bool:
        found[:] = [pid for pid, text in processes(data_dir).items() if word in text.split(" [")[0]]
        return len(found) == 1

    # A child of PostgreSQL's has its parent's command line until it sets its own.
    wait_until(is_one)
    return found[0]


def supervisor(data_dir: Path) -> int:
    return process(data_dir, "embedded.supervisor")


def postmaster(data_dir: Path) -> int:
    return process(data_dir, "bin/postgres -D")


def valkey(data_dir: Path) -> int:
    return process(data_dir, "valkey-server --port")


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.02)


def kill_all(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def assert_ends(data_dir: Path, seconds: float = 10) -> None:
    """No process of the directory is left after so many seconds; whatever is left is killed all the same."""
    deadline = time.monotonic() + seconds
    while left := processes(data_dir):
        if time.monotonic() > deadline:
            kill_all(left)
            raise AssertionError(f"left behind after {seconds} s: {left}")
        time.sleep(0.05)


def query(servers: EmbeddedServers, statement: str) -> object:
    """The first value that PostgreSQL answers."""

    async def ask() -> object:
        connection = await asyncpg.connect(servers.database_url, timeout=10)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    import asyncpg  # noqa: PLC0415 -- a holder under another user goes without the installed packages

    return asyncio.run(ask())


async def write(servers: EmbeddedServers) -> None:
    import asyncpg  # noqa: PLC0415 -- as above

    connection = await asyncpg.connect(servers.database_url)
    await connection.execute("CREATE TABLE IF NOT EXISTS written (number bigint PRIMARY KEY)")
    last = await connection.fetchval("SELECT coalesce(max(number), 0) FROM written")
    for number in itertools.count(last + 1):
        await connection.execute("INSERT INTO written VALUES ($1)", number)
        say(str(number))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    try:
        servers = acquire(Path(sys.argv[1]), timeout=float(sys.argv[2]))
    except EmbeddedServersError as error:
        say(json.dumps({"error": str(error)}))
        return
    if "fork" in sys.argv and os.fork():
        signal.pause()
    say(json.dumps(asdict(servers), default=str))
    if "write" in sys.argv:
        asyncio.run(write(servers))
    if "close" in sys.argv:
        os.closerange(3, 64)
        say(str(acquire(Path(sys.argv[1])) == servers))
    if "fork" in sys.argv:
        sys.stdin.readline()
        say(str(acquire(Path(sys.argv[1])) == servers))
    sys.stdin.read()


if __name__ == "__main__":
    main()
