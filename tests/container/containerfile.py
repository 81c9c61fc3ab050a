"""Carries out the Containerfile's instructions as they stand.

What a step would fetch has a stand-in: the base image is this machine's Python with a shell and a few programs, `pip
install uv` hands out this machine's uv, and packages come from uv's cache.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePath
from string import Template
from typing import Any, Final

from tests.container.runtime import Image, Mount, place

PROGRAMS: Final = ("sh", "env", "ln", "rm", "setpriv")
"""All that the stand-in for the base image has beside Python: no compiler, no git."""

BASE: Final = re.compile(r"python:(\d+\.\d+)\.\d+-slim-[a-z]+")
CACHE: Final = re.compile(r"type=cache,target=(/\S+)")
UV: Final = "/opt/uv"

PIP: Final = f"""\
#!/bin/sh
case "$*" in
    "install --no-cache-dir uv=="*) exec ln -s {UV} /usr/local/bin/uv ;;
esac
echo "nothing but uv can be had without a network: pip $*" >&2
exit 1
"""


@dataclass(frozen=True)
class Instruction:
    """One instruction: its name in capitals, its flags without their dashes, and the rest."""

    name: str
    flags: Mapping[str, str]
    rest: str

    def words(self) -> list[str]:
        """The exec form as it is, the shell form split as the shell would."""
        found: list[str] = json.loads(self.rest) if self.rest.startswith("[") else shlex.split(self.rest)
        return found

    def pairs(self) -> dict[str, str]:
        """What is set by `NAME=value`."""
        return dict(word.split("=", 1) for word in self.words())


def parse(text: str) -> list[Instruction]:
    """The instructions of a Containerfile; whether it is one is for hadolint to say."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found: list[Instruction] = []
    for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines():
        name, rest = line.split(maxsplit=1)
        flags: dict[str, str] = {}
        while flag := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
            flags[flag[1]] = flag[2]
            rest = rest[flag.end() :]
        found.append(Instruction(name.upper(), flags, rest))
    return found


SETTINGS: Final[Mapping[str, Callable[[Instruction, Image], dict[str, Any]]]] = {
    "CMD": lambda step, _: {"cmd": step.words()},
    "ENV": lambda step, image: {
        "env": {**image.env, **{name: Template(text).substitute(image.env) for name, text in step.pairs().items()}}
    },
    "EXPOSE": lambda _step, _image: {},
    "HEALTHCHECK": lambda step, _: {"healthcheck": json.loads(step.rest.removeprefix("CMD "))},
    "LABEL": lambda step, _: {"labels": step.pairs()},
    "STOPSIGNAL": lambda step, _: {"stop_signal": step.rest},
    "USER": lambda step, _: {"user": step.rest},
    "WORKDIR": lambda step, _: {"workdir": step.rest},
}
"""What the instructions say that carry nothing out."""


def ignore_patterns(context: Path) -> list[str]:
    """The patterns of the context's `.dockerignore`."""
    lines = (context / ".dockerignore").read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def in_context(path: PurePath, patterns: Sequence[str]) -> bool:
    """Whether a path, relative to the context, is sent to the engine: the last pattern that matches it decides.

    A pattern matches what it names and everything below; a star stands for no slash, `**/` for any directories.
    """
    sent = True
    above = [path, *path.parents][:-1]
    for pattern in patterns:
        deep = pattern.removeprefix("!").removeprefix("**/")
        if "/" in deep:
            raise NotImplementedError(f".dockerignore: {pattern} is more than this can tell")
        names = [each.name for each in (above if "**/" in pattern else above[-1:])]
        if any(fnmatchcase(name, deep) for name in names):
            sent = pattern.startswith("!")
    return sent


def build(project: Path, directory: Path) -> Image:
    """Carry out the project's Containerfile in an empty directory, and give the last stage.

    Raises `RuntimeError` with the output of a step that failed.
    """
    stages: dict[str, Image] = {}
    name = ""
    for number, step in enumerate(parse((project / "Containerfile").read_text())):
        if step.name == "FROM":
            base, name = f"{step.rest} AS {number}".split(" AS ")[:2]
            stages[name] = _begin(base, directory / name, stages)
        else:
            stages[name] = _carry_out(step, stages[name], stages, project)
    return stages[name]


def _begin(base: str, root: Path, stages: Mapping[str, Image]) -> Image:
    if base not in stages:
        return _stand_in(base, root)
    _link(stages[base].root, root)
    return replace(stages[base], root=root)


