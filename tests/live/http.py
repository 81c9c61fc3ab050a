"""A lean HTTP/1.1 client: what it costs must not be taken for what the server costs."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

Headers = dict[str, str]


IDLE_SECONDS: Final = 2.0
"""A connection that was idle for longer may be about to be closed, as the server does after five seconds."""


class Lost(Exception):
    """The connection ended before the answer did."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Headers
    body: bytes
    seconds: float

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """One connection, opened when it is needed and kept as long as the server keeps it."""

    port: int
    headers: Headers = field(default_factory=Headers)
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    _used_at: float = 0

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request and read the answer; raises `Lost`."""
        payload = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = {
            "Host": f"127.0.0.1:{self.port}",
            "Content-Length": str(len(payload)),
            **({} if body is None else {"Content-Type": "application/json"}),
            **self.headers,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        began = time.perf_counter()
        idle = began - self._used_at
        if idle > IDLE_SECONDS:
            await self.close()
        try:
            reader, writer = self._streams = self._streams or await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + payload)
            await writer.drain()
            answer = await self._read(reader, began)
        except (OSError, EOFError) as error:
            await self.close()
            raise Lost(f"{path} after {time.perf_counter() - began:.2f} s, idle for {idle:.2f} s: {error!r}") from error
        self._used_at = time.perf_counter()
        if answer.headers.get("connection", "").lower() == "close":
            await self.close()
        return answer

    @property
    def own_port(self) -> int | None:
        """This side's port, while the connection is open."""
        return None if self._streams is None else int(self._streams[1].get_extra_info("sockname")[1])

    async def close(self) -> None:
        if self._streams is not None:
            (_, writer), self._streams = self._streams, None
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _read(self, reader: asyncio.StreamReader, began: float) -> Answer:
        start, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(start.split(" ")[1]), headers, body, time.perf_counter() - began)


@asynccontextmanager
async def clients(port: int, number: int) -> AsyncGenerator[list[Client]]:
    """So many connections, closed at the end."""
    opened = [Client(port) for _ in range(number)]
    try:
        yield opened
    finally:
        for client in opened:
            await client.close()


def percentile(values: list[float], share: float) -> float:
    """The least of the values that so large a share of them does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
