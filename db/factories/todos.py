"""Todos, and what is asked of them."""

from polyfactory import Use

from app.application.todos.schemas import TodoCreate, TodoUpdate
from app.infrastructure.database.models import Todo
from db.factories.base import FAKER, RequestFactory, RowFactory


class TodoFactory(RowFactory[Todo]):
    """An open todo without notes; pass `completed_at` for a finished one.

    To be stored it needs the `owner_id` of a stored account.
    """

    __model__ = Todo

    title = Use(FAKER.sentence, nb_words=4)


class TodoCreateFactory(RequestFactory[TodoCreate]):
    """A new todo with notes, finished or not."""

    __model__ = TodoCreate

    title = Use(FAKER.sentence, nb_words=4)
    notes = Use(FAKER.paragraph)


class TodoUpdateFactory(RequestFactory[TodoUpdate]):
    """A change to every field; pass `UNSET` for those that are to stay."""

    __model__ = TodoUpdate

    title = Use(FAKER.sentence, nb_words=4)
    notes = Use(FAKER.paragraph)
    completed = Use(FAKER.pybool)
