"""Connections that each send the next request as soon as the last is answered, and what came of that.

Answers are looked at no further than to where they end: what it takes to ask must not be taken for what it takes to
answer.
"""

import asyncio
import gc
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, cast

from tests.live.http import percentile

OVERDUE_SECONDS: Final = 10.0
"""How long after the end of its time a load may take to be answered."""

_LENGTH: Final = b"content-length: "


@dataclass(slots=True)
class Told:
    """Seconds from each request to its answer's end, and the statuses of all answers."""

    latencies: list[float] = field(default_factory=list[float])
    statuses: Counter[int] = field(default_factory=Counter[int])
    seconds: float = 0

    @property
    def requests(self) -> int:
        return len(self.latencies)

    @property
    def refused(self) -> dict[int, int]:
        """How many answers were not what was asked for, by their status."""
        return {status: times for status, times in self.statuses.items() if not 200 <= status < 300}

    def milliseconds(self, share: float) -> float:
        return percentile(self.latencies, share) * 1000

    @property
    def median(self) -> float:
        """In milliseconds."""
        return statistics.median(self.latencies) * 1000


class Connection(asyncio.Protocol):
    """Sends until time or requests are up."""

    def __init__(self, requests: Iterator[bytes], told: Told, until: float) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._told = told
        self._until = until
        self._received = b""
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received = received = self._received + data
        head = received.find(b"\r\n\r\n") + 4
        if head < 4 or len(received) < head + _length(received[:head]):
            return
        self._told.latencies.append(time.perf_counter() - self._began)
        self._told.statuses[int(received[9:12])] += 1
        self._received = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed a connection in use"))

    def _send(self) -> None:
        request = next(self._requests, None)
        self._began = time.perf_counter()
        if request is None or self._began > self._until:
            self.done.set_result(None)
            self._transport.close()
        else:
            self._transport.write(request)


def _length(head: bytes) -> int:
    start = head.find(_LENGTH)
    return int(head[start + len(_LENGTH) : head.index(b"\r", start)]) if start >= 0 else 0


async def drive(port: int, requests: Iterator[bytes], *, connections: int, seconds: float) -> Told:
    """Load a server of this machine; raises what a connection was lost by, and `TimeoutError`."""
    loop = asyncio.get_running_loop()
    told = Told()
    began = time.perf_counter()
    gc.disable()
    try:
        async with asyncio.timeout(seconds + OVERDUE_SECONDS):
            opened = [
                await loop.create_connection(lambda: Connection(requests, told, began + seconds), "127.0.0.1", port)
                for _ in range(connections)
            ]
            await asyncio.gather(*(connection.done for _, connection in opened))
    finally:
        gc.enable()
    told.seconds = time.perf_counter() - began
    return told
