"""Todos, and what is asked of them."""

from datetime import timedelta

from msgspec import UNSET
from polyfactory import Use

from app.application.todos.schemas import DueInput, TodoCreate, TodoUpdate
from app.domain.todos import OccurrenceOutcome, Priority, ReminderStatus, TodoStatus
from app.infrastructure.database.models import Occurrence, Reminder, Todo
from db.factories.base import CHANCE, FAKER, NOW, RequestFactory, RowFactory, made_up_id, made_up_position


class TodoFactory(RowFactory[Todo]):
    """An open todo with a title and no more; pass `status` and `completed_at` for a finished one.

    To be stored it needs the `list_id` of a stored list.
    """

    __model__ = Todo

    title = Use(FAKER.sentence, nb_words=4)
    status = TodoStatus.OPEN
    priority = Priority.NONE
    tags = Use(list[str])
    position = Use(made_up_position)
    has_subtasks = False
    created_by = Use(made_up_id)


class OccurrenceFactory(RowFactory[Occurrence]):
    """An occurrence that was completed; needs the `todo_id` of a stored todo."""

    __model__ = Occurrence

    scheduled_for = NOW.date()
    outcome = OccurrenceOutcome.COMPLETED
    user_id = Use(made_up_id)


class ReminderFactory(RowFactory[Reminder]):
    """A reminder that waits; needs the `todo_id` and the `user_id` of stored rows."""

    __model__ = Reminder

    fire_at = NOW
    status = ReminderStatus.PENDING


class TodoCreateFactory(RequestFactory[TodoCreate]):
    """A new open todo of the caller's inbox, with notes and a day on which it is due."""

    __model__ = TodoCreate

    title = Use(FAKER.sentence, nb_words=4)
    id = UNSET
    list_id = UNSET
    parent_id = UNSET
    notes = Use(FAKER.paragraph)
    status = UNSET
    completed = UNSET
    priority = Use(CHANCE.choice, list(Priority))
    due = Use(lambda: DueInput(date=NOW.date() + timedelta(days=CHANCE.randrange(60))))
    recurrence = None
    tags = Use(lambda: [FAKER.word()])
    assignee_id = None


class TodoUpdateFactory(RequestFactory[TodoUpdate]):
    """A change to title, notes and `completed`; everything else stays."""

    __model__ = TodoUpdate

    title = Use(FAKER.sentence, nb_words=4)
    notes = Use(FAKER.paragraph)
    status = UNSET
    completed = Use(FAKER.pybool)
    priority = UNSET
    due = UNSET
    recurrence = UNSET
    tags = UNSET
    assignee_id = UNSET
