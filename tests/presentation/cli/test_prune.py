"""`litestar prune`, as typed: it tells what it deletes, and that is what was kept for long enough."""

import asyncio
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from msgspec.structs import replace
from sqlalchemy import select

from app.application.idempotency import LIFETIME
from app.console import create_console
from app.domain.auditing import AUDIT_LIFETIME
from app.domain.todos import TRASH_LIFETIME
from app.infrastructure.database.base import Model
from app.infrastructure.database.engine import open_database
from app.infrastructure.database.models import AuditEvent, IdempotencyRecord, Todo, TodoList
from app.presentation.cli.later import LaterPlugin
from app.settings import Settings
from db.factories import (
    AuditEventFactory,
    IdempotencyRecordFactory,
    TodoFactory,
    TodoListFactory,
    UserFactory,
    inbox_of,
)

A_DAY = timedelta(days=1)


@pytest.fixture
def settings(tmp_path: Path, clone_database: Callable[[], str], redis_url: str) -> Settings:
    return Settings.load(
        {
            "APP_ENV": "test",
            "DATABASE_URL": clone_database(),
            "REDIS_URL": redis_url,
            "DATA_DIR": str(tmp_path / "data"),
            "LOG_LEVEL": "error",
        }
    )


def prune(settings: Settings) -> tuple[int, str]:
    cli = click.Group("litestar")
    for plugin in create_console(settings).plugins.cli:
        if isinstance(plugin, LaterPlugin):
            plugin.on_cli_init(cli)
    result = CliRunner().invoke(cli, ["prune"])
    return result.exit_code, result.output


async def stored(url: str, rows: Sequence[Model], kinds: Sequence[type[Model]]) -> list[set[object]]:
    """Store rows, each after those before it, and tell the ids of all there are of some kinds."""
    database = open_database(url, pool_size=1, statement_timeout=5)
    async with database.sessions.begin() as session:
        for row in rows:
            session.add(row)
            await session.flush()
        found = [set[object](await session.scalars(select(kind.id))) for kind in kinds]
    await database.engine.dispose()
    return found


def test_what_was_kept_for_long_enough_is_deleted_and_counted(settings: Settings) -> None:
    now = datetime.now(UTC)
    user = UserFactory.build()
    inbox, membership = inbox_of(user.id)
    old_trash, new_trash = now - TRASH_LIFETIME - A_DAY, now - TRASH_LIFETIME + A_DAY
    old_list, new_list = [TodoListFactory.build(owner_id=user.id, deleted_at=at) for at in (old_trash, new_trash)]
    kept = TodoFactory.build(list_id=inbox.id)
    gone = TodoFactory.build(list_id=inbox.id, deleted_at=old_trash)
    gone.deletion_id = gone.id
    gone_along = TodoFactory.build(list_id=inbox.id, parent_id=gone.id, deleted_at=old_trash, deletion_id=gone.id)
    waiting = TodoFactory.build(list_id=inbox.id, parent_id=kept.id, deleted_at=new_trash)
    waiting.deletion_id = waiting.id
    of_lists = [TodoFactory.build(list_id=each.id) for each in (old_list, new_list)]
    events = [AuditEventFactory.build(created_at=now - AUDIT_LIFETIME + each) for each in (-A_DAY, A_DAY)]
    answers = [
        IdempotencyRecordFactory.build(created_at=now - LIFETIME + each, key_hash=bytes([each.days % 256]) * 32)
        for each in (-2 * A_DAY, -A_DAY, A_DAY / 2)
    ]
    rows = [user, inbox, membership, old_list, new_list, kept, gone, gone_along, waiting, *of_lists, *events, *answers]
    kinds = (Todo, TodoList, AuditEvent, IdempotencyRecord)
    asyncio.run(stored(str(settings.database_url), rows, kinds))
    code, told = prune(settings)
    assert code == 0
    assert told == (
        "Deleted for good: 2 trashed todos, 1 trashed lists, 1 audit events, 2 kept answers, 0 sessions, "
        "0 mailed tokens, 0 failed sign-ins.\n"
    )
    assert asyncio.run(stored(str(settings.database_url), [], kinds)) == [
        {kept.id, waiting.id, of_lists[1].id},
        {inbox.id, new_list.id},
        {events[1].id},
        {answers[2].id},
    ]
    assert re.findall(r"\d+", prune(settings)[1]) == ["0"] * 7


def test_without_a_database_nothing_is_pruned_and_that_is_told(settings: Settings) -> None:
    code, told = prune(replace(settings, database_url="postgresql://127.0.0.1:1/evenstar"))
    assert code == 1
    assert "The database is busy or away" in told
    assert "Traceback" not in told
