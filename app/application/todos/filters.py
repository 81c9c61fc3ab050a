"""What a listing's parameters mean to the database."""

import re
from typing import Final

from app.application.todos.schemas import TodoFilter
from app.infrastructure.database.repositories.todos_listing import TodoFilters

_WORD: Final = re.compile(r"\w+")


def filters_of(query: TodoFilter) -> TodoFilters:
    """The filters that a query asks for."""
    return TodoFilters(
        list_id=query.list_id,
        parent_id=query.parent_id,
        status=query.status,
        completed=query.completed,
        priority=query.priority,
        tag=query.tag,
        assignee_id=query.assignee_id,
        due_before=query.due_before,
        due_after=query.due_after,
        prefix=None if query.q is None else prefix_query(query.q),
    )


def prefix_query(text: str) -> str:
    """A tsquery for words that begin like those of the text, all of them; one without words finds nothing."""
    return " & ".join(f"{word}:*" for word in _WORD.findall(text))
