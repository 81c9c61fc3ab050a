"""The server that Node's tests speak to, and the client that they speak with."""

import json
import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.live.data import temporary_place
from tests.live.processes import free_port
from tests.live.server import LITESTAR, PROJECT, Server

ADMIN = "admin@example.com"
PASSWORD = "correct horse battery staple"
ENVIRONMENT = {
    # what is tested is not how long hashing takes
    "BCRYPT_COST": "10",
    # a test that uses a limit up says that it comes from elsewhere
    "TRUSTED_PROXIES": "127.0.0.0/8",
    "RATE_LIMIT_REGISTER": "1000000/60",
    "RATE_LIMIT_LOGIN": "1000000/60",
    "RATE_LIMIT_LOGIN_HOUR": "1000000/60",
    "RATE_LIMIT_REFRESH": "1000000/60",
    "RATE_LIMIT_API": "1000000/60",
    "RATE_LIMIT_FORGOT": "10/20",
}


@dataclass(frozen=True, slots=True)
class Service:
    """A running server, and what its operator knows."""

    server: Server

    def call(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return httpx.post(f"{self.server.url}{path}", json=body)

    @property
    def environment(self) -> dict[str, str]:
        """What Node's tests are told."""
        return {
            "EVENSTAR_URL": self.server.url,
            "EVENSTAR_ISSUER": self.server.url,
            "EVENSTAR_ADMIN_EMAIL": ADMIN,
            "EVENSTAR_ADMIN_PASSWORD": PASSWORD,
            "EVENSTAR_MAILBOX": "shown",
            "EVENSTAR_SIGNING_KEYS": str(self.server.data_dir / "signing-keys.json"),
        }


@contextmanager
def serving() -> Generator[Service]:
    with temporary_place() as place:
        port = free_port()
        server = Server(place, environment=ENVIRONMENT | {"BASE_URL": f"http://127.0.0.1:{port}"}, port=port)
        try:
            server.await_ready()
            litestar("users", "create-admin", ADMIN, "--password", PASSWORD, DATA_DIR=str(server.data_dir))
            yield Service(server)
            assert server.stop() == 0, server.output + server.errors
        finally:
            server.close()


def litestar(*arguments: str, **variables: str) -> str:
    """What a command says on standard output; it must succeed."""
    environment = os.environ | {"LITESTAR_APP": "app:create_app", "PYTHONPATH": str(PROJECT), **variables}
    done = subprocess.run(  # noqa: S603 -- the virtual environment's own program
        [str(LITESTAR), *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def jest_results(report: Path, folder: Path) -> dict[str, Any]:
    """What became of each file of tests, by its path in the folder."""
    results: list[dict[str, Any]] = json.loads(report.read_bytes())["testResults"]
    return {Path(result["name"]).relative_to(folder).as_posix(): result for result in results}
