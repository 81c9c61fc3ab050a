"""Small applications served on loopback, and a client that sends bytes and reads bytes."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pytest
from litestar.types import ASGIApp, Receive, Scope, Send
from uvicorn import Server

from tests.running import port_of, running

Serve: TypeAlias = Callable[..., AbstractAsyncContextManager["Served"]]


@dataclass
class Wire:
    """One connection to it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, *, to: str = "GET") -> tuple[int, dict[str, str], bytes]:
        """The next answer: its status, its headers and its body."""
        head = (await self._within(self.reader.readuntil(b"\r\n\r\n"))).decode("latin-1")
        start, *lines = head.split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines if line)
        status = int(start.split(" ")[1])
        if to == "HEAD" or status in {100, 204, 304}:
            return status, headers, b""
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(await self._within(self.reader.readline()), 16):
                body += (await self.reader.readexactly(size + 2))[:-2]
            assert await self.reader.readline() == b"\r\n"
            return status, headers, body
        return status, headers, await self._within(self.reader.readexactly(int(headers["content-length"])))

    async def rest(self) -> bytes:
        """Everything until the server closes the connection."""
        return await self._within(self.reader.read())

    async def _within(self, awaited: Any) -> Any:
        return await asyncio.wait_for(awaited, 20)


@dataclass
class Served:
    """A server that runs."""

    server: Server
    port: int
    wires: list[Wire] = field(default_factory=list[Wire])

    async def connect(self, **options: Any) -> Wire:
        wire = Wire(*await asyncio.open_connection("127.0.0.1", self.port, **options))
        self.wires.append(wire)
        return wire

    async def told(self, data: bytes) -> bytes:
        """What is answered to these bytes, until the server closes."""
        wire = await self.connect()
        await wire.send(data)
        return await wire.rest()


@asynccontextmanager
async def _serve(app: ASGIApp, **options: Any) -> AsyncGenerator[Served]:
    async with running(app, lifespan="off", **options) as server:
        served = Served(server, 0 if server.config.uds else port_of(server))
        try:
            yield served
        finally:
            for wire in served.wires:
                wire.writer.close()


@pytest.fixture
def serve() -> Serve:
    """Serve an application for as long as the context lasts."""
    return _serve


def answering(body: bytes = b"fine", *headers: tuple[bytes, bytes], status: int = 200) -> ASGIApp:
    """An application that reads no body and answers the same to all."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return app


async def body_of(receive: Receive) -> bytes:
    """The whole body, as an application reads it; raises `EOFError` for one that breaks off."""
    body, more = b"", True
    while more:
        message: Any = await receive()
        if message["type"] == "http.disconnect":
            raise EOFError
        body, more = body + message["body"], message["more_body"]
    return body


async def echo(_scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the body that it is sent, and 400 to half a body."""
    status, body = 200, b""
    try:
        body = await body_of(receive)
    except EOFError:
        status = 400
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body, "more_body": False})
