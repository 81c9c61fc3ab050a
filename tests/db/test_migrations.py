import re
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.util import CommandError

from app.infrastructure.database import models
from app.presentation.cli.database import upgrade
from db.migrations import DIRECTORY, latest_revisions
from tests.db.schema import (
    commands,
    dump,
    execute,
    facts,
    open_engine,
    printed,
    query,
    revision_of,
    revisions,
    run_sync,
    sql_of,
)

PROJECT = Path(__file__).resolve().parents[2]
SQUAWK = Path(sysconfig.get_path("scripts")) / "squawk"


def test_an_empty_database_is_brought_to_the_latest_revision(blank: str) -> None:
    upgrade(open_engine(blank))
    assert revision_of(blank) == latest_revisions()


def test_upgrading_again_changes_nothing(clone_database: Callable[[], str]) -> None:
    url = clone_database()
    before = dump(url)
    upgrade(open_engine(url))
    assert dump(url) == before


def test_the_history_has_one_latest_revision_and_alembic_finds_the_same() -> None:
    assert latest_revisions() == {revisions()[-1]}


def test_a_database_of_a_later_version_is_refused(clone_database: Callable[[], str]) -> None:
    url = clone_database()
    execute(url, "UPDATE alembic_versions SET version_num = 'of the future'")
    with pytest.raises(CommandError, match="of the future"):
        upgrade(open_engine(url))


def test_every_revision_is_undone_and_done_again_without_a_trace(blank: str) -> None:
    commands(blank).ensure_version()
    for revision in revisions():
        before = dump(blank)
        commands(blank).upgrade(revision)
        after = dump(blank)
        assert after != before
        commands(blank).downgrade("-1")
        assert dump(blank) == before
        commands(blank).upgrade(revision)
        assert dump(blank) == after


def test_what_is_printed_as_sql_does_the_same(blank: str, clone_database: Callable[[], str]) -> None:
    made = commands(blank)
    made.upgrade(sql=True)
    execute(blank, sql_of(made))
    assert dump(blank) == dump(clone_database())


def test_each_migration_is_told(blank: str) -> None:
    made = commands(blank)
    made.upgrade()
    made.downgrade("base")
    lines = printed(made).splitlines()
    told = [re.match("(applied|undone) (.+?): .+", line) for line in lines]
    assert [match and match.groups() for match in told] == [
        *(("applied", revision) for revision in revisions()),
        *(("undone", revision) for revision in reversed(revisions())),
    ]


def test_migrations_and_models_make_the_same_schema(blank: str, clone_database: Callable[[], str]) -> None:
    run_sync(blank, models.User.metadata.create_all)
    assert facts(clone_database()) == facts(blank)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE todos ADD COLUMN colour text",
        "ALTER TABLE lists ALTER COLUMN name TYPE varchar(121)",
        "ALTER TABLE todos ALTER COLUMN notes SET NOT NULL",
        "ALTER TABLE todos ALTER COLUMN version SET DEFAULT 2",
        "ALTER TABLE todos DROP CONSTRAINT fk_todos_list_id_lists",
        "ALTER TABLE users DROP CONSTRAINT uq_users_email_canonical",
        "DROP INDEX ix_todos_list_id_created_at_id",
        "DROP TABLE reminders",
    ],
)
def test_the_check_finds_what_differs_from_the_models(clone_database: Callable[[], str], change: str) -> None:
    url = clone_database()
    commands(url).check()
    before = facts(url)
    execute(url, change)
    assert facts(url) != before
    with pytest.raises(CommandError, match="New upgrade operations detected"):
        commands(url).check()


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE users DROP CONSTRAINT ck_users_userrole",
        "ALTER TABLE todos RENAME CONSTRAINT pk_todos TO todos_pkey",
        "CREATE TABLE forgotten (id uuid)",
        "CREATE TYPE mood AS ENUM ('good')",
        "CREATE SEQUENCE numbers",
    ],
)
def test_what_the_check_overlooks_the_comparison_of_catalogues_finds(
    clone_database: Callable[[], str], change: str
) -> None:
    url = clone_database()
    before = facts(url)
    execute(url, change)
    assert facts(url) != before


def test_the_tables_of_others_are_left_alone(clone_database: Callable[[], str]) -> None:
    url = clone_database()
    execute(
        url,
        """
        CREATE TABLE procrastinate_jobs (id bigserial PRIMARY KEY, task_name text);
        CREATE INDEX procrastinate_jobs_task_name ON procrastinate_jobs (task_name);
        """,
    )
    commands(url).check()


def test_every_constraint_and_index_is_named_after_what_it_guards(database_url: str) -> None:
    named = query(
        database_url,
        """
        SELECT conrelid::regclass::text, conname, contype::text FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
         UNION ALL
        SELECT indrelid::regclass::text, indexrelid::regclass::text, 'i' FROM pg_index
         WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
           AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
        """,
    )
    prefixes = {"p": "pk", "u": "uq", "f": "fk", "c": "ck", "i": "ix"}
    expected = [
        (name, f"{prefixes[kind]}_{table}{'' if kind == 'p' else '_'}")
        for table, name, kind in named
        if table != "alembic_versions"
    ]
    assert len(expected) > 10
    assert [name for name, start in expected if not name.startswith(start)] == []


def test_migrations_lock_nothing_for_long_as_squawk_sees_it(blank: str) -> None:
    made = commands(blank)
    made.upgrade(sql=True)
    assert squawk(sql_of(made)) == ""


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("CREATE INDEX ix_todos_title ON todos (title)", "require-concurrent-index-creation"),
        ("ALTER TABLE todos ALTER COLUMN title TYPE text", "changing-column-type"),
        ("ALTER TABLE todos ADD CONSTRAINT ck_todos_title CHECK (title <> '')", "constraint-missing-not-valid"),
        ("ALTER TABLE todos RENAME COLUMN title TO name", "renaming-column"),
    ],
)
def test_squawk_objects_to_a_statement_that_stops_the_service(statement: str, rule: str) -> None:
    assert rule in squawk(f"SET statement_timeout = 0;\nSET lock_timeout = '2s';\nBEGIN;\n{statement};\nCOMMIT;\n")


def squawk(sql: str) -> str:
    finished = subprocess.run(  # noqa: S603 -- the development tool of this environment
        [SQUAWK, "--config", PROJECT / ".squawk.toml", "--reporter", "gcc"],
        input=sql,
        capture_output=True,
        check=False,
        text=True,
        cwd=PROJECT,
    )
    assert (finished.returncode == 0) == (not finished.stdout), finished
    return finished.stdout


def test_revision_files_are_named_by_day_and_content() -> None:
    names = [path.name for path in (DIRECTORY / "versions").glob("*.py") if path.name != "__init__.py"]
    assert len(names) == len(revisions())
    assert [name for name in names if not re.fullmatch(r"\d{4}_\d\d_\d\d(_[a-z0-9]+)+\.py", name)] == []
