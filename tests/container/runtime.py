"""Runs a command in a root directory of its own, confined as a container engine would confine it."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

DEVICES: Final = ("null", "zero", "full", "random", "urandom")


@dataclass(frozen=True)
class Mount:
    """A file or directory of this machine at a path in the root."""

    source: Path
    target: str
    read_only: bool = True


@dataclass(frozen=True)
class Image:
    """What a stage came to; the mounts belong to the stand-in for its base."""

    root: Path
    env: Mapping[str, str]
    mounts: Sequence[Mount]
    workdir: str = "/"
    user: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    cmd: Sequence[str] = ()
    healthcheck: Sequence[str] = ()
    stop_signal: str = "SIGTERM"

    def command(self, argv: Sequence[str], env: Mapping[str, str], mounts: Sequence[Mount] = ()) -> list[str]:
        """What runs `argv` as process 1 of a container, as the image's user.

        As `--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges` would have it. Whoever isn't root
        can't be anybody else, and runs it as themselves.
        """
        uid, _, gid = self.user.partition(":")
        identity = [f"--reuid={uid}", f"--regid={gid}", "--clear-groups"] if os.geteuid() == 0 else []
        # to become another user would cut the bond by which it dies with whoever started it
        bond = ["--pdeathsig", "KILL"]
        unprivileged = ["setpriv", *identity, "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", *bond, "--"]
        inner = [*unprivileged, *self._with_environment("/", env), *argv]
        return _unshare([], [*self._mounting(mounts), _protecting(self.root, f"{self.root}/")], self.root, inner)

    def build_command(self, argv: Sequence[str], env: Mapping[str, str], mounts: Sequence[Mount] = ()) -> list[str]:
        """What runs `argv` as a step of a build: as root, in a root directory that it may change, off the network."""
        inner = [*self._with_environment("/root", env), *argv]
        return _unshare(["--net"], self._mounting(mounts), self.root, inner)

    def _with_environment(self, home: str, env: Mapping[str, str]) -> list[str]:
        variables = {"HOME": home, **self.env, **env}
        return ["env", "-i", "-C", self.workdir, *(f"{name}={value}" for name, value in variables.items())]

    def _mounting(self, mounts: Sequence[Mount]) -> Iterator[str]:
        devices = [Mount(Path("/dev", name), f"/dev/{name}", read_only=False) for name in DEVICES]
        yield shlex.join(["mount", "--rbind", str(self.root), str(self.root)])
        for mount in (*self.mounts, *devices, *mounts):
            point = place(self.root, mount.target)
            if mount.source.is_dir():
                point.mkdir(parents=True, exist_ok=True)
            else:
                point.parent.mkdir(parents=True, exist_ok=True)
                point.touch()
            yield shlex.join(["mount", "--rbind", str(mount.source), str(point)])
            if mount.read_only:
                yield _protecting(mount.source, str(point))
        for kind, target in (("tmpfs", "tmp"), ("tmpfs", "dev/shm"), ("proc", "proc")):
            (self.root / target).mkdir(exist_ok=True)
            options = ["-o", "mode=1777"] if kind == "tmpfs" else []
            yield shlex.join(["mount", "-t", kind, *options, kind, str(self.root / target)])


def place(root: Path, path: str | Path) -> Path:
    """Where an absolute path of the image is on this machine."""
    return root / str(path).lstrip("/")


@cache
def obstacle() -> str:
    """Why this machine can run no container in this way, or nothing."""
    if sys.platform != "linux":
        return "an image is a Linux file system"
    probe = _unshare(["--net"], ["mount -t tmpfs tmpfs /mnt", "mount -t proc proc /mnt"], Path("/"), ["true"])
    try:
        done = subprocess.run(probe, capture_output=True, text=True, check=False)  # noqa: S603 -- ours
    except FileNotFoundError:
        return "unshare and setpriv of util-linux are missing"
    return f"this user may make no namespaces ({done.stderr.strip()}), as root may" if done.returncode else ""


def _unshare(namespaces: Sequence[str], preparing: Iterable[str], root: Path, inner: Sequence[str]) -> list[str]:
    script = "\n".join(
        ["set -eu", "PATH=$PATH:/usr/sbin:/sbin", *preparing, f"exec {shlex.join(['chroot', str(root), *inner])}"]
    )
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    bound = ["setpriv", "--pdeathsig", "KILL", "--", "unshare"]
    return [*bound, *user, "--mount", "--pid", "--fork", "--kill-child", *namespaces, "--", "sh", "-c", script]


def _protecting(source: Path, target: str) -> str:
    """An ordinary user must name the restrictions that the mount has already."""
    present = os.statvfs(source).f_flag
    restrictions = {"nosuid": os.ST_NOSUID, "nodev": os.ST_NODEV, "noexec": os.ST_NOEXEC}
    options = ["remount", "bind", "ro", *(name for name, flag in restrictions.items() if present & flag)]
    return shlex.join(["mount", "-o", ",".join(options), target])
