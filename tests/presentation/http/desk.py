"""Two people at work on their lists: what they are told is held against the model."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import httpx
from anyio import from_thread
from uuid_utils.compat import uuid7

from tests.presentation.http.commands import Pick, Raw
from tests.presentation.http.conftest import Person
from tests.presentation.http.model import STATUS, Item, Json, Refused
from tests.presentation.http.model_todos import Op, Todos
from tests.presentation.http.shared import told

SUCCESS: Final = {"create": 201, "duplicate": 201, "invite": 201, "delete": 204, "delete_list": 204, "remove": 204}
# of which the model knows nothing
OWN: Final = frozenset({"position", "version", "updatedAt"})


class Desk:
    """Two people, the model of all that they have, and what they were told last."""

    def __init__(self, people: Sequence[Person], stranger: str, tally: Counter[tuple[str, str | None]]) -> None:
        self.people = {str(person.user.id): person for person in people}
        self.ids = [*self.people, stranger]
        self.model = Todos()
        self.tally = tally
        self.rows: dict[str, Json] = {}
        self.versions: dict[tuple[str, int], Json] = {}

    def ask(self, who: str, method: str, path: str, **request: Any) -> httpx.Response:
        """Hypothesis draws in a thread of its own; the requests are made on the application's loop."""
        send = self.people[who].client.request
        response: httpx.Response = from_thread.run(partial(send, method, f"/api{path}", **request))
        assert response.status_code < 500, response.text
        return response

    def held(self, kind: str, response: httpx.Response, code: str | None) -> None:
        """Hold the answer against the model's."""
        self.tally[kind, code] += 1
        assert told(response) == (SUCCESS.get(kind, 200) if code is None else STATUS[code], code), (kind, response.text)

    def decided(self, response: httpx.Response, decide: Callable[..., None], who: str, *arguments: Any) -> bool:
        """The same for what a method of the model decides; tells whether it is done."""
        code = None
        try:
            decide(who, *arguments)
        except Refused as refused:
            code = str(refused)
        self.held(decide.__name__, response, code)
        return code is None

    # what is named

    def todo_of(self, who: str, pick: Pick, items: Sequence[Item] | None = None) -> str:
        """A todo by its pick: of these, if there are any, or of those that the person sees or, likelier, may change."""
        seen = [each for each in self.model.visible(who) if each.live]
        likely = [each for each in seen if pick[0] == 1 or self.writes(who, each.list_id)]
        found = (items or likely) if pick[0] else []
        ids = [each.id for each in found] or [*self.model.items]
        return ids[pick[1] % len(ids)]

    def list_of(self, who: str, pick: Pick) -> str:
        """A list by its pick: most likely one that may be written in."""
        ids = [each for each in self.model.shelves if pick[0] and self.writes(who, each)] or [*self.model.shelves]
        return ids[pick[1] % len(ids)]

    def own_list_of(self, who: str, pick: Pick) -> str:
        """A list by its pick: most likely one that the person has and may give away."""
        shelves = self.model.shelves.values()
        own = [each.id for each in shelves if pick[0] and each.roles.get(who) == "owner" and not each.is_inbox]
        ids = own or [*self.model.shelves]
        return ids[pick[1] % len(ids)]

    def writes(self, who: str, list_id: str) -> bool:
        shelf = self.model.shelves[list_id]
        return not shelf.archived and not shelf.deleted and shelf.roles.get(who, "viewer") != "viewer"

    def named(self, who: str, raw: Raw) -> Op:
        kind, pick, body, stale = raw
        gone = [each for each in self.model.visible(who) if not each.live]
        if pick[0] > 2:
            gone = [each for each in gone if each.deletion == each.id]
        todo_id = str(uuid7()) if kind == "create" else self.todo_of(who, pick, gone if kind == "restore" else None)
        return Op(kind, todo_id, self.filled(who, todo_id, body), stale)

    def filled(self, who: str, todo_id: str, raw: Json) -> Json:
        """The body, or the query, with ids in the places of picks."""
        body = {**raw}
        if body.get("assigneeId") is not None:
            body["assigneeId"] = self.ids[body["assigneeId"]]
        if "listId" in body:
            body["listId"] = self.list_of(who, body["listId"])
        item = self.model.items.get(todo_id)
        list_id = body.get("listId", item.list_id if item else None)
        if body.get("parentId") is not None:
            near = [each for each in self.model.items.values() if each.live and each.list_id == list_id]
            near.sort(key=lambda each: len(self.model.line(each.id)))
            if body["parentId"][0] > 2:
                # of the lowest ones, so that trees grow as high as they may
                near = near[-3:]
            body["parentId"] = self.todo_of(who, body["parentId"], near)
        for name in body.keys() & {"afterId", "beforeId"}:
            parent_id = body.get("parentId", item.parent_id if item and list_id == item.list_id else None)
            places = self.model.places[list_id or "", parent_id]
            near = [self.model.items[each] for each in places if each != todo_id and self.model.items[each].live]
            body[name] = self.todo_of(who, body[name], near)
        return body

    # what is done

    def work(self, who: str, raw: Raw) -> None:
        """Ask for one operation by its own route."""
        op = self.named(who, raw)
        version = self.rows.get(op.todo_id, {}).get("version", 1) + bool(op.stale) * 1000
        headers = {} if op.stale is None else {"If-Match": f'"{version}"'}
        if op.kind == "create":
            response = self.ask(who, "POST", "/todos", json={**op.body, "id": op.todo_id})
        elif op.kind in {"update", "delete"}:
            method = "PATCH" if op.kind == "update" else "DELETE"
            sent = {"json": op.body} if op.kind == "update" else {}
            response = self.ask(who, method, f"/todos/{op.todo_id}", headers=headers, **sent)
        elif op.kind == "look":
            response = self.ask(who, "GET", f"/todos/{op.todo_id}")
        else:
            sent = {"json": op.body} if op.kind in {"move", "complete"} else {}
            response = self.ask(who, "POST", f"/todos/{op.todo_id}/{op.kind}", **sent)
        if op.kind == "duplicate" and response.status_code == 201:
            op = replace(op, copies=dict(self.copies(who, op.todo_id, response.json()["id"])))
        code = self.model.do(who, op)
        self.held(op.kind, response, code)
        if code == "stale_version":
            self.check(response.json()["current"])
        elif code is None and response.content:
            row = response.json()["todo"] if op.kind == "complete" else response.json()
            self.check(row)
            assert op.kind == "complete" or response.headers["etag"] == f'"{row["version"]}"'
            assert response.status_code != 201 or response.headers["location"] == f"/api/todos/{row['id']}"

    def copies(self, who: str, original: str, copy: str) -> Iterator[tuple[str, str]]:
        """Which todo has become which, level by level."""
        yield original, copy
        made = self.pages(who, "/todos", parentId=copy, sort="position")
        for each, row in zip(self.model.below(original), made, strict=True):
            yield from self.copies(who, each.id, row["id"])

    def bulk(self, who: str, asked: Sequence[Raw], *, atomic: bool) -> None:
        # a version that is seen now may be another one when its operation's turn comes
        ops = [replace(op, stale=op.stale or None) for op in (self.named(who, raw) for raw in asked)]
        operations: list[Json] = []
        for op in ops:
            body: Json = {"op": op.kind} if op.kind == "create" else {"op": op.kind, "id": op.todo_id}
            if op.kind == "create":
                body["todo"] = {**op.body, "id": op.todo_id}
            elif op.kind in {"update", "move"}:
                body["todo" if op.kind == "update" else "to"] = op.body
            operations.append({**body, "ifMatch": 1000} if op.stale else body)
        response = self.ask(who, "POST", "/todos/bulk", json={"operations": operations, "atomic": atomic})
        assert response.status_code == 200, response.text
        results = [(each["status"], each["problem"] and each["problem"]["code"]) for each in response.json()["results"]]
        expected = self.model.bulk(who, ops, atomic=atomic)
        self.tally.update(("bulk", code or status) for status, code in expected)
        assert results == expected, response.text
        assert response.json()["applied"] is any(status == "done" for status, _ in expected)

    # what is seen

    def pages(self, who: str, path: str, **query: Any) -> list[Json]:
        """The rows of all pages, each of which tells the same total."""
        found: list[Json] = []
        totals: set[int] = set()
        parameters = {"limit": 100, "includeTotal": "true"} | query
        while True:
            response = self.ask(who, "GET", path, params=parameters)
            assert response.status_code == 200, response.text
            page = response.json()
            found += page["items"]
            totals.add(page["total"])
            if page["nextCursor"] is None:
                assert totals == {len(found)}
                return found
            parameters["cursor"] = page["nextCursor"]

    def check(self, row: Json) -> None:
        """A row is as the model has it, and the same whenever it is at this version."""
        assert {name: value for name, value in row.items() if name not in OWN} == self.model.items[row["id"]].shown()
        assert row == self.versions.setdefault((row["id"], row["version"]), row)

    def compare(self) -> None:
        """Both people look at all that they have."""
        seen: set[str] = set()
        for who in self.people:
            rows = self.pages(who, "/todos", sort="position")
            assert rows == sorted(rows, key=lambda row: (row["position"], row["id"]))
            by_id = {row["id"]: row for row in rows}
            assert len(by_id) == len(rows)
            assert by_id.keys() == {each.id for each in self.model.visible(who) if each.live}
            siblings: defaultdict[tuple[str, str | None], list[Json]] = defaultdict(list)
            for row in rows:
                self.check(row)
                before = self.rows.get(row["id"], row)
                assert row["version"] >= before["version"]
                assert row["id"] in self.model.touched or row == before
                siblings[row["listId"], row["parentId"]].append(row)
                above = row
                while row["status"] == "open" and above["parentId"] is not None:
                    above = by_id[above["parentId"]]
                    assert above["status"] != "completed"
            for place, found in siblings.items():
                live = [each for each in self.model.places[place] if self.model.items[each].live]
                assert [row["id"] for row in found] == live
                assert len({row["position"] for row in found}) == len(found)
            self.rows |= by_id
            seen |= by_id.keys()
        self.model.touched -= seen
