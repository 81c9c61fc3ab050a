"""What tests about lists do over and over: make them, share them, and say what an answer is."""

from typing import Any

import httpx
from litestar import Litestar

from app.domain.sharing import ListRole
from db.factories import MembershipFactory
from tests.presentation.http.conftest import Person, store


async def add_list(owner: Person, name: str = "Groceries", **fields: Any) -> dict[str, Any]:
    response = await owner.client.post("/api/lists", json={"name": name, **fields})
    assert response.status_code == 201, response.text
    return dict(response.json())


async def inbox_of(person: Person) -> dict[str, Any]:
    (inbox,) = [each for each in await all_lists(person) if each["isInbox"]]
    return inbox


async def all_lists(person: Person, **parameters: str | int) -> list[dict[str, Any]]:
    """All items of all pages."""
    found: list[dict[str, Any]] = []
    while True:
        response = await person.client.get("/api/lists", params=parameters)
        assert response.status_code == 200, response.text
        page = response.json()
        found += page["items"]
        if page["nextCursor"] is None:
            return found
        parameters["cursor"] = page["nextCursor"]


async def names(person: Person, **parameters: str | int) -> list[str]:
    return [each["name"] for each in await all_lists(person, **parameters)]


async def share(app: Litestar, list_id: str, person: Person, role: ListRole) -> None:
    """Without a request: that invitations do it is for others to prove."""
    await store(app, MembershipFactory.build(list_id=list_id, user_id=person.user.id, role=role))


async def invite(owner: Person, list_id: str, role: str = "editor") -> dict[str, Any]:
    response = await owner.client.post(f"/api/lists/{list_id}/invitations", json={"role": role})
    assert response.status_code == 201, response.text
    return dict(response.json())


async def accept(person: Person, token: str) -> httpx.Response:
    return await person.client.post("/api/invitations/accept", json={"token": token})


def stay(*people: Person) -> None:
    """Renew access tokens, which last for a quarter of an hour."""
    for person in people:
        person.client.headers["authorization"] = f"Bearer {person.fresh_token()}"


def told(response: httpx.Response) -> tuple[int, str | None]:
    """The status, and the problem's code."""
    return response.status_code, response.json().get("code") if response.content else None


def untold(response: httpx.Response) -> dict[str, Any]:
    """All that a problem tells, but for what any two requests differ in."""
    return {name: value for name, value in response.json().items() if name not in {"instance", "requestId"}}
