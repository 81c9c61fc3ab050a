"""The process that keeps one data directory's servers: it stands by itself and ends after its last holder.

Started by `client.acquire` as `python -m app.infrastructure.embedded.supervisor`, with the directory, the two
wheels' places, and the descriptors of the lock and of the first holder's connection.
"""

import contextlib
import json
import os
import selectors
import signal
import socket
import stat
import sys
import time
import traceback
from collections import deque
from functools import partial
from pathlib import Path
from types import FrameType

from app.infrastructure.embedded.layout import (
    Binaries,
    Control,
    EmbeddedServersError,
    explain,
    in_the_way,
    last_lines,
    make_socket_home,
)
from app.infrastructure.embedded.machine import RENEWAL_SECONDS, claim, give_up, renew
from app.infrastructure.embedded.ownership import Home, settle
from app.infrastructure.embedded.postgresql import PostgreSQL
from app.infrastructure.embedded.server import POLL_SECONDS, Server
from app.infrastructure.embedded.valkey import Valkey

# Seconds; from the end of the last holder to the end of the servers less than three pass.
GRACE = 0.75
FIRM_AFTER = 1.0
KILL_AFTER = 1.6
GIVE_UP_AFTER = 3.0
RESTARTS = 5
RESTARTS_WITHIN = 60.0
RESTART_DELAY = 0.2


class _Stop(Exception):
    """It is time to stop, and for no fault."""


