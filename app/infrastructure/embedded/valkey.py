"""Valkey as the supervisor runs it."""

import contextlib
import socket
from pathlib import Path
from signal import SIGTERM

from app.infrastructure.embedded.server import Pump, Server


class Valkey(Server):
    """The store of what may be lost with a second of work."""

    name = "Valkey"
    folder = "valkey"
    log_name = "valkey"
    gentle = SIGTERM  # writes what is left of the append-only file
    firm = SIGTERM

    def prepare(self, pump: Pump) -> None:
        """Make the directory of the append-only file."""
        del pump
        self.home.make(self.directory)
        self.refuse_foreign_process()
        (self.directory / "valkey.pid").unlink(missing_ok=True)
        self.clear_sockets("valkey.sock")

    def command(self) -> list[str | Path]:
        """The server without any file of settings."""
        settings: dict[str, str] = {
            "port": "0",
            "unixsocket": str(self.home.run / "valkey.sock"),
            "unixsocketperm": "700",
            "dir": str(self.directory),
            "pidfile": str(self.directory / "valkey.pid"),
            "daemonize": "no",
            "set-proc-title": "no",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        return [
            self.home.binaries.valkey,
            *(part for name, value in settings.items() for part in (f"--{name}", value)),
        ]

    def answers(self) -> bool:
        """Whether it says PONG, which it does not before its data are loaded."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(0.25)
            client.connect(str(self.home.run / "valkey.sock"))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        return False

    def recorded_pid(self) -> int | None:
        """The process that the pid file names."""
        try:
            return int((self.directory / "valkey.pid").read_text())
        except (OSError, ValueError):
            return None
