"""What is done to todos in the model: one operation after the other, or many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.presentation.http.model import Item, Json, Lists, Refused, Shelf, due_at, instant, refuse

LEVELS: Final = 4
PLAIN: Final = {"notes": None, "priority": "none", "assigneeId": None}
NAMED: Final = frozenset({"title", "notes", "priority", "tags", "due", "assigneeId"})


@dataclass(frozen=True)
class Op:
    """What is asked of a todo: the kind of it, the todo, which a new one is told here too, and the body."""

    kind: str
    todo_id: str
    body: Json = field(default_factory=dict[str, Any])
    stale: bool | None = None
    """Whether the version that comes along is another one than the todo's; None for none."""
    copies: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of a duplicate, what the copies are called."""


class Todos(Lists):
    """Lists whose todos are worked on."""

    def do(self, who: str, op: Op) -> str | None:
        """Do it, or tell the refusal."""
        try:
            getattr(self, op.kind)(who, op)
        except Refused as refused:
            return str(refused)
        return None

    def bulk(self, who: str, ops: Sequence[Op], *, atomic: bool) -> list[tuple[str, str | None]]:
        """Do one after the other; tells what becomes of each."""
        trial = self.copy() if atomic else self
        results: list[tuple[str, str | None]] = []
        for index, op in enumerate(ops):
            code = trial.do(who, op)
            results.append(("done" if code is None else "refused", code))
            if atomic and code is not None:
                left = len(ops) - index - 1
                return [("undone", None)] * index + [results[-1]] + [("skipped", None)] * left
        self.__dict__.update(trial.__dict__)
        return results

    def look(self, who: str, op: Op) -> Item:
        item = self.items.get(op.todo_id)
        if item is None or not item.live:
            raise Refused("not_found")
        self.seen(who, item.list_id)
        return item

    def create(self, who: str, op: Op) -> None:
        body = op.body
        parent_id = body.get("parentId")
        if parent_id is None:
            shelf = self.seen(who, body["listId"]) if "listId" in body else self.inbox(who)
            self._writable(who, shelf)
        else:
            shelf = self._list_of_parent(who, parent_id, body.get("listId"))
        refuse("not_a_member", when=body.get("assigneeId") not in {None, *shelf.roles})
        item = Item(op.todo_id, shelf.id, parent_id, {**PLAIN, "tags": [], "due": None, "dueAt": None})
        item.fields |= {"createdAt": instant(self.now), "createdBy": who}
        self._fill(item, body)
        self.items[item.id] = item
        self.places[shelf.id, parent_id].append(item.id)
        self._set(who, item, body.get("status", "completed" if body.get("completed") else "open"))
        self._mend(who, item.id)
        self.touched.add(item.id)

    def update(self, who: str, op: Op) -> None:
        body = op.body
        item = self.look(who, op) if not body else self._held(who, op)
        refuse("stale_version", when=bool(op.stale))
        asked = body.get("status", item.status)
        if body.get("completed"):
            asked = "completed"
        elif "completed" in body and "status" not in body and item.status == "completed":
            asked = "open"
        refuse("todo_not_open", when={item.status, asked} == {"cancelled", "completed"})
        members = {None, *self.shelves[item.list_id].roles}
        refuse("not_a_member", when=body.get("assigneeId") not in members)
        self._fill(item, body)
        if body:
            self.touched.add(item.id)
        if asked != item.status:
            self._turn(who, item, asked)

    def complete(self, who: str, op: Op) -> None:
        item = self._held(who, op)
        refuse("todo_not_open", when=item.status == "cancelled")
        self._turn(who, item, "completed")

    def reopen(self, who: str, op: Op) -> None:
        self._turn(who, self._held(who, op), "open")

    def cancel(self, who: str, op: Op) -> None:
        item = self._held(who, op)
        refuse("todo_not_open", when=item.status == "completed")
        self._turn(who, item, "cancelled")

    def delete(self, who: str, op: Op) -> None:
        """All below that is not in the trash goes along."""
        item = self._held(who, op)
        refuse("stale_version", when=bool(op.stale))
        for each in self.tree(item.id):
            each.deleted_at, each.deletion = self.now, item.id
            self.touched.add(each.id)

    def restore(self, who: str, op: Op) -> None:
        """What went along comes back along, to where it was."""
        item = self._held(who, op, trashed=True)
        if item.live:
            return
        refuse("parent_trashed", when=item.deletion != item.id)
        if item.parent_id is not None:
            refuse("parent_trashed", when=not self.items[item.parent_id].live)
            too_deep = len(self.line(item.parent_id)) + self.height(item.id, item.id) > LEVELS
            refuse("too_deep", when=too_deep)
        for each in self.items.values():
            if each.deletion == item.id:
                each.deleted_at, each.deletion = None, None
                self.touched.add(each.id)
        self._mend(who, item.id)

    def move(self, who: str, op: Op) -> None:
        body, item = op.body, self._held(who, op)
        target = self.shelves[item.list_id]
        elsewhere = body.get("listId", target.id) != target.id
        if elsewhere:
            target = self.seen(who, body["listId"])
            self._writable(who, target)
        parent_id = body.get("parentId", None if elsewhere else item.parent_id)
        if parent_id is not None and (elsewhere or parent_id != item.parent_id):
            self._check_parent(item.id, target.id, parent_id)
        siblings = self.places[target.id, parent_id]
        others = [each for each in siblings if each != item.id]
        beside = body.get("afterId", body.get("beforeId"))
        at = len(others)
        if beside is not None:
            refuse("not_a_sibling", when=beside not in others or not self.items[beside].live)
            at = others.index(beside) + ("afterId" in body)
        self.places[item.list_id, item.parent_id].remove(item.id)
        if elsewhere:
            self._carry(item, target)
        item.parent_id = parent_id
        self.places[target.id, parent_id].insert(at, item.id)
        self.touched.add(item.id)
        self._mend(who, item.id)

    def duplicate(self, who: str, op: Op) -> None:
        item = self._held(who, op)
        for each in self.tree(item.id):
            made = Item(op.copies[each.id], each.list_id, each.parent_id, {**each.fields})
            made.fields |= {"createdAt": instant(self.now), "createdBy": who}
            self.items[made.id] = made
            self.touched.add(made.id)
            if each is item:
                siblings = self.places[item.list_id, item.parent_id]
                siblings.insert(siblings.index(item.id) + 1, made.id)
            elif each.parent_id is not None:
                made.parent_id = op.copies[each.parent_id]
                self.places[item.list_id, made.parent_id].append(made.id)
        self._mend(who, op.copies[item.id])

    def _held(self, who: str, op: Op, *, trashed: bool = False) -> Item:
        """The todo, if it may be changed."""
        item = self.items.get(op.todo_id)
        if item is None or not (item.live or trashed):
            raise Refused("not_found")
        self._writable(who, self.seen(who, item.list_id))
        return item

    def _writable(self, who: str, shelf: Shelf) -> None:
        refuse("forbidden", when=shelf.roles[who] == "viewer")
        refuse("list_archived", when=shelf.archived)

    def _list_of_parent(self, who: str, parent_id: str, list_id: str | None) -> Shelf:
        parent = self.items.get(parent_id)
        if parent is None or not parent.live or who not in self.shelves[parent.list_id].roles:
            raise Refused("parent_not_found")
        shelf = self.shelves[parent.list_id]
        refuse("parent_not_found", when=shelf.deleted)
        if list_id not in {None, shelf.id}:
            self._writable(who, self.seen(who, list_id or ""))
            raise Refused("parent_not_found")
        self._writable(who, shelf)
        refuse("too_deep", when=len(self.line(parent_id)) == LEVELS)
        return shelf

    def _check_parent(self, todo_id: str, list_id: str, parent_id: str) -> None:
        refuse("parent_cycle", when=parent_id in {each.id for each in self.tree(todo_id)})
        parent = self.items.get(parent_id)
        if parent is None or not parent.live or parent.list_id != list_id:
            raise Refused("parent_not_found")
        refuse("too_deep", when=len(self.line(parent_id)) + self.height(todo_id) > LEVELS)

    def _carry(self, item: Item, target: Shelf) -> None:
        """To another list goes all below along, in the trash or not."""
        old = item.list_id
        for each in self.tree(item.id, trashed=True):
            if (old, each.id) in self.places:
                self.places[target.id, each.id] = self.places.pop((old, each.id))
            each.list_id = target.id
            self.touched.add(each.id)
            if each.fields["assigneeId"] not in {None, *target.roles}:
                self.unassign(each)

    def _fill(self, item: Item, body: Json) -> None:
        fields = {name: value for name, value in body.items() if name in NAMED}
        if "title" in fields:
            fields["title"] = fields["title"].strip()
        if "tags" in fields:
            fields["tags"] = list(dict.fromkeys(fields["tags"]))
        if fields.get("due") is not None:
            fields["due"] = {"time": None, "timeZone": None, **fields["due"]}
        if "due" in fields:
            fields["dueAt"] = due_at(fields["due"])
        item.fields |= fields

    def _turn(self, who: str, item: Item, status: str) -> None:
        """Give it the status: what is open below is completed along, what is completed above is reopened along."""
        if status == "completed" and item.status == "open":
            for each in self.tree(item.id):
                if each.status == "open":
                    self._set(who, each, "completed")
        elif status != item.status:
            self._set(who, item, status)
        self._mend(who, item.id)

    def _mend(self, who: str, todo_id: str) -> None:
        """Reopen what is completed above anything open of a tree."""
        for each in self.tree(todo_id):
            if each.status == "open":
                for above in self.line(each.id)[1:]:
                    if above.status == "completed":
                        self._set(who, above, "open")

    def _set(self, who: str, item: Item, status: str) -> None:
        done = status == "completed"
        item.status = status
        item.completed_at, item.completed_by = (self.now, who) if done else (None, None)
        self.touched.add(item.id)
