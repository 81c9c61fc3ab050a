"""The Redis client: what it waits for, and what it tries again."""

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost

CONNECT_TIMEOUT = 0.5
"""Seconds until a connection, its handshake included, is given up."""

ANSWER_TIMEOUT = 1.0
"""Seconds until a command is given up; who can wait less keeps a deadline of its own."""

MAX_CONNECTIONS = 64
"""Connections that a process may have open; beyond them a command fails at once rather than queue."""


def make_redis(url: str) -> Redis:
    """A client of the server at a `redis://`, `rediss://` or `unix://` URL; it connects on first use.

    A command whose connection was lost, as all are when the server restarts, is sent once more over a new
    one; what took too long is not repeated. Idle TCP connections are kept under watch by the kernel (redis's
    default: a dead peer is found within 45 seconds). Options in the URL's query win over those here.
    `aclose()` closes every connection. Raises `ValueError` for any other URL.
    """
    pool = ConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType] -- its options are untyped
        url,
        max_connections=MAX_CONNECTIONS,
        socket_connect_timeout=CONNECT_TIMEOUT,
        socket_timeout=ANSWER_TIMEOUT,
        retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionLost,)),
        # RESP2 and no driver name spare a new connection its round trips; nothing here needs RESP3.
        protocol=2,
        driver_info=None,
    )
    return Redis.from_pool(pool)
