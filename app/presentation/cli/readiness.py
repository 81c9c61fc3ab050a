"""What is asked of a database before a server starts on it, and the words for what stands in the way."""

import os
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from asyncpg import PostgresError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.infrastructure.processes import CannotStart
from db.migrations import DIRECTORY, VERSION_TABLE, latest_revisions

MIGRATE: Final = "litestar database upgrade --no-prompt"

_UNDEFINED_TABLE: Final = "42P01"
# SQLSTATE (PostgreSQL 18 manual, appendix A), or a class of them
_REASONS: Final = {
    "28": "it does not accept the user or the password",
    "3D000": "it has no database of that name",
    "53300": "it has no connection left",
    "57P03": "it is starting up or shutting down",
    "42501": "the user lacks a right that is needed",
}


async def require_migrated(engine: AsyncEngine) -> None:
    """Raise `CannotStart` unless the database has every migration of this version; it may have later ones.

    Those are there while the next version is rolled out, and after it was rolled back.
    """
    try:
        async with engine.connect() as connection:
            statement = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 -- our own constant
            applied = frozenset(await connection.scalars(statement))
    except DBAPIError as error:
        if _sqlstate(error) != _UNDEFINED_TABLE:
            raise
        applied = frozenset[str]()
    if applied == latest_revisions():
        return
    if not applied or applied & _known_revisions():
        raise CannotStart(f"The database is not migrated to this version. Migrate it first: {MIGRATE}")


@contextmanager
def told_plainly() -> Generator[None]:
    """Turn what goes wrong at a database into `CannotStart`, without any part of its URL."""
    try:
        yield
    except (OSError, PostgresError, DBAPIError) as error:
        raise CannotStart(f"The database cannot be used: {_reason(error)}. Look at DATABASE_URL.") from error
    except CannotStart:
        raise
    except Exception as error:
        from alembic.util import CommandError  # noqa: PLC0415 -- Alembic is slow to load

        if isinstance(error, CommandError):
            raise CannotStart(f"The database cannot be migrated: {error}") from error
        raise


def _known_revisions() -> frozenset[str]:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 -- Alembic is slow to load

    return frozenset(script.revision for script in ScriptDirectory(str(DIRECTORY)).walk_revisions())


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    state = _sqlstate(error)
    if state is not None:
        return _REASONS.get(state) or _REASONS.get(state[:2]) or f"it answers with the error {state}"
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number > 0:
        return os.strerror(number).lower()
    return "there is no such host, or it accepts no connection"


def _sqlstate(error: BaseException | None) -> str | None:
    while error is not None:
        state = getattr(error, "sqlstate", None)
        if isinstance(state, str):
            return state
        error = getattr(error, "orig", None) or error.__cause__
    return None
