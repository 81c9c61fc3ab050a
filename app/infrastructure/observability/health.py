"""Whether what the service stands on is there."""

import asyncio
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

DEADLINE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """What is up."""

    database: bool
    redis: bool


class Health:
    """Asks PostgreSQL and Redis, each on a connection of its own, so that a full pool doesn't read as death."""

    def __init__(self, engine: AsyncEngine, redis: "Redis") -> None:
        self._engine = engine
        self._redis = redis
        self.stopping = False

    async def report(self) -> Report:
        """Ask both at once; no answer within `DEADLINE_SECONDS` is a no."""
        database, redis = await asyncio.gather(self._database(), self._redis_answers())
        return Report(database=database and not self.stopping, redis=redis)

    async def _database(self) -> bool:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS), self._engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError, TimeoutError):
            return False
        return True

    async def _redis_answers(self) -> bool:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return bool(await self._redis.ping())
        except (RedisError, OSError, TimeoutError):
            return False
