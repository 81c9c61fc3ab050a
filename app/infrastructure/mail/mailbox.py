"""Keeps mails instead of sending them, for development and tests."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Final, cast

import msgspec
from redis.asyncio import Redis

from app.domain.mail import Mail
from app.domain.ports import Clock

KEY: Final = "evenstar:mailbox"
KEPT: Final = 100


class KeptMail(msgspec.Struct, frozen=True, rename="camel"):
    """A mail that nobody was sent."""

    id: str
    sent_at: datetime
    to: str
    subject: str
    text: str
    html: str


class MailboxMailer:
    """Keeps the last `KEPT` mails in Redis, where every worker finds them."""

    def __init__(self, redis: Redis, clock: Clock) -> None:
        self._redis = redis
        self._clock = clock

    async def send(self, mail: Mail) -> None:
        """Keep the mail; raises `RedisError`."""
        kept = KeptMail(mail.message_id, self._clock.now(), mail.to, mail.subject, mail.text, mail.html)
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.lpush(KEY, msgspec.json.encode(kept))
            pipeline.ltrim(KEY, 0, KEPT - 1)
            await pipeline.execute()

    async def read(self) -> list[KeptMail]:
        """The mails, newest first; raises `RedisError`."""
        found = await cast("Awaitable[list[bytes]]", self._redis.lrange(KEY, 0, -1))
        return [msgspec.json.decode(mail, type=KeptMail) for mail in found]
