"""Data directories of `litestar run`, made, copied and looked into."""

import asyncio
import contextlib
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path

import asyncpg

from app.infrastructure.embedded import acquire, release


@contextlib.contextmanager
def temporary_place(parent: Path | None = None) -> Generator[Path]:
    """A directory of a short path that every user may pass through, for PostgreSQL is another one under root."""
    place = Path(tempfile.mkdtemp(prefix="evenstar-live-", dir=parent)).resolve()
    place.chmod(0o711)
    try:
        yield place
    finally:
        subprocess.run(["/bin/rm", "-rf", str(place)], check=True)  # noqa: S603 -- our own path


def copy_data(source: Path, target: Path) -> Path:
    """A data directory after its first start saves the second that the making of one takes."""
    subprocess.run(["/bin/cp", "-a", str(source), str(target)], check=True)  # noqa: S603 -- our own paths
    return target


def query(data_dir: Path, statement: str) -> list[asyncpg.Record]:
    """Ask the embedded PostgreSQL of a data directory; it is started if it does not run."""

    async def ask(url: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    servers = acquire(data_dir)
    try:
        return asyncio.run(ask(servers.database_url))
    finally:
        release(data_dir)
