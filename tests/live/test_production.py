"""Production: what it asks for before anything starts, and that it serves with nothing more."""

import asyncio
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url

from app.asgi import create_app
from app.infrastructure.database.engine import open_database
from app.infrastructure.processes import CannotStart
from app.infrastructure.security.keys import generate_key
from app.presentation.cli.readiness import require_migrated, told_plainly
from app.settings import Settings
from db.migrations import DIRECTORY, VERSION_TABLE
from tests.live.conftest import Launch
from tests.live.processes import wait_until
from tests.live.server import Server
from tests.servers import Servers

CloneDatabase = Callable[[], str]

ROLE = "evenstar_live"


def execute(url: str, *statements: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


@pytest.fixture(scope="module")
def password(servers: Servers) -> Iterator[str]:
    """Of a role that is no superuser."""
    password = secrets.token_hex(16)
    execute(servers.running.database_url, f"CREATE ROLE {ROLE} LOGIN PASSWORD '{password}'")
    yield password
    execute(servers.running.database_url, f"DROP ROLE {ROLE}")


def settings(place: Path, database_url: str, redis_url: str) -> dict[str, str]:
    """All that production asks for."""
    keys = place / "signing-keys.json"
    keys.write_text(json.dumps({"keys": [generate_key()]}))
    keys.chmod(0o600)
    return {
        "APP_ENV": "production",
        "BASE_URL": "https://evenstar.example",
        "ALLOWED_HOSTS": "evenstar.example",
        "SECRET_KEY": secrets.token_hex(32),
        "SIGNING_KEYS_FILE": os.fspath(keys),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SMTP_URL": "smtp://127.0.0.1:1025",
        "MAIL_FROM": "no-reply@evenstar.example",
        "DATA_DIR": os.fspath(place / "no-data"),
    }


def as_role(url: str, password: str) -> str:
    return make_url(url).set(username=ROLE, password=password).render_as_string(hide_password=False)


@pytest.fixture
def cloned(clone_database: CloneDatabase, password: str) -> Iterator[str]:
    """A migrated database as the role sees it, which may read and write its tables."""
    url = clone_database()
    execute(
        url,
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ROLE}",
    )
    yield as_role(url, password)
    execute(url, f"DROP OWNED BY {ROLE}")


def ask(server: Server, path: str, host: str = "evenstar.example") -> tuple[int, Mapping[str, str]]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": host})
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}
    finally:
        connection.close()


def test_complete_settings_serve_with_a_role_that_is_no_superuser(
    place: Path, cloned: str, redis_url: str, launch: Launch
) -> None:
    environment = settings(place, cloned, redis_url)
    server = launch(environment=environment, ready=False)

    def is_ready() -> bool:
        assert server.process.poll() is None, server.errors
        with suppress(OSError):
            return ask(server, "/health/ready")[0] == 200
        return False

    wait_until(is_ready, 30)
    status, headers = ask(server, "/api/todos")
    assert status == 401
    assert headers["strict-transport-security"].startswith("max-age=")
    assert ask(server, "/api/todos", host="elsewhere.example")[0] == 400
    started = server.lines()[0]
    assert started["event"] == "starting"
    assert started["data"] == "your servers"
    assert not (place / "no-data").exists()
    assert server.stop() == 0
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL"):
        assert environment[name] not in server.output + server.errors


def test_a_superuser_is_refused_before_a_worker_starts(
    place: Path, clone_database: CloneDatabase, redis_url: str, launch: Launch
) -> None:
    url = clone_database()
    server = launch(environment=settings(place, url, redis_url), ready=False)
    assert server.await_end() == 1
    assert "DATABASE_URL names a superuser" in told(server.errors)
    assert "Traceback" not in server.errors
    assert server.output == ""
    assert not server.own()


def test_any_other_server_is_told_at_its_start_that_a_superuser_will_not_do(
    place: Path, clone_database: CloneDatabase, redis_url: str
) -> None:
    answer = lifespan_startup(Settings.load(settings(place, clone_database(), redis_url)))
    assert answer["type"] == "lifespan.startup.failed"
    assert "DATABASE_URL names a superuser" in answer["message"]


