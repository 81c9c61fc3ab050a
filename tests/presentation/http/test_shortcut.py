"""The short way to the routes of every day answers as Litestar's own does: the same status, headers and bytes."""

from collections.abc import Awaitable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import pytest
from litestar import Litestar
from litestar.types import ASGIApp
from sqlalchemy import delete

from app.domain.ports import Limit
from app.infrastructure.database.models import Todo
from app.infrastructure.observability.requests import Observation
from app.presentation.http.middleware import Envelope
from app.presentation.http.shortcut import Shortcut
from tests.presentation.http.changes import CHANGES, UNHEARD_OF, Change, header
from tests.presentation.http.conftest import Person, SettableClock
from tests.presentation.http.raw import Raw, Told, send
from tests.presentation.http.test_tokens import Forger

pytestmark = pytest.mark.anyio

BODIES: Final = {"POST": b'{"title":"Wine","tags":["a"]}', "PATCH": b'{"title":"Wine","notes":null}'}


@dataclass
class Ways:
    """Sends each request by the short way and by Litestar's own, each time about a todo that nobody has changed."""

    app: Litestar
    person: Person
    headers: tuple[tuple[bytes, bytes], ...]
    taken: int = 0
    observed: list[tuple[str, str, int, str | None]] = field(default_factory=list[tuple[str, str, int, str | None]])

    async def requests(self) -> list[Raw]:
        """One for each of the routes; the todos of their paths are the person's, and the same but for their ids."""
        todo = await self.person.add_todo()
        paths = {"list": "/api/todos", "get": f"/api/todos/{todo['id']}"}
        reads = [Raw("GET", each, self.headers) for each in paths.values()]
        typed_headers = (*self.headers, (b"content-type", b"application/json"))
        writes = [
            Raw(name, each, typed_headers).sending(BODIES[name])
            for name, each in (("PATCH", paths["get"]), ("POST", "/api/todos"))
        ]
        return [*reads, *writes]

    async def send(self, change: Change, *, short: bool, times: int = 1) -> list[Told]:
        """What the last of so many times was answered on each route, without what no two requests have in common."""
        told: list[Told] = []
        for raw in await self.requests():
            with way(self, short=short):
                answers = [await send(self.app, change(raw)) for _ in range(times)]
            told.append(answers[-1].alike())
        # so that both ways list the same
        async with self.app.state.unit_of_work.database.sessions.begin() as session:
            await session.execute(delete(Todo).where(Todo.created_by == self.person.user.id))
        return told

    async def compare(self, change: Change, *, times: int = 1) -> list[Told]:
        """The answers of both, which are the same."""
        own = await self.send(change, short=False, times=times)
        assert self.taken == 0
        observed = self.observed.copy()
        self.observed.clear()
        assert await self.send(change, short=True, times=times) == own
        # nor does the log tell which way it was
        assert self.observed == observed
        return own


@contextmanager
def way(ways: Ways, *, short: bool) -> Generator[None]:
    answer = Shortcut.answer

    def counted(shortcut: Shortcut, *connection: Any) -> Awaitable[ASGIApp] | None:
        found = answer(shortcut, *connection) if short else None
        ways.taken += found is not None
        return found

    def observe(exchange: Observation) -> None:
        ways.observed.append((exchange.method, exchange.route, exchange.status, exchange.user_id))

    envelope = cast("Envelope", ways.app.asgi_handler)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Shortcut, "answer", counted)
        patch.setattr(ways.app, "asgi_handler", replace(envelope, observe=observe))
        yield


@pytest.fixture
async def ways(app: Litestar, ada: Person) -> Ways:
    token = f"Bearer {ada.token}".encode()
    return Ways(app, ada, ((b"host", b"testserver"), (b"accept", b"*/*"), (b"authorization", token)))


@pytest.mark.parametrize("change", CHANGES)
async def test_the_short_way_answers_as_litestar_does(ways: Ways, change: str) -> None:
    await ways.compare(CHANGES[change])


async def test_what_everybody_asks_goes_the_short_way(ways: Ways) -> None:
    answers = await ways.compare(CHANGES["as it is"])
    assert [told.status for told in answers] == [200, 200, 200, 201]
    assert ways.taken == len(answers)
    paths = ["/api/todos", "/api/todos/{todoId}", "/api/todos/{todoId}", "/api/todos"]
    assert [(route, status) for _, route, status, _ in ways.observed] == list(
        zip(paths, (told.status for told in answers), strict=True)
    )
    assert {user for *_, user in ways.observed} == {str(ways.person.user.id)}


async def test_a_token_that_has_ended_is_refused_either_way(ways: Ways, clock: SettableClock) -> None:
    old = ways.person.token
    clock.advance(minutes=15)
    ways.person.client.headers["authorization"] = f"Bearer {ways.person.fresh_token()}"
    answers = await ways.compare(header(("authorization", f"Bearer {old}")))
    assert [told.status for told in answers] == [401] * 4
    assert ways.taken == len(answers)


async def test_a_token_without_the_scope_is_refused_either_way(ways: Ways) -> None:
    ring = ways.app.state.access_tokens.keys.current()
    forger = Forger(ways.person.token, ring.keys[ring.signing_id].private)
    answers = await ways.compare(header(("authorization", f"Bearer {forger.signed(scope='lists:read')}")))
    assert [told.status for told in answers] == [403] * 4
    assert ways.taken == len(answers)


async def test_what_is_sent_too_often_is_refused_either_way(
    ways: Ways, app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = app.state.access_tokens.keys.current()
    forger = Forger(ways.person.token, ring.keys[ring.signing_id].private)
    # whose quota nobody else takes from
    token = forger.signed(sub=UNHEARD_OF)
    monkeypatch.setitem(app.state.limits, "api", Limit("unheard", 1, 3600, strict=False))
    raw = Raw("GET", "/api/todos", ways.headers).having(("authorization", f"Bearer {token}"))
    told: list[Told] = []
    for short in (False, False, True):
        with way(ways, short=short):
            told.append((await send(app, raw)).alike())
    assert [each.status for each in told[1:]] == [429, 429]
    assert told[1] == told[2]
    assert ways.taken == 1


async def test_what_may_be_sent_twice_is_answered_again_either_way(ways: Ways) -> None:
    """Which goes Litestar's way; that its answers are those of the short way is told by the first of them."""
    for times in (1, 2):
        own, short = [
            await ways.send(header(("idempotency-key", f"{number}-{times}")), short=number > 0, times=times)
            for number in range(2)
        ]
        assert short == own
        assert own[-1].status == 201
        assert ((b"idempotent-replayed", b"true") in own[-1].headers) == (times > 1)
    assert ways.taken == 0


async def test_a_fault_of_ours_is_answered_alike_either_way(
    ways: Ways, app: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    raws = await ways.requests()
    monkeypatch.setitem(app.state, "unit_of_work", None)
    told: list[list[Told]] = []
    for short in (False, True):
        with way(ways, short=short):
            told.append([(await send(app, raw)).alike() for raw in raws])
    assert told[0] == told[1]
    assert [each.status for each in told[0]] == [500] * 4
    assert ways.taken == 4