def _link(source: Path, target: Path) -> None:
    """The same files under a second name are as good as a copy: no step changes one in its place."""
    shutil.copytree(source, target, symlinks=True, copy_function=os.link)


def _carry_out(step: Instruction, image: Image, stages: Mapping[str, Image], project: Path) -> Image:
    if step.name == "RUN":
        _run(step, image)
    elif step.name == "COPY" and "from" in step.flags:
        source, target = step.words()
        _link(place(stages[step.flags["from"]].root, source), _target(image, target))
    elif step.name == "COPY":
        *sources, target = step.words()
        for source in sources:
            _copy(project, source, _target(image, target))
    else:
        image = replace(image, **SETTINGS[step.name](step, image))
        place(image.root, image.workdir).mkdir(parents=True, exist_ok=True)
    return image


def _run(step: Instruction, image: Image) -> None:
    mounts: list[Mount] = []
    for flag in step.flags.values():
        cached = CACHE.fullmatch(flag)
        if cached is None:
            raise NotImplementedError(f"RUN with {flag} is more than this can carry out")
        mounts.append(Mount(Path(_uv("cache", "dir")), cached[1], read_only=False))
    indexes = {name: value for name, value in os.environ.items() if re.fullmatch("UV_.*INDEX.*", name)}
    command = image.build_command(["sh", "-c", step.rest], {"UV_OFFLINE": "1", **indexes}, mounts)
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- ours
    if done.returncode:
        advice = "What uv's cache lacks is brought there by: uv lock --upgrade && uv sync --reinstall"
        raise RuntimeError(f"RUN {step.rest}\n{done.stdout}{done.stderr}{advice}")


def _copy(context: Path, source: str, target: Path) -> None:
    patterns = ignore_patterns(context)
    top = context / source
    for path in top.rglob("*") if top.is_dir() else [top]:
        if path.is_file() and in_context(path.relative_to(context), patterns):
            copy = target / (path.relative_to(top) if top.is_dir() else path.name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)


def _target(image: Image, path: str) -> Path:
    return place(image.root, os.path.normpath(PurePath(image.workdir, path)))


def _stand_in(base: str, root: Path) -> Image:
    """A root directory in place of the base image, with this machine's libraries and its interpreter."""
    tag = BASE.fullmatch(base)
    if tag is None:
        raise NotImplementedError(f"{base} is a base that this has no stand-in for")
    packages = root / f"usr/local/lib/python{tag[1]}/site-packages"
    for directory in (root / "usr/bin", root / "usr/local/bin", packages / "pip"):
        directory.mkdir(parents=True)
    (packages / "pip/__init__.py").touch()
    (root / "bin").symlink_to("usr/bin")
    for program in PROGRAMS:
        shutil.copy(shutil.which(program) or program, root / "usr/bin")
    (root / "usr/local/bin/pip").write_text(PIP)
    (root / "usr/local/bin/pip").chmod(0o755)
    mounts = [Mount(Path(_uv("run", "--no-project", "printenv", "UV")), UV)]
    for directory in (Path(name) for name in ("/usr/lib", "/usr/lib64", "/lib", "/lib64")):
        if directory.is_symlink():
            place(root, directory).symlink_to(directory.readlink())
        elif directory.is_dir():
            mounts.append(Mount(directory, str(directory)))
    _install_python(root)
    return Image(root, {"PATH": "/usr/local/bin:/usr/bin:/bin"}, mounts)


def _install_python(root: Path) -> None:
    """Lay this machine's Python out as the official image does: with neither tests nor bytecode."""
    interpreter, local = Path(sys.executable).resolve(), root / "usr/local"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    shutil.copy(interpreter, local / "bin" / version)
    for name in ("python", "python3"):
        (local / "bin" / name).symlink_to(version)
    left_out = shutil.ignore_patterns("*-packages", "test", "tests", "idle_test", "__pycache__", "config-*")
    shutil.copytree(sysconfig.get_path("stdlib"), local / "lib" / version, ignore=left_out, dirs_exist_ok=True)
    # how the interpreter was built decides where it looks for its library
    for library in Path(sys.base_prefix).resolve().glob("lib/libpython*.so*"):
        for directory in (local / "lib", place(root, library.parent)):
            directory.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, directory)


@cache
def _uv(*arguments: str) -> str:
    """What uv says: the one that runs us, because no other may understand its cache."""
    command = [os.environ.get("UV", "uv"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 -- ours
