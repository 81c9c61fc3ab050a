"""Tells when PostgreSQL has somebody wait for a lock, so that no test guesses how long that takes."""

import asyncio
from typing import Any, Final

WAITING: Final = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
AT_MOST_SECONDS: Final = 20
"""A test in which nobody ever waits is to fail, and not to go on for ever."""


async def wait_for_waiting(connection: Any, count: int) -> None:
    """Until so many connections of this database wait for a lock; `connection` is asyncpg's."""
    async with asyncio.timeout(AT_MOST_SECONDS):
        while await connection.fetchval(WAITING) < count:
            pass
