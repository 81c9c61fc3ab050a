"""PostgreSQL as the supervisor runs it."""

import os
import pwd
import shutil
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT

from app.infrastructure.embedded.layout import OWN_SERVERS, EmbeddedServersError, disk_full, in_the_way
from app.infrastructure.embedded.server import POLL_SECONDS, Pump, Server

ENOUGH_FOR_FIRST_START = 96 * 1024**2  # bytes: the template databases and two segments of write-ahead log
POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "128MB",
    "max_wal_size": "256MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",
    "log_checkpoints": "off",
    # a violated constraint's DETAIL holds the row's values, such as people's addresses
    "log_error_verbosity": "terse",
}


class PostgreSQL(Server):
    """The database server, and the making of its cluster."""

    name = "PostgreSQL"
    folder = "pg"
    log_name = "postgres"
    gentle = SIGINT  # ends the sessions, writes a checkpoint
    firm = SIGQUIT  # ends at once; the next start replays the log

    def prepare(self, pump: Pump) -> None:
        """Make the cluster if there is none; raises `EmbeddedServersError` for one of another version."""
        version = self.directory / "PG_VERSION"
        if not version.exists():
            self._initialise(pump)
        found, wanted = version.read_text().strip(), self.home.binaries.postgres_major
        if found != wanted:
            raise EmbeddedServersError(
                f"{self.directory} holds data of PostgreSQL {found}, and PostgreSQL {wanted} is installed: "
                "carry them over with the old version's pg_dump, or move the directory away to begin anew."
            )
        self.home.make(self.directory)
        self.refuse_foreign_process()
        (self.directory / "postmaster.pid").unlink(missing_ok=True)
        self.clear_sockets(".s.PGSQL.5432", ".s.PGSQL.5432.lock")

    def command(self) -> list[str | Path]:
        """The postmaster, with its settings before those of any file."""
        settings = POSTGRES_SETTINGS | {"unix_socket_directories": str(self.home.run)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [self.home.binaries.programs / "postgres", "-D", self.directory, *options]

    def answers(self) -> bool:
        """The last line of the pid file tells the state, as `pg_ctl --wait` reads it."""
        lines = self._pid_file()
        return (
            self._process is not None
            and len(lines) > 7  # noqa: PLR2004 -- the status is the eighth line
            and lines[0] == str(self._process.pid)
            and lines[7].strip() == "ready"
        )

    def recorded_pid(self) -> int | None:
        """The postmaster that the pid file names."""
        lines = self._pid_file()
        return int(lines[0]) if lines and lines[0].isdecimal() else None

    def _pid_file(self) -> list[str]:
        try:
            return (self.directory / "postmaster.pid").read_text(errors="replace").splitlines()
        except OSError:
            return []

    def _initialise(self, pump: Pump) -> None:
        """Make the cluster and its database `app` aside, and move it to its place once it is on the disk."""
        if os.path.lexists(self.directory) and (not self.directory.is_dir() or any(self.directory.iterdir())):
            raise in_the_way(self.directory)
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            raise EmbeddedServersError(
                f"PostgreSQL sets up no data for a user without a name ({os.geteuid()}): give it one in /etc/passwd, "
                f"run as another user, or {OWN_SERVERS}."
            ) from None
        if shutil.disk_usage(self.home.directory).free < ENOUGH_FOR_FIRST_START:
            raise EmbeddedServersError(disk_full(self.home.directory))
        making = self.directory.with_name("pg.new")
        if making.exists():
            shutil.rmtree(making)
        self.home.make(making)
        programs = self.home.binaries.programs
        locale = ("-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        initdb = [programs / "initdb", "-D", making]
        loose = ("-c", "fsync=off", "-c", "exit_on_error=on")
        single = [programs / "postgres", "--single", "-D", making, *loose, "postgres"]
        self._run([*initdb, "-U", "postgres", "-A", "trust", *locale, "--no-sync", "--no-instructions"], pump)
        self._run(single, pump, "CREATE DATABASE app\n")
        self._run([*initdb, "--sync-only"], pump)
        making.rename(self.directory)
        parent = os.open(self.home.directory, os.O_RDONLY)
        os.fsync(parent)
        os.close(parent)

    def _run(self, command: list[str | Path], pump: Pump, words: str = "") -> None:
        reader, writer = os.pipe()
        os.write(writer, words.encode())
        os.close(writer)
        with self.taken() as lock, self.open_log() as log:
            process = self.home.spawn(command, lock=lock, log=log, at_death=SIGKILL, stdin=reader)
        os.close(reader)
        try:
            while process.poll() is None:
                pump(POLL_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode:
            raise self.failure("could not be set up")
