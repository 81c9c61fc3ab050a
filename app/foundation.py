"""What is needed before anything is served, and by commands too: where the servers are, and the keys.

Light to import, for the command line waits for it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from app.domain.ports import Clock
from app.infrastructure.database.engine import connection_target
from app.infrastructure.embedded import EmbeddedServers, acquire
from app.infrastructure.processes import CannotStart
from app.infrastructure.security.keys import KeyFile
from app.infrastructure.security.tokens import AccessTokens
from app.settings import Settings


class UnsafeDatabaseRole(CannotStart):
    """In production the database role must not be a superuser."""


class SystemClock:
    """The machine's clock."""

    # what is asked several times for each request has no frame of Python's around it
    now = staticmethod(partial(datetime.now, UTC))
    """The present instant in UTC."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where PostgreSQL and Redis are, and the embedded ones among them."""

    database_url: str
    redis_url: str
    embedded: EmbeddedServers | None


def addresses(settings: Settings) -> Addresses:
    """The configured servers; those that are not configured are started or joined (never in production)."""
    if settings.database_url is not None and settings.redis_url is not None:
        return Addresses(settings.database_url, settings.redis_url, None)
    servers = acquire(settings.data_dir)
    return Addresses(settings.database_url or servers.database_url, settings.redis_url or servers.redis_url, servers)


def access_tokens(settings: Settings, clock: Clock) -> AccessTokens:
    """Issues and verifies access tokens; the key file is read when the first one is."""
    keys = KeyFile(settings.signing_keys_file, make=settings.app_env != "production")
    return AccessTokens(keys, clock, issuer=settings.jwt_issuer, audience=settings.jwt_audience)


def open_engine(settings: Settings) -> AsyncEngine:
    """An engine for migrations: one connection, no statement timeout; starts the embedded servers if need be."""
    target, arguments = connection_target(addresses(settings).database_url)
    return create_async_engine(target, connect_args=arguments, poolclass=NullPool)


async def refuse_superuser(engine: AsyncEngine) -> None:
    """Raise `UnsafeDatabaseRole` where the role is a superuser or may become one."""
    async with engine.connect() as connection:
        query = text("SELECT bool_or(rolsuper) FROM pg_roles WHERE pg_has_role(oid, 'MEMBER')")
        if await connection.scalar(query):
            raise UnsafeDatabaseRole("DATABASE_URL names a superuser; production needs a role of its own")
