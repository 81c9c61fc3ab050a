"""`litestar database`, as people and pipelines type it."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import make_url

from db.migrations import DIRECTORY, latest_revisions
from tests.db.schema import commands, dump, execute, facts, query, revision_of, revisions

PROJECT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(sysconfig.get_path("scripts"))


class RunLitestar(Protocol):
    def __call__(self, url: str, *arguments: str) -> "subprocess.CompletedProcess[str]": ...


@pytest.fixture
def litestar(redis_url: str, tmp_path: Path) -> RunLitestar:
    """The program, at whose standard input nobody sits."""

    def run(url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        settings = {"APP_ENV": "test", "DATABASE_URL": url, "REDIS_URL": redis_url, "DATA_DIR": str(tmp_path)}
        return subprocess.run(  # noqa: S603 -- the program of this environment
            [SCRIPTS / "litestar", "database", *arguments],
            cwd=PROJECT,
            env=os.environ | settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
        )

    return run


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """A copy of the migrations that a test may add to."""
    copy = tmp_path / "migrations"
    shutil.copytree(DIRECTORY, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def test_upgrade_wants_a_yes_and_a_flag_says_it_where_nobody_can_be_asked(blank: str, litestar: RunLitestar) -> None:
    asked = litestar(blank, "upgrade")
    assert asked.returncode == 1
    assert "[y/n]" in asked.stderr
    assert facts(blank) == {row for row in facts(blank) if row.startswith("extension")}
    told = litestar(blank, "upgrade", "--no-prompt")
    assert told.returncode == 0, told.stderr
    assert [line.split(":")[0] for line in told.stdout.splitlines()] == [f"applied {name}" for name in revisions()]
    assert revision_of(blank) == latest_revisions()


def test_check_tells_by_its_exit_code_whether_the_database_fits(
    clone_database: Callable[[], str], litestar: RunLitestar
) -> None:
    url = clone_database()
    assert litestar(url, "check").returncode == 0
    execute(url, "ALTER TABLE todos ADD COLUMN colour text")
    failed = litestar(url, "check")
    assert failed.returncode == 1
    assert "colour" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_sql_on_standard_output_is_nothing_but_sql(
    blank: str, clone_database: Callable[[], str], litestar: RunLitestar
) -> None:
    printed = litestar(blank, "upgrade", "--sql", "--no-prompt")
    assert printed.returncode == 0, printed.stderr
    execute(blank, printed.stdout)
    assert dump(blank) == dump(clone_database())


def test_a_database_that_is_away_is_told_without_a_traceback(litestar: RunLitestar) -> None:
    failed = litestar("postgresql://nobody@127.0.0.1:1/app", "upgrade", "--no-prompt")
    assert failed.returncode == 1
    assert "Error" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_database_that_does_not_exist_is_told_without_a_traceback(litestar: RunLitestar, database_url: str) -> None:
    failed = litestar(make_url(database_url).set(database="nowhere").render_as_string(), "check")
    assert failed.returncode == 1
    assert 'database "nowhere" does not exist' in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_new_migration_is_named_by_the_day_and_its_message_and_passes_the_linter(
    clone_database: Callable[[], str], migrations: Path
) -> None:
    url = clone_database()
    made = commands(url)
    made.config.set_main_option("script_location", str(migrations))
    today = datetime.now(UTC).date()
    made.revision(message="shared lists, at last")
    (written,) = {path.name for path in (migrations / "versions").glob("*.py")} - {
        path.name for path in (DIRECTORY / "versions").glob("*.py")
    }
    assert written in {f"{day:%Y_%m_%d}_shared_lists_at_last.py" for day in (today, datetime.now(UTC).date())}
    path = migrations / "versions" / written
    assert path.read_text().startswith('"""Shared lists, at last.\n')
    shutil.copy(PROJECT / "pyproject.toml", migrations)
    for command in (["check", "--ignore", "INP001,F401"], ["format", "--check"]):
        subprocess.run([SCRIPTS / "ruff", *command, path], check=True, cwd=migrations)  # noqa: S603 -- as above
    assert latest_revisions(migrations) == {re.findall(r'^revision = "(.+)"$', path.read_text(), re.MULTILINE)[0]}
    made.upgrade()
    made.downgrade("-1")
    assert revision_of(url) == latest_revisions()


def test_a_migration_is_written_for_what_the_database_lacks(
    clone_database: Callable[[], str], migrations: Path
) -> None:
    url = clone_database()
    before = facts(url)
    execute(url, "DROP TABLE reminders; ALTER TABLE users DROP COLUMN name; DROP INDEX ix_sessions_user_id")
    made = commands(url)
    made.config.set_main_option("script_location", str(migrations))
    made.revision(message="mend", autogenerate=True)
    made.upgrade()
    assert facts(url) == before


def test_the_history_is_read_without_alembic() -> None:
    finished = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, db.migrations as m; print(*m.latest_revisions(), 'alembic' in sys.modules)",
        ],
        capture_output=True,
        check=True,
        cwd=PROJECT,
        text=True,
    )
    assert finished.stdout.split() == [*latest_revisions(), "False"]


def test_nothing_is_left_of_a_migration_that_fails(clone_database: Callable[[], str], migrations: Path) -> None:
    url = clone_database()
    (latest,) = latest_revisions()
    (migrations / "versions" / "2999_01_01_fails.py").write_text(
        f"""
from alembic import op

revision = "fails"
down_revision = "{latest}"


def upgrade():
    op.execute("CREATE TABLE half (id uuid)")
    op.execute("SELECT 1 / 0")
"""
    )
    made = commands(url)
    made.config.set_main_option("script_location", str(migrations))
    with pytest.raises(Exception, match="division by zero"):
        made.upgrade()
    assert revision_of(url) == {latest}
    assert not query(url, "SELECT 1 FROM pg_tables WHERE tablename = 'half'")
