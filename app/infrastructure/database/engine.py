"""Opens the database: connections for sessions that write and sessions that only read, and for hot statements."""

import ssl
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import URL, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from app.infrastructure.database.statements import POOL_TIMEOUT_SECONDS, Statements

APPLICATION_NAME: Final = "evenstar"
CONNECT_TIMEOUT_SECONDS: Final = 3.0

# libpq's modes (PostgreSQL 18 manual, 34.19): up to `require` the certificate is not looked at.
_UNVERIFIED: Final = frozenset({"allow", "prefer", "require"})

# what is left for SQLAlchemy and asyncpg, which end with a TypeError where they do not know a name
_OPTIONS: Final = frozenset({"host", "port", "user", "password", "passfile", "prepared_statement_cache_size"})


@dataclass(frozen=True, slots=True)
class Database:
    """The engine, its two kinds of sessions, and what runs beside them."""

    engine: AsyncEngine
    sessions: async_sessionmaker[AsyncSession]
    reads: async_sessionmaker[AsyncSession]
    """Autocommitting: a read costs one round trip, and a write would not be undone, so none is made here."""
    statements: Statements

    async def close(self) -> None:
        """Close every connection that nobody uses."""
        await self.statements.close()
        await self.engine.dispose()


# hot statements are planned once for every value: to find out each time that no other plan is better costs more than
# to run them
_PREPARED: Final = {"plan_cache_mode": "force_generic_plan"}


def open_database(url: str, *, pool_size: int, statement_timeout: int) -> Database:
    """Make the pools without connecting; `statement_timeout` is in seconds.

    Of `pool_size` connections half are for hot statements, each of which needs one for the time of a round trip.
    """
    hot = max(pool_size // 2, 1)
    target, arguments = connection_target(url)
    settings = arguments["server_settings"] = {
        "application_name": APPLICATION_NAME,
        "statement_timeout": str(statement_timeout * 1000),
        "idle_in_transaction_session_timeout": "30000",
        "jit": "off",
        # from memory or a solid-state disk, pages in no order cost hardly more than those in a row
        "random_page_cost": "1.1",
        # the least that the index finds; a search asks for more by itself
        "pg_trgm.word_similarity_threshold": "0.25",
    }
    engine = create_async_engine(
        target,
        connect_args=arguments,
        pool_size=max(pool_size - hot, 1),
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_use_lifo=True,
        # bound values are people's data and secrets, and errors are logged
        hide_parameters=True,
    )
    return Database(
        engine=engine,
        sessions=async_sessionmaker(engine, expire_on_commit=False),
        reads=async_sessionmaker(engine.execution_options(isolation_level="AUTOCOMMIT"), expire_on_commit=False),
        statements=Statements(target, {**arguments, "server_settings": settings | _PREPARED}, size=hot),
    )


async def lift_timeout(session: AsyncSession) -> None:
    """Let the statements of this transaction take as long as they need, where nobody waits for an answer."""
    await session.execute(text("SET LOCAL statement_timeout = 0"))


def connection_target(url: str) -> tuple[URL, dict[str, Any]]:
    """Translate a libpq URL, as every host hands it out, into what SQLAlchemy and asyncpg understand.

    Knows `postgres://`, `sslmode=`, `sslrootcert=` and Unix sockets (`?host=/dir`).
    Raises `ValueError` on any other scheme, and on options that it does not know, such as those of other drivers.
    """
    parsed = make_url(url)
    if parsed.drivername not in {"postgres", "postgresql", "postgresql+asyncpg"}:
        raise ValueError("DATABASE_URL must start with postgres:// or postgresql://")
    query = {name: value for name, value in parsed.query.items() if isinstance(value, str)}
    arguments: dict[str, Any] = {"timeout": CONNECT_TIMEOUT_SECONDS}
    tls = _tls(query)
    if tls is not None:
        arguments["ssl"] = tls
    for unheeded in ("channel_binding", "target_session_attrs", "connect_timeout", "application_name"):
        query.pop(unheeded, None)
    if unknown := sorted(query.keys() - _OPTIONS):
        raise ValueError(f"DATABASE_URL has options that mean nothing here: {', '.join(unknown)}")
    return parsed.set(drivername="postgresql+asyncpg", query=query), arguments


def _tls(query: dict[str, str]) -> ssl.SSLContext | bool | str | None:
    mode = query.pop("sslmode", None)
    root = query.pop("sslrootcert", None)
    if mode is None:
        return None
    if mode == "disable":
        return False
    if mode in _UNVERIFIED and root is None:
        return mode
    if mode not in {"verify-ca", "verify-full", *_UNVERIFIED}:
        raise ValueError("DATABASE_URL has an unknown sslmode")
    context = ssl.create_default_context(cafile=None if root in {None, "system"} else root)
    context.check_hostname = mode == "verify-full"
    return context