class Supervisor:
    """Answers holders, starts the servers, mends them, and stops them."""

    def __init__(self, control: Control, binaries: Binaries, lock: int, first: socket.socket) -> None:
        self._control = control
        self._binaries = binaries
        self._lock = lock
        self._selector = selectors.DefaultSelector()
        self._holders: set[socket.socket] = set()
        self._waiting: set[socket.socket] = set()
        self._left_at = time.monotonic()
        self._listener: socket.socket | None = None
        self._home: Home | None = None
        self._servers: list[Server] = []
        self._restarts: deque[float] = deque(maxlen=RESTARTS)
        self._told_to_stop = False
        self._ours = False
        self._wake, self._waker = socket.socketpair()
        self._heed_signals()
        self._admit(first)

    def run(self) -> None:
        """Live until the last holder has gone, a signal comes, or the servers cannot be kept up."""
        try:
            claim(self._control)
            self._ours = True
            self._listen()
            self._home = settle(self._control, self._binaries)
            self._start(self._home)
            self._keep(self._home)
        except _Stop as reason:
            _log(f"stopping: {reason}")
        except EmbeddedServersError as error:
            self._fail(error)
        except OSError as error:
            _log(traceback.format_exc())
            self._fail(explain(error, self._control.data_dir))
        except Exception:  # noqa: BLE001 -- whatever it was, those who wait are told
            _log(traceback.format_exc())
            self._fail(EmbeddedServersError(f"The supervisor failed. {last_lines(self._control.log)}"))
        finally:
            self._stop()

    def _heed_signals(self) -> None:
        for end in (self._wake, self._waker):
            end.settimeout(0)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        self._selector.register(self._wake, selectors.EVENT_READ, partial(self._wake.recv, 4096))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop_signal)
        for number in (signal.SIGCHLD, signal.SIGHUP):
            signal.signal(number, _on_other_signal)
        # The thread that started us may have had them blocked.
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def _on_stop_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._told_to_stop = True

    def _listen(self) -> None:
        make_socket_home(self._control.data_dir)
        path = self._control.socket
        if os.path.lexists(path):
            if not stat.S_ISSOCK(path.lstat().st_mode):
                raise in_the_way(path)
            path.unlink()
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(128)
        listener.settimeout(0)
        self._listener = listener
        self._selector.register(listener, selectors.EVENT_READ, partial(self._accept, listener))

    def _start(self, home: Home) -> None:
        began = time.monotonic()
        self._servers = [Valkey(home), PostgreSQL(home)]
        for server in self._servers:
            self._launch(server)
        for server in self._servers:
            server.await_answer(self._pump)
        _log(f"ready after {time.monotonic() - began:.2f} s, in {home.directory}")

    def _launch(self, server: Server) -> None:
        server.outlive_leftover(self._pump)
        server.prepare(self._pump)
        server.launch()

    def _keep(self, home: Home) -> None:
        """Mend what dies, and answer whoever joins while both servers run."""
        while True:
            renew(self._control)
            self._see_lock()
            dead = next((server for server in self._servers if not server.runs()), None)
            if dead is not None:
                self._restart(dead)
                continue
            self._tell_waiting(
                database_url=f"postgresql://postgres@/app?host={home.run}",
                redis_url=f"unix://{home.run}/valkey.sock?db=0",
                data_dir=str(home.directory),
            )
            self._pump(RENEWAL_SECONDS)

    def _restart(self, server: Server) -> None:
        """Start the one server that died; the other is left as it is."""
        now = time.monotonic()
        recent = [moment for moment in self._restarts if now - moment < RESTARTS_WITHIN]
        if len(recent) == RESTARTS:
            raise server.failure("keeps ending")
        self._restarts.append(now)
        _log(f"{server.name} ended by itself and is started again")
        while time.monotonic() < now + RESTART_DELAY * len(recent):
            self._pump(POLL_SECONDS)
        self._launch(server)
        while server.runs() and not server.answers():
            self._pump(POLL_SECONDS)

    def _see_lock(self) -> None:
        """Give up when the data directory was removed: whoever makes it anew starts servers of its own."""
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(self._lock), self._control.lock.stat()):
                return
        self._ours = False
        raise _Stop("the data directory was removed")

    def _pump(self, seconds: float) -> None:
        """Wait up to so many seconds and tend to what comes; raises `_Stop` when it is time."""
        if not self._holders:
            seconds = min(seconds, max(0, self._left_at + GRACE - time.monotonic()))
        for key, _ in self._selector.select(seconds):
            key.data()
        if self._told_to_stop:
            raise _Stop("told to by a signal")
        if not self._holders and time.monotonic() >= self._left_at + GRACE:
            raise _Stop("nobody holds the servers")

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self._admit(listener.accept()[0])

    def _admit(self, holder: socket.socket) -> None:
        holder.settimeout(0)
        self._holders.add(holder)
        self._waiting.add(holder)
        self._selector.register(holder, selectors.EVENT_READ, partial(self._hear, holder))

    def _hear(self, holder: socket.socket) -> None:
        """Holders have nothing to say: what can be read is their end."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            if holder.recv(4096):
                return
        self._dismiss(holder)

    def _dismiss(self, holder: socket.socket) -> None:
        self._selector.unregister(holder)
        self._holders.discard(holder)
        self._waiting.discard(holder)
        self._left_at = time.monotonic()
        holder.close()

    def _tell_waiting(self, **answer: str) -> None:
        line = json.dumps(answer).encode() + b"\n"
        for holder in list(self._waiting):
            self._waiting.discard(holder)
            with contextlib.suppress(OSError):
                holder.sendall(line)

    def _fail(self, error: EmbeddedServersError) -> None:
        _log(str(error))
        self._tell_waiting(error=str(error))

    def _stop(self) -> None:
        if self._listener is not None:
            self._listener.close()
        for holder in list(self._holders):
            self._dismiss(holder)
        self._stop_servers()
        if not self._ours:
            return
        give_up(self._control)
        if self._listener is not None:
            self._control.socket.unlink(missing_ok=True)
        # Private directories under /tmp are not left there; one that is not empty stays.
        for directory in (self._home.run, self._home.run.parent, self._control.socket.parent) if self._home else ():
            with contextlib.suppress(OSError):
                directory.rmdir()

    def _stop_servers(self) -> None:
        began = time.monotonic()
        for server in self._servers:
            # At a gentle end they would remove sockets that may be their successors' by now.
            server.send(server.gentle if self._ours else signal.SIGKILL)
        later = deque([FIRM_AFTER, KILL_AFTER])
        while not all(server.ended() for server in self._servers):
            elapsed = time.monotonic() - began
            if later and elapsed > later[0]:
                later.popleft()
                for server in self._servers:
                    server.send(server.firm if later else signal.SIGKILL)
            if elapsed > GIVE_UP_AFTER:
                _log("a server does not end")
                return
            time.sleep(POLL_SECONDS)
        _log(f"stopped after {time.monotonic() - began:.2f} s")


def _on_other_signal(_number: int, _frame: FrameType | None) -> None:
    """SIGCHLD but wakes the loop, and SIGHUP must not end the process."""


def _log(message: str) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} UTC [{os.getpid()}] {message}\n")


def main() -> None:
    """Leave the parent's side first: it must not find a child that it never asked for."""
    data, postgres, valkey, lock, first = sys.argv[1:]
    if os.fork():
        os._exit(0)
    os.setsid()
    os.umask(0o077)
    for descriptor in (lock, first):
        os.set_inheritable(int(descriptor), False)  # noqa: FBT003 -- the function takes no keyword
    control, binaries = Control(Path(data)), Binaries(Path(postgres), Path(valkey))
    Supervisor(control, binaries, int(lock), socket.socket(fileno=int(first))).run()


if __name__ == "__main__":
    main()
