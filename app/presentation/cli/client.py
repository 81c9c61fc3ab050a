"""`litestar client typescript`: a typed client as an npm package, made from the OpenAPI document."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Final

import click
from litestar.plugins import CLIPlugin

from app.presentation.cli.zod import UnknownSchema, zod_module

if sys.platform != "win32":
    import fcntl

TEMPLATE: Final = Path(__file__).with_name("typescript")
MARKER: Final = ".evenstar-client"
"""The file by which an earlier package is known; it lists what is of it, and nothing else is touched."""

OLDEST_NODE: Final = (20, 19)
INSTALL_SECONDS: Final = 600
RUN_SECONDS: Final = 300
# what the generators are installed by, and no part of the package
_TOOLS: Final = ("package.json", "package-lock.json")
_PACKAGE: Final = ("package.json", "tsconfig.json", "README.md", "src", "dist")


class ClientPlugin(CLIPlugin):
    """Adds the command; the document is asked for when it runs, and the generators are kept in the cache directory."""

    def __init__(self, document: Callable[[], bytes], cache: Path) -> None:
        self._document = document
        self._cache = cache

    def on_cli_init(self, cli: click.Group) -> None:
        """Add `litestar client`."""
        client = click.Group("client", help="Make clients of the API.")

        @client.command("typescript")
        @click.option(
            "--out",
            required=True,
            type=click.Path(file_okay=False, path_type=Path),
            help="The package's directory; it must be new, empty or an earlier package.",
        )
        @click.option("--force", is_flag=True, help="Write into a directory that holds something else, too.")
        def typescript(out: Path, *, force: bool) -> None:
            """Make an npm package from the OpenAPI document; needs Node and npm, and no running server."""
            write_package(self._document(), out.absolute(), self._cache.absolute(), force=force)
            click.echo(f"{out} holds the client. Use it with: npm install --install-links {out}")

        cli.add_command(client)


def write_package(document: bytes, out: Path, cache: Path, *, force: bool = False) -> None:
    """Write the package of a document; raises `click.ClickException` with what stands in the way."""
    if not force and out.is_dir() and any(out.iterdir()) and not (out / MARKER).is_file():
        raise click.ClickException(f"{out} holds something else; choose another directory, or --force")
    npm = _find_node()
    try:
        tools = _install_tools(npm, cache)
        # inside, so that what is made there finds the packages
        with tempfile.TemporaryDirectory(dir=tools, prefix="package-", ignore_cleanup_errors=True) as made:
            _generate(document, Path(made))
            _put(Path(made), out)
    except OSError as error:
        raise click.ClickException(str(error)) from error


def _find_node() -> str:
    """The path of npm, where Node is there and new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    wanted = ".".join(map(str, OLDEST_NODE))
    if node is None or npm is None:
        missing = "node" if node is None else "npm"
        raise click.ClickException(f"This needs Node {wanted} or later with npm, and there is no {missing} on the PATH")
    version = _run([node, "--version"], Path.cwd(), seconds=30)
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST_NODE:
        raise click.ClickException(f"This needs Node {wanted} or later, and {node} is {version.strip()}")
    return npm


def _install_tools(npm: str, cache: Path) -> Path:
    """The directory in which the generators are installed, in the exact versions that the lock file names."""
    digest = hashlib.sha256(b"".join((TEMPLATE / name).read_bytes() for name in _TOOLS)).hexdigest()
    cache.mkdir(parents=True, exist_ok=True)
    tools = cache / f"typescript-{digest[:16]}"
    with _locked(cache / "typescript.lock"):
        complete = tools / "complete"
        if not complete.exists():
            shutil.rmtree(tools, ignore_errors=True)
            tools.mkdir()
            for name in _TOOLS:
                shutil.copyfile(TEMPLATE / name, tools / name)
            click.echo("Installing the generators, once.", err=True)
            # npm keeps what it fetched, for the next directory and for times without a network
            quietly = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
            _run([npm, "ci", *quietly], tools, seconds=INSTALL_SECONDS)
            complete.touch()
    return tools


@contextmanager
def _locked(path: Path) -> Generator[None]:
    """Alone with what stands beside this file, until the end of the process at the latest."""
    with path.open("a") as lock:
        if sys.platform != "win32":
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _generate(document: bytes, place: Path) -> None:
    """Make the package's files."""
    content: dict[str, Any] = json.loads(document)
    version: str = content["info"]["version"]
    shutil.copytree(TEMPLATE, place, dirs_exist_ok=True)
    (place / "openapi.json").write_bytes(document)
    try:
        (place / "src" / "schemas.ts").write_text(zod_module(content), encoding="utf-8")
    except UnknownSchema as error:
        raise click.ClickException(f"The document's bodies have no Zod schemas: {error}") from error
    _run(["node", "generate.mjs"], place)
    header = (
        f"// Made by `litestar client typescript` from Evenstar's OpenAPI document, version {version}\n"
        f"// (SHA-256 {hashlib.sha256(document).hexdigest()}). Do not edit.\n\n"
    )
    for path in sorted((place / "src").rglob("*.ts")):
        path.write_text(header + path.read_text(encoding="utf-8"), encoding="utf-8")
    package = json.loads((place / "package.json").read_bytes()) | {"version": version}
    # whoever installs the package from its directory would get what made it, too
    del package["devDependencies"], package["scripts"]
    (place / "package.json").write_text(json.dumps(package, indent=2) + "\n", encoding="utf-8")
    _run(["node", str(place.parent / "node_modules" / "typescript" / "bin" / "tsc")], place)


def _put(made: Path, out: Path) -> None:
    """Replace the earlier package's files by those that were made, and leave all others alone."""
    paths = [
        path for name in _PACKAGE for path in ((made / name).rglob("*") if (made / name).is_dir() else [made / name])
    ]
    files = sorted(path.relative_to(made).as_posix() for path in paths if path.is_file())
    marker = out / MARKER
    earlier = marker.read_text(encoding="utf-8").splitlines() if marker.is_file() else []
    out.mkdir(parents=True, exist_ok=True)
    # first, so that a directory that was filled halfway is known
    marker.write_text("\n".join([*files, ""]), encoding="utf-8")
    for name in set(earlier) - set(files):
        if not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts:
            (out / name).unlink(missing_ok=True)
    for name in files:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made / name, out / name)


def _run(command: list[str], directory: Path, *, seconds: float = RUN_SECONDS) -> str:
    """The standard output of a command; raises `click.ClickException` with its last words when it fails."""
    environment = os.environ | {"NO_COLOR": "1", "FORCE_COLOR": "0"}
    try:
        done = subprocess.run(  # noqa: S603 -- Node, npm and what they installed
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise click.ClickException(f"{Path(command[0]).name} did not end within {seconds:.0f} seconds") from error
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise click.ClickException("\n".join([f"{' '.join(command[:2])} failed:", *said[-15:]]))
    return done.stdout
