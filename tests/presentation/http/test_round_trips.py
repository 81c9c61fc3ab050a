"""What hot requests may ask of the database: counted where statements leave for it, whoever sends them."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import asyncpg
import httpx
import pytest
from litestar import Litestar
from sqlalchemy import Engine, event

from app.asgi import create_app
from app.domain.sharing import ListRole
from app.settings import Settings
from db.factories import MembershipFactory, TodoListFactory
from tests.presentation.http.conftest import People, Person, SettableClock, store

pytestmark = pytest.mark.anyio

FRAME = ("BEGIN", "COMMIT")

# what the request of this task has sent; others, such as the watch over ended sessions, are not counted
SENT: ContextVar[list[str] | None] = ContextVar("SENT", default=None)


def note(statement: str) -> None:
    sent = SENT.get()
    if sent is not None:
        sent.append(statement.strip().rstrip(";"))


@pytest.fixture
async def app(settings: Settings, clock: SettableClock, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Litestar]:
    """One whose every connection tells what it is asked, whether by SQLAlchemy or past it."""
    connect = asyncpg.connect

    async def told(*arguments: Any, **options: Any) -> Any:
        connection = await connect(*arguments, **options)
        connection.add_query_logger(lambda query: note(query.query))
        return connection

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        # it prepares its statements, of which asyncpg tells nobody
        note(statement)

    monkeypatch.setattr(asyncpg, "connect", told)
    event.listen(Engine, "before_cursor_execute", hear)
    application = create_app(settings, clock)
    async with application.lifespan():
        yield application
    event.remove(Engine, "before_cursor_execute", hear)


async def ask(request: Callable[[], Awaitable[httpx.Response]]) -> list[str]:
    """What the database is asked for an answer, after the same was asked once: new connections ask about types."""
    assert (await request()).is_success
    # whoever shares round trips sees in the turn after that the last one is over
    await asyncio.sleep(0)
    sent: list[str] = []
    token = SENT.set(sent)
    answer = await request()
    # asyncpg tells in the turn after
    await asyncio.sleep(0)
    SENT.reset(token)
    assert answer.is_success
    return sent


async def member(app: Litestar, people: People, role: ListRole, lists: int) -> tuple[Person, str]:
    """Somebody who shares so many lists beside their inbox, and one of them."""
    person = await people.make()
    owner = person if role is ListRole.OWNER else await people.make()
    shared = [TodoListFactory.build(owner_id=owner.user.id) for _ in range(lists)]
    memberships = [MembershipFactory.build(list_id=each.id, user_id=person.user.id, role=role) for each in shared]
    await store(app, *shared, *memberships)
    return person, str(shared[0].id)


MEMBERSHIPS = [(ListRole.OWNER, 1), (ListRole.OWNER, 50), (ListRole.EDITOR, 1), (ListRole.EDITOR, 50)]


@pytest.mark.parametrize(("role", "lists"), MEMBERSHIPS)
async def test_a_hot_request_is_one_statement_and_a_write_its_transaction_whatever_the_membership(
    app: Litestar, people: People, role: ListRole, lists: int
) -> None:
    person, list_id = await member(app, people, role, lists)
    todo = await person.add_todo(listId=list_id)
    path = f"/api/todos/{todo['id']}"
    client = person.client
    reads: dict[str, Callable[[], Awaitable[httpx.Response]]] = {
        "list": lambda: client.get("/api/todos"),
        "list of one list": lambda: client.get("/api/todos", params={"listId": list_id}),
        "get": lambda: client.get(path),
    }
    writes: dict[str, Callable[[], Awaitable[httpx.Response]]] = {
        "create": lambda: client.post("/api/todos", json={"title": "Bread", "listId": list_id}),
        "create in the inbox": lambda: client.post("/api/todos", json={"title": "Bread"}),
        "create with all": lambda: client.post("/api/todos", json={**WHOLE, "listId": list_id}),
        "patch the title": lambda: client.patch(path, json={"title": "Bread"}),
        "patch what is sent": lambda: client.patch(path, json={"notes": None, "tags": ["a"]}),
        "complete by patch": lambda: client.patch(path, json={"completed": True}),
        "reopen by patch": lambda: client.patch(path, json={"completed": False, "title": "Milk"}),
        "patch what was seen": lambda: client.patch(path, json={"title": "Milk"}, headers={"If-Match": "*"}),
    }
    for name, request in (reads | writes).items():
        sent = await ask(request)
        framed = [statement.split()[0] for statement in sent if statement.startswith(FRAME)]
        assert len(sent) - len(framed) == 1, (name, sent)
        # a statement may be a transaction by itself
        assert sorted(framed) in ([], [*FRAME] if name in writes else []), (name, sent)


WHOLE: dict[str, Any] = {
    "title": "Bread",
    "notes": "Rye",
    "due": {"date": "2030-01-31", "time": "09:30:00", "timeZone": "Europe/Berlin"},
    "recurrence": {"rule": "FREQ=DAILY", "timeZone": "Europe/Berlin"},
    "tags": ["errands"],
    "priority": "high",
}
