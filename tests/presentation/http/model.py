"""Shared lists in memory: what people are told about them, in the plainest words there are.

It shares no code with the service. A rule that it has otherwise is a fault of one of the two.
"""

from collections import defaultdict
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

Json = dict[str, Any]

STATUS: Final = {
    "forbidden": 403,
    "not_found": 404,
    "already_member": 409,
    "inbox_immutable": 409,
    "last_owner": 409,
    "list_archived": 409,
    "parent_trashed": 409,
    "todo_not_open": 409,
    "invitation_used": 410,
    "stale_version": 412,
    "not_a_member": 422,
    "not_a_sibling": 422,
    "parent_cycle": 422,
    "parent_not_found": 422,
    "too_deep": 422,
}
"""What is refused with which status, by its code."""


class Refused(Exception):
    """The code is the argument."""


def refuse(code: str, *, when: bool = True) -> None:
    if when:
        raise Refused(code)


@dataclass
class Shelf:
    """A list; who shares it is told by their ids."""

    id: str
    roles: dict[str, str]
    is_inbox: bool = False
    archived: bool = False
    deleted: bool = False

    @property
    def owner(self) -> str:
        (owner,) = [each for each, role in self.roles.items() if role == "owner"]
        return owner

    @property
    def state(self) -> str:
        return "trashed" if self.deleted else "archived" if self.archived else "active"


@dataclass
class Item:
    """A todo: where it stands, and `fields` as they are shown."""

    id: str
    list_id: str
    parent_id: str | None
    fields: Json
    status: str = "open"
    completed_at: datetime | None = None
    completed_by: str | None = None
    deleted_at: datetime | None = None
    deletion: str | None = None

    @property
    def live(self) -> bool:
        return self.deleted_at is None

    def shown(self) -> Json:
        """All of it but for its position, its version and `updatedAt`."""
        return {
            "id": self.id,
            "listId": self.list_id,
            "parentId": self.parent_id,
            "status": self.status,
            "completed": self.status == "completed",
            "completedAt": instant(self.completed_at),
            "completedBy": self.completed_by,
            "deletedAt": instant(self.deleted_at),
            "recurrence": None,
            **self.fields,
        }


@dataclass
class Ticket:
    """An invitation."""

    token: str
    list_id: str
    role: str
    used: bool = False


