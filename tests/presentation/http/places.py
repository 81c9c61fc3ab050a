"""What tests of todos' places do over and over: move them, and say in which order they stand."""

from typing import Any

import httpx

from tests.presentation.http.conftest import Person


async def move(person: Person, todo: dict[str, Any], **body: Any) -> httpx.Response:
    return await person.client.post(f"/api/todos/{todo['id']}/move", json=body)


async def moved(person: Person, todo: dict[str, Any], **body: Any) -> dict[str, Any]:
    response = await move(person, todo, **body)
    assert response.status_code == 200, response.text
    return dict(response.json())


async def all_todos(person: Person, **parameters: str) -> list[dict[str, Any]]:
    """All pages of todos by their positions."""
    found: list[dict[str, Any]] = []
    query = {"sort": "position", "limit": "100", **parameters}
    while True:
        response = await person.client.get("/api/todos", params=query)
        assert response.status_code == 200, response.text
        page = response.json()
        found += page["items"]
        if page["nextCursor"] is None:
            return found
        query["cursor"] = page["nextCursor"]


async def order(person: Person, *, parent: dict[str, Any] | None = None, **parameters: str) -> str:
    """The titles of those below a todo, or of the outermost ones, in their order."""
    parent_id = None if parent is None else parent["id"]
    return "".join(todo["title"] for todo in await all_todos(person, **parameters) if todo["parentId"] == parent_id)


async def add(person: Person, titles: str, **fields: Any) -> dict[str, dict[str, Any]]:
    """A todo for each letter, by its title, one behind the other."""
    return {title: await person.add_todo(title=title, **fields) for title in titles}


async def look(person: Person, todo: dict[str, Any]) -> dict[str, Any]:
    response = await person.client.get(f"/api/todos/{todo['id']}")
    assert response.status_code == 200, response.text
    return dict(response.json())
