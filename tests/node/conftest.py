"""What tests that run under Node need: Node itself, and the packages of `package-lock.json`, installed when missing."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

import pytest

from app.asgi import create_app
from app.presentation.cli import client, zod
from app.presentation.http.openapi import document
from app.settings import Settings
from tests.node.service import litestar

FOLDER = Path(__file__).parent
OLDEST = (20, 19)
INSTALL_SECONDS = 300
RUN_SECONDS = 120


class Node:
    """Node, with the packages installed."""

    def run(self, command: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a package's command in `tests/node`; a status other than 0 is for the test to judge."""
        return _run(str(FOLDER / "node_modules" / ".bin" / command), *arguments)

    def npm(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run npm there."""
        return _run("npm", *arguments, variables=variables)

    def script(self, *arguments: str) -> str:
        """What a script of `tests/node` prints; it must succeed."""
        done = _run("node", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def node() -> Node:
    """Node's side of a test; without Node, or without the packages, the test is skipped."""
    npm, found = shutil.which("npm"), shutil.which("node")
    if npm is None or found is None:
        pytest.skip("needs node: there is none on the PATH")
    version = _run(found, "--version").stdout
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST:
        pytest.skip(f"needs node 20.19 or later, and this is {version.strip()}")
    _install(npm)
    return Node()


@pytest.fixture(scope="session")
def package(node: Node) -> Path:  # noqa: ARG001 -- it goes where npm puts packages
    """The client that the command makes, where Node looks for packages; made anew where anything has changed."""
    out = FOLDER / "node_modules" / "evenstar-client"
    with _locked():
        stamp, wanted = out / ".made-of", _ingredients()
        if not stamp.exists() or stamp.read_text() != wanted:
            stamp.unlink(missing_ok=True)
            make_package(out)
            stamp.write_text(wanted)
    return out


def make_package(out: Path) -> None:
    """Run the command, with its generators kept among what npm has installed."""
    cache = str(FOLDER / "node_modules" / ".evenstar-data")
    litestar("client", "typescript", "--out", str(out), APP_ENV="test", DATA_DIR=cache)


def _ingredients() -> str:
    sources = [Path(client.__file__), Path(zod.__file__), *client.TEMPLATE.rglob("*")]
    digest = sha256(described())
    for path in sorted(path for path in sources if path.is_file()):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def described() -> bytes:
    """The document, as it stands."""
    return document(create_app(Settings.load({"APP_ENV": "test"})))


def _install(npm: str) -> None:
    """Install what the lock file names, unless that is there; xdist's workers wait for each other."""
    wanted = sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    modules = FOLDER / "node_modules"
    modules.mkdir(exist_ok=True)
    with _locked():
        stamp = modules / ".evenstar"
        if not stamp.exists() or stamp.read_text() != wanted:
            done = _run(npm, "ci", "--no-progress", "--prefer-offline", seconds=INSTALL_SECONDS)
            if done.returncode != 0:
                pytest.skip(f"needs node packages, and npm could not install them: {done.stderr[:500]}")
            stamp.write_text(wanted)


@contextmanager
def _locked() -> Generator[None]:
    """Alone with the folder; a directory can be locked, and npm leaves this one in its place."""
    handle = os.open(FOLDER, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _run(
    command: str,
    *arguments: str,
    seconds: float = RUN_SECONDS,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> "subprocess.CompletedProcess[str]":
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
    environment = {**os.environ, **quiet, **variables}
    with subprocess.Popen(  # noqa: S603 -- Node and the packages that the lock file pins
        [command, *arguments],
        cwd=FOLDER,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except BaseException:
            # npm's own children too
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)