class Lists:
    """Who shares which list, and which todos stand there in which order."""

    def __init__(self) -> None:
        self.now = datetime.min.replace(tzinfo=UTC)
        self.shelves: dict[str, Shelf] = {}
        self.tickets: list[Ticket] = []
        self.items: dict[str, Item] = {}
        # siblings in their order, those in the trash among them
        self.places: defaultdict[tuple[str, str | None], list[str]] = defaultdict(list)
        self.touched: set[str] = set()
        """Whatever may have another version than before."""

    def seen(self, who: str, list_id: str) -> Shelf:
        """The list, if the person shares it and it is not in the trash."""
        shelf = self.shelves.get(list_id)
        if shelf is None or who not in shelf.roles or shelf.deleted:
            raise Refused("not_found")
        return shelf

    def visible(self, who: str) -> Iterator[Item]:
        """The todos that the person sees, those in the trash too."""
        for item in self.items.values():
            shelf = self.shelves[item.list_id]
            if who in shelf.roles and not shelf.deleted:
                yield item

    def inbox(self, who: str) -> Shelf:
        return next(each for each in self.shelves.values() if each.is_inbox and each.owner == who)

    def below(self, todo_id: str, *, trashed: bool = False) -> list[Item]:
        """Those right below a todo, in their order."""
        found = (self.items[each] for each in self.places[self.items[todo_id].list_id, todo_id])
        return [each for each in found if each.live or trashed]

    def tree(self, todo_id: str, *, trashed: bool = False) -> list[Item]:
        """It and all below it."""
        found = [self.items[todo_id]]
        for each in self.below(todo_id, trashed=trashed):
            found += self.tree(each.id, trashed=trashed)
        return found

    def line(self, todo_id: str) -> list[Item]:
        """It and all above it."""
        item = self.items[todo_id]
        return [item] if item.parent_id is None else [item, *self.line(item.parent_id)]

    def height(self, todo_id: str, deletion: str | None = None) -> int:
        """How many levels a tree has: of what is not in the trash, or of what went there with one deletion."""
        levels = [
            self.height(each.id, deletion) for each in self.below(todo_id, trashed=True) if each.deletion == deletion
        ]
        return 1 + max(levels, default=0)

    def copy(self) -> Self:
        return deepcopy(self)

    # what is done to lists

    def _owned(self, who: str, list_id: str) -> Shelf:
        shelf = self.seen(who, list_id)
        refuse("forbidden", when=shelf.owner != who)
        return shelf

    def archive(self, who: str, list_id: str) -> None:
        shelf = self._owned(who, list_id)
        refuse("inbox_immutable", when=shelf.is_inbox)
        shelf.archived = True

    def unarchive(self, who: str, list_id: str) -> None:
        self._owned(who, list_id).archived = False

    def delete_list(self, who: str, list_id: str) -> None:
        shelf = self._owned(who, list_id)
        refuse("inbox_immutable", when=shelf.is_inbox)
        shelf.deleted = True

    def restore_list(self, who: str, list_id: str) -> None:
        shelf = self.shelves[list_id]
        if shelf.owner != who:
            self._owned(who, list_id)
        shelf.deleted = False

    def transfer(self, who: str, list_id: str, to: str) -> None:
        shelf = self._owned(who, list_id)
        refuse("inbox_immutable", when=shelf.is_inbox)
        refuse("not_a_member", when=to not in shelf.roles)
        if to != who:
            shelf.roles |= {who: "editor", to: "owner"}

    def invite(self, who: str, list_id: str) -> None:
        refuse("list_archived", when=self._owned(who, list_id).archived)

    def accept(self, who: str, ticket: Ticket) -> None:
        shelf = self.shelves[ticket.list_id]
        refuse("not_found", when=shelf.deleted)
        refuse("already_member", when=who in shelf.roles)
        refuse("invitation_used", when=ticket.used)
        refuse("list_archived", when=shelf.archived)
        ticket.used = True
        shelf.roles[who] = ticket.role

    def change_role(self, who: str, list_id: str, member: str, role: str) -> None:
        shelf = self._owned(who, list_id)
        refuse("list_archived", when=shelf.archived)
        refuse("not_found", when=member not in shelf.roles)
        refuse("last_owner", when=shelf.owner == member)
        shelf.roles[member] = role

    def remove(self, who: str, list_id: str, member: str) -> None:
        """Whoever loses a list is assigned to nothing there."""
        shelf = self.seen(who, list_id)
        if who != member:
            refuse("forbidden", when=shelf.owner != who)
            refuse("list_archived", when=shelf.archived)
        refuse("not_found", when=member not in shelf.roles)
        refuse("last_owner", when=shelf.owner == member)
        del shelf.roles[member]
        for item in self.items.values():
            if item.list_id == list_id and item.fields["assigneeId"] == member:
                self.unassign(item)

    def unassign(self, item: Item) -> None:
        item.fields["assigneeId"] = None
        self.touched.add(item.id)


def instant(at: datetime | None) -> str | None:
    """As it is shown; whole seconds."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def due_at(due: Json | None) -> str | None:
    """The instant of a due date, of a day alone its last second; all people live in UTC."""
    if due is None:
        return None
    zone = ZoneInfo(due["timeZone"] or "UTC")
    day = date.fromisoformat(due["date"])
    if due["time"] is None:
        return instant(datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC) - timedelta(seconds=1))
    return instant(datetime.combine(day, time.fromisoformat(due["time"]), zone))
