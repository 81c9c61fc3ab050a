"""Looks at all that some people are shown of todos, in pages and one by one, and holds the two against each other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from litestar import Litestar

from app.domain.sharing import ListRole
from tests.presentation.http.conftest import People, Person
from tests.presentation.http.lists import add_list, share

Json = dict[str, Any]

QUERIES: Final[tuple[dict[str, str], ...]] = ({}, {"limit": "5"}, {"sort": "position"}, {"status": "open"})


@dataclass
class Watch:
    """Some people, and the todos that anybody was ever shown; the first of them looks at every listing."""

    people: list[Person]
    ids: set[str] = field(default_factory=set[str])
    versions: dict[tuple[str, int], Json] = field(default_factory=dict[tuple[str, int], Json])

    async def look(self) -> None:
        """Have everybody look at everything."""
        for number, person in enumerate(self.people):
            await self._look(person, QUERIES if number == 0 else QUERIES[:1])

    async def _look(self, person: Person, queries: Sequence[dict[str, str]]) -> None:
        pages = [await all_pages(person, query) for query in queries]
        self.ids.update(todo["id"] for todo in pages[0])
        singles: dict[str, Json] = {}
        for todo_id in sorted(self.ids):
            response = await person.client.get(f"/api/todos/{todo_id}")
            if response.status_code == 404:
                continue
            assert response.status_code == 200, response.text
            todo = singles[todo_id] = response.json()
            assert response.headers["etag"] == f'"{todo["version"]}"'
            # what is shown otherwise has another version, as its ETag promises
            assert self.versions.setdefault((todo_id, todo["version"]), todo) == todo
        newest = sorted(singles.values(), key=lambda todo: (todo["createdAt"], todo["id"]), reverse=True)
        expected = [
            newest,
            newest,
            sorted(newest, key=lambda todo: (todo["position"], todo["id"])),
            [todo for todo in newest if todo["status"] == "open"],
        ]
        assert pages == expected[: len(pages)]


async def all_pages(person: Person, query: dict[str, str]) -> list[Json]:
    """The items of all pages."""
    found: list[Json] = []
    asked = dict(query)
    while True:
        response = await person.client.get("/api/todos", params=asked)
        assert response.status_code == 200, response.text
        page = response.json()
        found += page["items"]
        if page["nextCursor"] is None:
            return found
        asked["cursor"] = page["nextCursor"]


@dataclass
class Scene:
    """A list that its owner shares with two others, the owner's other list, and todos of every kind by name."""

    app: Litestar
    owner: Person
    editor: Person
    viewer: Person
    shared: Json
    private: Json
    todos: dict[str, Json]
    watch: Watch

    def path(self, name: str, *more: str) -> str:
        return "/".join([f"/api/todos/{self.todos[name]['id']}", *more])

    async def post(self, path: str, body: Json | None = None, *, by: Person | None = None) -> Json:
        response = await (by or self.owner).client.post(path, json=body)
        assert response.status_code in {200, 201}, response.text
        return dict(response.json())

    async def patch(self, name: str, **body: Any) -> Json:
        response = await self.owner.client.patch(self.path(name), json=body)
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def delete(self, path: str, *, by: Person | None = None) -> None:
        response = await (by or self.owner).client.delete(path)
        assert response.status_code == 204, response.text


DAY: Final = "2030-01-02"
TIMED: Final = {"date": DAY, "time": "09:30:00", "timeZone": "Europe/Berlin"}
DAILY: Final = {"rule": "FREQ=DAILY", "timeZone": "Europe/Berlin"}


async def make_scene(app: Litestar, people: People) -> Scene:
    owner, editor, viewer = [await people.make() for _ in range(3)]
    shared, private = await add_list(owner, "Shared"), await add_list(owner, "Private")
    await share(app, shared["id"], editor, ListRole.EDITOR)
    await share(app, shared["id"], viewer, ListRole.VIEWER)

    async def add(**fields: Any) -> Json:
        return await owner.add_todo(listId=shared["id"], **fields)

    todos = {
        "plain": await add(notes="Two litres", tags=["a", "b"]),
        "timed": await add(due=TIMED, priority="high"),
        "recurring": await add(due=TIMED, recurrence=DAILY),
        "done": await add(completed=True),
        "cancelled": await add(status="cancelled"),
        "assigned": await add(assigneeId=str(editor.user.id)),
        "parent": await add(),
        "elsewhere": await owner.add_todo(listId=private["id"]),
        "inbox": await owner.add_todo(),
    }
    todos["child"] = await add(parentId=todos["parent"]["id"])
    todos["grandchild"] = await add(parentId=todos["child"]["id"], assigneeId=str(editor.user.id))
    return Scene(app, owner, editor, viewer, shared, private, todos, Watch([owner, editor]))
