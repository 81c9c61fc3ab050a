"""Requests made from the document alone, valid and not, one by one and in sequence, before a running server."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from app.asgi import create_app
from app.domain.access import UserRole
from app.presentation.http.openapi import document
from app.settings import RateLimit, Settings
from db.factories import PASSWORD, UserFactory
from tests.browser import serve
from tests.presentation.http.conftest import store

pytestmark = pytest.mark.anyio

# over a day, within which what other tests have used up from this address does not count
UNLIMITED = RateLimit(1_000_000, 86_400)


@dataclass(frozen=True)
class Target:
    origin: str
    admin: str


@pytest.fixture(scope="module")
async def target(settings: Settings) -> AsyncGenerator[Target]:
    """A server with the machine's own clock and no limits to speak of, and an admin's address."""
    names = [name for name in Settings.__struct_fields__ if name.startswith("rate_limit_")]
    app = create_app(replace(settings, **dict.fromkeys(names, UNLIMITED)))
    async with serve(app) as origin:
        admin = UserFactory.build(role=UserRole.ADMIN, created_at=datetime.now(UTC))
        await store(app, admin)
        yield Target(origin, admin.email)


async def run(target: Target, *options: str, seconds: float) -> str:
    """Run schemathesis; what it says when it finds something is what the test fails with."""
    command = ("-m", "schemathesis.cli", "--config-file", "tests/schemathesis.toml", "run")
    document = f"{target.origin}/docs/openapi.json"
    environment = os.environ | {
        "EVENSTAR_ORIGIN": target.origin,
        "EVENSTAR_ADMIN": target.admin,
        "EVENSTAR_PASSWORD": PASSWORD,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        document,
        "--no-color",
        "--continue-on-failure",
        *options,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    told = output.decode()
    assert process.returncode == 0, told
    return told


async def test_a_few_requests_of_every_kind_meet_the_document(target: Target) -> None:
    told = await run(target, "--max-examples", "2", "--phases", "examples,fuzzing,stateful", "--seed", "1", seconds=300)
    tested = re.search(r"Tested: +(\d+)", told)
    assert tested is not None
    described = json.loads(document(create_app(Settings.load({"APP_ENV": "test"}))))
    assert int(tested[1]) == sum(map(len, described["paths"].values()))


@pytest.mark.soak
@pytest.mark.parametrize("seed", ["1", "2", "3"])
async def test_many_requests_of_every_kind_meet_the_document(target: Target, seed: str) -> None:
    await run(target, "--max-examples", "200", "--seed", seed, seconds=3600)