def test_a_role_that_may_become_a_superuser_is_refused_like_one(
    place: Path, clone_database: CloneDatabase, redis_url: str, password: str
) -> None:
    url = clone_database()
    superuser = asyncio.run(_value(url, "SELECT current_user"))
    execute(url, f'GRANT "{superuser}" TO {ROLE}')
    try:
        answer = lifespan_startup(Settings.load(settings(place, as_role(url, password), redis_url)))
        assert "DATABASE_URL names a superuser" in answer["message"]
    finally:
        execute(url, f'REVOKE "{superuser}" FROM {ROLE}')


def lifespan_startup(settings: Settings) -> Any:
    """What the application answers to a server that starts it (ASGI lifespan protocol)."""
    answers: list[Any] = []

    async def start() -> None:
        asked = asyncio.Event()

        async def receive() -> Any:
            if asked.is_set():
                await asyncio.Event().wait()
            asked.set()
            return {"type": "lifespan.startup"}

        async def send(message: Any) -> None:
            answers.append(message)

        application: Any = create_app(settings)
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        with suppress(Exception):
            await asyncio.wait_for(application(scope, receive, send), 10)

    asyncio.run(start())
    return answers[0]


def test_production_never_migrates_by_itself_and_says_what_does(
    place: Path, servers: Servers, password: str, redis_url: str, launch: Launch
) -> None:
    with servers.blank() as url:
        server = launch(environment=settings(place, as_role(url, password), redis_url), ready=False)
        assert server.await_end() == 1
        assert "Migrate it first: litestar database upgrade --no-prompt" in told(server.errors)
        assert "Traceback" not in server.errors
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert asyncio.run(_value(url, tables)) == 0


@pytest.mark.parametrize(
    ("applied", "serves"),
    [("everything", True), ("the first", False), ("more", True), ("nothing", False)],
)
def test_a_database_must_have_every_migration_of_this_version_and_may_have_more(
    clone_database: CloneDatabase, applied: str, *, serves: bool
) -> None:
    url = clone_database()
    if applied == "nothing":
        execute(url, f"DROP TABLE {VERSION_TABLE}")
    elif applied != "everything":
        first = ScriptDirectory(str(DIRECTORY)).get_base()
        revision = first if applied == "the first" else "of a version to come"
        execute(url, f"UPDATE {VERSION_TABLE} SET version_num = '{revision}'")  # noqa: S608 -- our own words
    assert _refusal(url) == ("" if serves else "The database is not migrated to this version. Migrate it first:")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"host": "127.0.0.1", "port": 1, "query": {}}, "connection refused"),
        ({"host": "nowhere.invalid", "query": {}}, "there is no such host, or it accepts no connection"),
        ({"query": {"host": "/nowhere"}}, "no such file or directory"),
        ({"username": "nobody_at_all"}, "it does not accept the user or the password"),
        ({"database": "nothing_at_all"}, "it has no database of that name"),
        (
            {"query": {"host": "/nowhere", "sslrootcert": "/nowhere", "sslmode": "verify-ca"}},
            "no such file or directory",
        ),
    ],
)
def test_a_database_that_cannot_be_used_is_told_plainly_and_without_its_url(
    database_url: str, change: dict[str, object], reason: str
) -> None:
    url = make_url(database_url).set(password="Tr0ub4dor").set(**change)  # pyright: ignore[reportArgumentType]
    said = _refusal(url.render_as_string(hide_password=False))
    assert said == f"The database cannot be used: {reason}."
    assert "Tr0ub4dor" not in said


def _refusal(url: str) -> str:
    """Why a server would not start on a database, without the last of the words."""

    async def look() -> None:
        engine = open_database(url, pool_size=1, statement_timeout=5).engine
        try:
            await require_migrated(engine)
        finally:
            await engine.dispose()

    try:
        with told_plainly():
            asyncio.run(look())
    except CannotStart as error:
        return str(error).removesuffix(" Look at DATABASE_URL.").removesuffix(" litestar database upgrade --no-prompt")
    return ""


async def _value(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def told(errors: str) -> str:
    """The words in a box on standard error."""
    return " ".join(errors.replace("│", " ").split())
