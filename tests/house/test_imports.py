"""What a command loads is what its user waits for: counted, for seconds differ from machine to machine."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]

NEEDLESS = {
    "app.application",
    "app.asgi",
    "app.bootstrap",
    "app.infrastructure.database",
    "app.infrastructure.mail",
    "app.infrastructure.observability",
    "app.infrastructure.security",
    "app.presentation.http",
    "asyncpg",
    "bcrypt",
    "cryptography",
    "jinja2",
    "jwt",
    "prometheus_client",
    "redis",
    "structlog",
    "uvicorn",
    "zxcvbn",
}


def loaded_by(*arguments: str) -> set[str]:
    """The modules that a command of Litestar's command line imports."""
    code = (
        "import sys, atexit\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "from litestar.__main__ import run_cli\n"
        "run_cli()"
    )
    environment = {"PATH": os.environ["PATH"], "LITESTAR_APP": "app:create_app", "APP_ENV": "test"}
    done = subprocess.run(  # noqa: S603 -- this interpreter
        [sys.executable, "-c", code, *arguments],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Commands" in done.stdout or "Options" in done.stdout
    return set(done.stderr.split())


def test_help_loads_the_names_of_the_commands_and_not_what_they_work_with() -> None:
    modules = loaded_by("--help")
    assert "app.console" in modules
    assert modules & NEEDLESS == set()
    # Litestar looks for advanced-alchemy by itself; all there is of ours beside the settings is counted here
    assert len([name for name in modules if name.startswith("app.")]) < 20


def test_a_command_loads_what_it_works_with_and_nothing_for_the_others() -> None:
    assert loaded_by("keys", "list", "--help") & {"redis", "asyncpg", "uvicorn", "app.asgi"} == set()
    assert loaded_by("run", "--help") & {"redis", "asyncpg", "uvicorn", "app.asgi"} == set()
