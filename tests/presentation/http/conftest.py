"""The real application in process, over the suite's own PostgreSQL and Valkey, with a clock that tests set."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Litestar
from sqlalchemy.ext.asyncio import AsyncSession

from app.asgi import create_app
from app.infrastructure.database.models import User
from app.infrastructure.security.revocations import Revocations
from app.infrastructure.security.tokens import AccessTokens
from app.settings import Settings
from db.factories import SessionFactory, UserFactory, inbox_of
from tests.conformance import checked_transport

START = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass
class SettableClock:
    instant: datetime = START

    def now(self) -> datetime:
        return self.instant

    def advance(self, **span: float) -> None:
        self.instant += timedelta(**span)


@dataclass
class Person:
    """A signed-in user and a client that speaks for them."""

    user: User
    client: httpx.AsyncClient
    token: str
    fresh_token: Callable[[], str]

    async def add_todo(self, **fields: Any) -> dict[str, Any]:
        response = await self.client.post("/api/todos", json={"title": "Buy milk", **fields})
        assert response.status_code == 201, response.text
        return dict(response.json())


@pytest.fixture(scope="session")
def session_clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def clock(session_clock: SettableClock) -> SettableClock:
    """Each test begins at the same instant."""
    session_clock.instant = START
    return session_clock


@pytest.fixture(scope="session")
def settings(database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    data: Path = tmp_path_factory.mktemp("data")
    return Settings.load(
        {
            "APP_ENV": "test",
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "DATA_DIR": str(data),
            "BCRYPT_COST": "10",
            "CORS_ORIGINS": "https://app.example.com",
            "LOG_LEVEL": "warning",
        }
    )


@pytest.fixture(scope="session")
async def app(settings: Settings, session_clock: SettableClock) -> AsyncGenerator[Litestar]:
    application = create_app(settings, session_clock)
    async with application.lifespan():
        yield application


def client_of(app: Litestar, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=checked_transport(app),
        base_url="http://testserver",
        headers=headers,
    )


@pytest.fixture
async def client(app: Litestar, clock: SettableClock) -> AsyncGenerator[httpx.AsyncClient]:
    """Somebody who is not signed in; the clock is at its start."""
    assert clock.now() == START
    async with client_of(app) as anonymous:
        yield anonymous


class People:
    """Makes accounts in the database and signs them in, without a request."""

    def __init__(self, app: Litestar) -> None:
        self._app = app
        self._clients: list[httpx.AsyncClient] = []

    async def make(self, **fields: Any) -> Person:
        user = UserFactory.build(**fields)
        session = SessionFactory.build(user_id=user.id)
        await store(self._app, user, session, *inbox_of(user.id))
        tokens: AccessTokens = self._app.state.access_tokens

        def fresh_token() -> str:
            return tokens.issue(user.id, session.id, user.role, session.created_at)

        token = fresh_token()
        client = client_of(self._app, authorization=f"Bearer {token}")
        self._clients.append(client)
        return Person(user, client, token, fresh_token)

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()


async def store(app: Litestar, *rows: object) -> None:
    """Write rows, each after those before it that it may refer to, and commit them."""
    sessions = app.state.unit_of_work.database.sessions
    session: AsyncSession
    async with sessions.begin() as session:
        for row in rows:
            session.add(row)
            await session.flush()


@pytest.fixture
async def people(app: Litestar, clock: SettableClock) -> AsyncGenerator[People]:
    assert clock.now() == START
    made = People(app)
    yield made
    await made.close()


@pytest.fixture
async def ada(people: People) -> Person:
    return await people.make()


@pytest.fixture
def unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """The moment before the feed of ended sessions hears of one, for as long as the test takes."""

    async def include(_feed: Revocations, _session_id: UUID) -> bool:
        return False

    monkeypatch.setattr(Revocations, "include", include)


@pytest.fixture
async def bob(people: People) -> Person:
    return await people.make()
