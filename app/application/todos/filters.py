"""What a listing's parameters mean to the database."""

from app.application.todos.schemas import TodoFilter
from app.infrastructure.database.repositories.todos_listing import TodoFilters


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
        q=query.q,
    )
