"""Servers that listen on Unix sockets only, made reachable over TCP and TLS."""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Literal

from tests.certificates import Certificate

TLS = Literal["none", "at once", "when asked"]
"""How a connection becomes TLS: never, from its first byte, or as PostgreSQL's clients ask for it."""

SSL_REQUEST: Final = bytes.fromhex("0000000804d2162f")
"""PostgreSQL 18 manual, 54.7: SSLRequest; the server answers with one letter."""


@contextmanager
def forwarded(socket: Path, certificate: Certificate | None = None, tls: TLS = "none") -> Generator[int]:
    """The port of 127.0.0.1 that leads to a Unix socket; TLS ends here."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="forwarder", daemon=True)
    thread.start()
    serve = _serve(socket, None if certificate is None else certificate.server_context(), tls)
    server, connections = asyncio.run_coroutine_threadsafe(serve, loop).result(10)
    try:
        port: int = server.sockets[0].getsockname()[1]
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(_end(server, connections), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _serve(
    socket: Path, context: ssl.SSLContext | None, tls: TLS
) -> tuple[asyncio.Server, "set[asyncio.Task[None]]"]:
    connections: set[asyncio.Task[None]] = set()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        with suppress(OSError, EOFError):
            first = b""
            if tls == "when asked":
                assert context is not None
                first = await reader.readexactly(8)
                if first == SSL_REQUEST:
                    writer.write(b"S")
                    await writer.drain()
                    await writer.start_tls(context)
                    first = b""
            inner_reader, inner_writer = await asyncio.open_unix_connection(socket)
            inner_writer.write(first)
            await _both(_copy(reader, inner_writer), _copy(inner_reader, writer))
        connections.discard(task)

    server = await asyncio.start_server(connect, "127.0.0.1", 0, ssl=context if tls == "at once" else None)
    return server, connections


async def _both(*ways: Awaitable[None]) -> None:
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while received := await reader.read(65536):
            writer.write(received)
            await writer.drain()
    finally:
        writer.close()


async def _end(server: asyncio.Server, connections: "set[asyncio.Task[None]]") -> None:
    server.close()
    for task in list(connections):
        task.cancel()
    await asyncio.gather(*connections, return_exceptions=True)
