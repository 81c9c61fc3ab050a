"""The life of a todo, and what it means for the todos above and below it.

The functions on trees take the todos concerned and give the statuses that change; they store nothing. After each
of them no open todo stands below a completed one, if none did before.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias
from uuid import UUID

from app.domain.errors import Conflict, Issue, IssueCode, Kind, Refusal, ValidationFailed
from app.domain.todos import LEVELS_MAX, TodoStatus


class TodoNotOpen(Conflict):
    """Only an open todo is completed, cancelled, skipped or reminded of; reopen it first."""

    code = "todo_not_open"
    title = "Todo is not open"


class TodoNotRecurring(Conflict):
    """Only a todo that recurs has occurrences to skip."""

    code = "todo_not_recurring"
    title = "Todo does not recur"


class OccurrenceRequired(Refusal):
    """A recurring todo is completed or skipped one occurrence at a time: the request must tell which one it means."""

    code = "occurrence_required"
    title = "Occurrence required"
    kind = Kind.INVALID


class StaleOccurrence(Conflict):
    """The todo is not due on the day that the request means: that occurrence was dealt with, or has been moved."""

    code = "occurrence_moved_on"
    title = "The series has moved on"


class ParentNotFound(Refusal):
    """`parentId` names no todo of the list that the caller may see."""

    code = "parent_not_found"
    title = "Parent not found"
    kind = Kind.INVALID


class ParentCycle(Refusal):
    """A todo cannot stand below itself or below one of its own subtasks."""

    code = "parent_cycle"
    title = "Todo below itself"
    kind = Kind.INVALID


class TooDeep(Refusal):
    """Todos nest at most four levels deep, counting the outermost one."""

    code = "too_deep"
    title = "Nested too deep"
    kind = Kind.INVALID


@dataclass(frozen=True, slots=True)
class Node:
    """A todo as far as its place in a tree and its status go."""

    id: UUID
    parent_id: UUID | None = None
    status: TodoStatus = TodoStatus.OPEN


Changes: TypeAlias = dict[UUID, TodoStatus]


def status_from(current: TodoStatus, *, status: TodoStatus | None = None, completed: bool | None = None) -> TodoStatus:
    """The status that a request asks for by `status`, by the boolean `completed`, by both or by neither.

    Not completed leaves a cancelled todo cancelled. Raises `ValidationFailed` where the two contradict each other.
    """
    if status is not None:
        if completed not in {None, status is TodoStatus.COMPLETED}:
            raise ValidationFailed([Issue(IssueCode.CUSTOM, ("completed",), "Expected what `status` says")])
        return status
    if completed:
        return TodoStatus.COMPLETED
    return TodoStatus.OPEN if completed is False and current is TodoStatus.COMPLETED else current


def check_occurrence(due: date, meant: date | None) -> None:
    """Refuse to deal with another occurrence than the one meant; an occurrence is known by its day.

    Raises `OccurrenceRequired`, `StaleOccurrence`.
    """
    if meant is None:
        raise OccurrenceRequired
    if meant != due:
        raise StaleOccurrence


def check_skip(status: TodoStatus, *, recurs: bool) -> None:
    """Refuse to skip what has no occurrence ahead; raises `TodoNotRecurring`, `TodoNotOpen`."""
    if not recurs:
        raise TodoNotRecurring
    if status is not TodoStatus.OPEN:
        raise TodoNotOpen


def complete(todos: Iterable[Node], todo_id: UUID) -> Changes:
    """Complete a todo and its open descendants, which `todos` must hold; raises `TodoNotOpen` if it is cancelled."""
    tree = _Tree(todos)
    if tree.nodes[todo_id].status is TodoStatus.CANCELLED:
        raise TodoNotOpen("A cancelled todo is not completed; reopen it first")
    family = [tree.nodes[todo_id], *tree.descendants(todo_id)]
    return {node.id: TodoStatus.COMPLETED for node in family if node.status is TodoStatus.OPEN}


def cancel(todo: Node) -> Changes:
    """Cancel a todo, whose subtasks stay as they are; raises `TodoNotOpen` if it is completed."""
    if todo.status is TodoStatus.COMPLETED:
        raise TodoNotOpen("A completed todo is not cancelled; reopen it first")
    return {todo.id: TodoStatus.CANCELLED} if todo.status is TodoStatus.OPEN else {}


def reopen(todos: Iterable[Node], todo_id: UUID) -> Changes:
    """Reopen a todo and its completed ancestors, which `todos` must hold.

    For an open todo that was put below a completed one it tells the ancestors alone.
    """
    tree = _Tree(todos)
    todo = tree.nodes[todo_id]
    changes = {} if todo.status is TodoStatus.OPEN else {todo_id: TodoStatus.OPEN}
    above = tree.ancestors(todo_id)
    return changes | {node.id: TodoStatus.OPEN for node in above if node.status is TodoStatus.COMPLETED}


def renew(todos: Iterable[Node], todo_id: UUID) -> Changes:
    """Reopen the completed descendants of a recurring todo that has moved on; cancelled ones stay cancelled."""
    below = _Tree(todos).descendants(todo_id)
    return {node.id: TodoStatus.OPEN for node in below if node.status is TodoStatus.COMPLETED}


def mend(todos: Iterable[Node]) -> Changes:
    """Reopen whatever is completed above an open todo, after one was put there."""
    tree = _Tree(todos)
    open_ones = [node for node in tree.nodes.values() if node.status is TodoStatus.OPEN]
    above = {found.id: found for node in open_ones for found in tree.ancestors(node.id)}
    return {node.id: TodoStatus.OPEN for node in above.values() if node.status is TodoStatus.COMPLETED}


def check_parent(todos: Iterable[Node], todo_id: UUID, parent_id: UUID) -> None:
    """Refuse a parent that a todo cannot have; raises `ParentNotFound`, `ParentCycle`, `TooDeep`.

    `todos` holds the parent and its ancestors, all of the list that the todo is in or is moved to, and the todo's
    descendants; the todo itself may be new.
    """
    tree = _Tree(todos)
    if todo_id == parent_id or parent_id in {node.id for node in tree.descendants(todo_id)}:
        raise ParentCycle
    if parent_id not in tree.nodes:
        raise ParentNotFound
    above, below = tree.ancestors(parent_id), tree.levels_below(todo_id)
    if len(above) + len(below) + 2 > LEVELS_MAX:
        raise TooDeep


class _Tree:
    """Todos by their places; a circle among them, which no rule allows, is walked once."""

    def __init__(self, todos: Iterable[Node]) -> None:
        self.nodes = {todo.id: todo for todo in todos}
        self._children: defaultdict[UUID | None, list[Node]] = defaultdict(list)
        for node in self.nodes.values():
            self._children[node.parent_id].append(node)

    def levels_below(self, todo_id: UUID) -> list[list[Node]]:
        levels: list[list[Node]] = []
        seen, above = {todo_id}, [todo_id]
        while below := [node for parent in above for node in self._children[parent] if node.id not in seen]:
            levels.append(below)
            above = [node.id for node in below]
            seen.update(above)
        return levels

    def descendants(self, todo_id: UUID) -> list[Node]:
        return [node for level in self.levels_below(todo_id) for node in level]

    def ancestors(self, todo_id: UUID) -> list[Node]:
        found: list[Node] = []
        node = self.nodes[todo_id]
        while node.parent_id is not None and (parent := self.nodes.get(node.parent_id)) and parent not in found:
            found.append(parent)
            node = parent
        return found
