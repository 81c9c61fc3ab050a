"""How `litestar run` starts, what it says, and what keeps it from starting."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from litestar.cli.main import litestar_group

from tests.live.conftest import FirstStart, Launch, Measured
from tests.live.data import copy_data
from tests.live.processes import free_port, wait_until
from tests.live.server import PROJECT, Server


def test_a_first_start_in_an_empty_directory_is_ready_within_thirty_seconds(
    first_start: FirstStart, measured: Measured
) -> None:
    measured("seconds", round(first_start.seconds, 2))
    assert first_start.seconds < 30
    assert first_start.exit_code == 0
    assert first_start.errors == ""


def test_a_later_start_takes_little_more_of_the_processors_than_loading_the_code(
    launch: Launch, measured: Measured
) -> None:
    server = launch()
    started = sum(sum(process.cpu_times()[:2]) for process in [server.launcher, *server.workers])
    ratio = round(started / _seconds_to_load(), 2)
    measured("times_of_loading", ratio)
    assert ratio < 4


def _seconds_to_load() -> float:
    """Of a processor, for all that a worker imports: by this pace other figures of the machine are to be judged."""
    words = [sys.executable, "-c", "import app.asgi, time; print(time.process_time())"]
    # no more of the environment than the server has: in one with coverage's variables it would be measured
    told = subprocess.check_output(words, env={"PYTHONPATH": str(PROJECT)})  # noqa: S603 -- our own program
    return float(told)


@pytest.mark.soak
def test_a_later_start_is_ready_within_four_seconds(launch: Launch, measured: Measured) -> None:
    seconds: list[float] = []
    for _ in range(5):
        server = launch(ready=False)
        seconds.append(round(server.await_ready(), 2))
        server.stop()
    measured("seconds", seconds)
    assert min(seconds) < 4


def test_a_second_start_on_a_port_that_is_taken_says_by_whom_and_what_to_do(shared: Server, launch: Launch) -> None:
    second = launch(port=shared.port, ready=False)
    assert second.await_end() == 1
    told = " ".join(second.errors.replace("│", " ").split())
    holder = shared.launcher.pid
    assert f"127.0.0.1:{shared.port} is in use by process {holder} (litestar)" in told
    assert f"litestar run --port {shared.port + 1}" in told
    assert "Traceback" not in told
    assert second.output == ""
    assert not second.own()
    assert shared.is_ready()


def test_of_two_starts_on_one_port_at_the_same_moment_one_is_refused(launch: Launch) -> None:
    port = free_port()
    starts = [launch("--host", "localhost", port=port, ready=False) for _ in range(2)]
    wait_until(lambda: any(start.process.poll() is not None for start in starts), 30)
    (refused,) = (start for start in starts if start.process.poll() is not None)
    (serving,) = (start for start in starts if start.process.poll() is None)
    assert refused.process.returncode == 1
    assert f"127.0.0.1:{port} is in use" in refused.errors
    serving.await_ready()
    assert json.loads(serving.output.splitlines()[0])["address"] == serving.url


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--port", "0"], "0 is not in the range"),
        (["--port", "65536"], "65536 is not in the range"),
        (["--host", "nowhere.invalid"], "no address of this machine goes by that name"),
        # of the block that is reserved for documentation (RFC 5737)
        (["--host", "192.0.2.1"], "192.0.2.1:8000 cannot be used"),
        (["--uds", "/nowhere/socket"], "/nowhere/socket cannot be used"),
        (["--uds", "socket", "--uds-permissions", "rw"], "no octal number"),
        (["--fd", "999"], "Descriptor 999 is no socket"),
        (["--ssl-certfile", str(PROJECT / "README.md")], "and its key cannot be used"),
        (["--ssl-keyfile", str(PROJECT / "README.md")], "of no use without --ssl-certfile"),
    ],
)
def test_what_cannot_be_had_or_used_is_told_without_a_traceback(
    arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    result = CliRunner().invoke(litestar_group, ["--app", "app:create_app", "run", *arguments])
    assert result.exit_code in {1, 2}
    assert told in " ".join(result.output.replace("│", " ").split())
    assert isinstance(result.exception, SystemExit)
    assert not (tmp_path / "data").exists()


def test_a_second_start_on_the_same_data_joins_its_servers_which_outlive_the_first(launch: Launch) -> None:
    first, second = launch(ready=False), launch(ready=False)
    first.await_ready()
    second.await_ready()
    postgres = first.postgres.pid
    first.process.terminate()
    assert first.await_end() == 0
    assert second.is_ready()
    assert second.postgres.pid == postgres
    assert second.stop() == 0


@pytest.fixture
def project(place: Path) -> Path:
    """A copy of the code."""
    project = place / "project"
    for package in ("app", "db"):
        shutil.copytree(PROJECT / package, project / package, ignore=shutil.ignore_patterns("__pycache__"))
    return project


def test_code_that_does_not_load_is_told_and_ends_the_command(project: Path, launch: Launch) -> None:
    (project / "app" / "asgi.py").write_text("this is no code\n")
    server = launch("--workers", "2", project=project, directory=project, ready=False)
    assert server.await_end() == 1
    assert "The application does not start" in server.errors
    assert "SyntaxError: invalid syntax" in server.errors
    server.assert_gone()


def test_with_reload_a_change_of_code_restarts_and_nothing_that_is_written_beside_it(
    project: Path, first_start: FirstStart, launch: Launch
) -> None:
    data_dir = copy_data(first_start.data_dir, project / ".data")
    server = launch("--reload", data_dir=data_dir, project=project, directory=project)
    first = server.workers[0].pid
    (data_dir / "generated.py").write_text("")
    (project / "output.log").write_text("one line of a log")
    _observe(server, first)

    module = project / "app" / "domain" / "todos.py"
    code = module.read_text()
    module.write_text(f"{code}\nthis is no code\n")
    wait_until(lambda: "a worker ended unexpectedly" in server.output, 30, lambda: server.output)
    assert server.process.poll() is None

    module.write_text(f"{code}\n# a remark\n")
    wait_until(server.is_ready, 30, lambda: server.output)
    assert server.workers[0].pid != first
    assert len(server.told("ready")) == 2
    assert server.stop() == 0


def _observe(server: Server, worker: int) -> None:
    """The worker answers on for as long as a restart would take to begin."""
    until = time.monotonic() + 1
    while time.monotonic() < until:
        assert server.get("/health/live")[0] == 200
    assert [process.pid for process in server.workers] == [worker]


def test_nothing_is_started_where_production_has_no_settings(launch: Launch) -> None:
    server = launch(environment={"APP_ENV": "production"}, ready=False)
    assert server.await_end() not in {0, None}
    for name in ("BASE_URL", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "SECRET_KEY", "SIGNING_KEYS_FILE"):
        assert f"{name} is required in production" in server.errors
    assert "Traceback" not in server.errors
    assert server.output == ""
    assert not server.processes()
    # the data directory is not a secret, but what it says is still no business of a fault
    assert os.fspath(server.data_dir) not in server.errors
