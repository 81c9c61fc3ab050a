"""A server in this process, as a worker's is, for tests that need one on a socket."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from litestar.types import ASGIApp
from uvicorn import Config, Server

from app.infrastructure.serving.protocol import Http1


@asynccontextmanager
async def running(app: ASGIApp, **options: Any) -> AsyncGenerator[Server]:
    """Serve an application on loopback, on a port that is free, until the context ends; raises what its start does."""
    settings: dict[str, Any] = {"port": 0, "interface": "asgi3", "ws": "none", "log_config": None, **options}
    server = Server(Config(app, http=Http1, proxy_headers=False, server_header=False, **settings))
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(10):
            while not server.started:
                if task.done():
                    await task
                    raise RuntimeError("the server ended before it took a connection")
                await asyncio.sleep(0.005)
        yield server
    finally:
        server.should_exit = True
        await task


def port_of(server: Server) -> int:
    """Where it listens."""
    listener: Any = server.servers[0].sockets[0]
    return int(listener.getsockname()[1])
