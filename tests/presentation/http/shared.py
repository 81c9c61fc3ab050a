"""What tests of shared todos do over and over: a list with one person of each role, and what an answer says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from litestar import Litestar
from sqlalchemy import update

from app.domain.sharing import ListRole
from app.infrastructure.database.models import TodoList
from db.factories import MembershipFactory, TodoListFactory
from db.factories.base import NOW
from tests.presentation.http.conftest import People, Person, SettableClock, store


@dataclass(frozen=True)
class Crew:
    """A list that is nobody's inbox, who shares it, and somebody who does not."""

    list_id: str
    owner: Person
    editor: Person
    viewer: Person
    stranger: Person

    async def add(self, title: str = "Buy milk", **fields: Any) -> dict[str, Any]:
        """A todo of the list, by its owner."""
        return await self.owner.add_todo(title=title, listId=self.list_id, **fields)


async def make_crew(app: Litestar, people: People) -> Crew:
    owner, editor, viewer, stranger = [await people.make() for _ in range(4)]
    shared = TodoListFactory.build(owner_id=owner.user.id)
    roles = {ListRole.OWNER: owner, ListRole.EDITOR: editor, ListRole.VIEWER: viewer}
    memberships = [
        MembershipFactory.build(list_id=shared.id, user_id=person.user.id, role=role) for role, person in roles.items()
    ]
    await store(app, shared, *memberships)
    return Crew(str(shared.id), owner, editor, viewer, stranger)


def told(response: httpx.Response) -> tuple[int, str | None]:
    """The status, and the problem's code."""
    return response.status_code, response.json().get("code") if response.content else None


def move_to(clock: SettableClock, instant: str, *people: Person) -> None:
    """Set the clock, and renew access tokens, which last for a quarter of an hour."""
    clock.instant = datetime.fromisoformat(instant)
    for person in people:
        person.client.headers["authorization"] = f"Bearer {person.fresh_token()}"


async def statuses(person: Person, *todos: dict[str, Any]) -> list[str]:
    """How todos stand now."""
    answers = [await person.client.get(f"/api/todos/{todo['id']}") for todo in todos]
    return [str(answer.json()["status"]) for answer in answers]


async def archive(app: Litestar, crew: Crew) -> None:
    """Without a request: that one does it is for others to prove."""
    async with app.state.unit_of_work.database.sessions.begin() as session:
        await session.execute(update(TodoList).where(TodoList.id == UUID(crew.list_id)).values(archived_at=NOW))
