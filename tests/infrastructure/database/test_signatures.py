"""A page whose signature is known is not made again, and one in which anything differs is."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from sqlalchemy import update

from app.infrastructure.database import models
from tests.infrastructure.database.homes import NEWEST, OLDEST, Home

pytestmark = pytest.mark.anyio


async def count_up(home: Home, todo: models.Todo) -> None:
    async with home.database.sessions.begin() as session:
        values = {"title": "Wine", "version": models.Todo.version + 1}
        await session.execute(update(models.Todo).where(models.Todo.id == todo.id).values(values))


async def trash(home: Home, todo: models.Todo) -> None:
    async with home.database.sessions.begin() as session:
        values: dict[str, Any] = {"deleted_at": todo.created_at, "version": models.Todo.version + 1}
        await session.execute(update(models.Todo).where(models.Todo.id == todo.id).values(values))


async def delete(home: Home, todo: models.Todo) -> None:
    async with home.database.sessions.begin() as session:
        await session.delete(todo)


async def add(home: Home, _: models.Todo) -> None:
    await home.store(home.todo())


CHANGES: Final[dict[str, Callable[[Home, models.Todo], Awaitable[None]]]] = {
    "a row that changes": count_up,
    "a row that is put in the trash": trash,
    "a row that is deleted for good": delete,
    "a new row": add,
}


@pytest.fixture
async def todos(home: Home) -> list[models.Todo]:
    made = [home.todo() for _ in range(3)]
    await home.store(*made)
    return made


async def test_a_page_whose_signature_is_known_is_not_made_again(home: Home, todos: list[models.Todo]) -> None:
    assert todos
    known, found = await home.encoded()
    assert found == await home.plain()
    assert await home.encoded(known) == (known, None)
    assert await home.encoded("0" * 64) == (known, found)
    assert await home.encoded("") == (known, found)


@pytest.mark.parametrize("change", CHANGES)
async def test_any_change_makes_it_another_page(home: Home, todos: list[models.Todo], change: str) -> None:
    for todo in todos:
        known = await home.signature()
        await CHANGES[change](home, todo)
        signature, found = await home.encoded(known)
        assert signature != known
        assert found == await home.plain()


async def test_two_rows_that_change_places_with_their_versions_make_it_another_page(home: Home) -> None:
    first, second = home.todo(version=1), home.todo(version=2)
    await home.store(first, second)
    known = await home.signature()
    async with home.database.sessions.begin() as session:
        await session.execute(update(models.Todo).where(models.Todo.id == first.id).values(version=2))
        await session.execute(update(models.Todo).where(models.Todo.id == second.id).values(version=1))
    assert (await home.encoded(known))[1] == await home.plain()


async def test_another_order_or_length_is_another_page(home: Home, todos: list[models.Todo]) -> None:
    known = await home.signature()
    signature, found = await home.encoded(known, OLDEST)
    assert signature != known
    assert found == (await home.plain())[::-1]
    signature, found = await home.encoded(known, NEWEST, limit=len(todos) - 1)
    assert signature != known
    assert found == (await home.plain())[:-1]


async def test_a_row_that_comes_again_by_an_id_that_was_used_makes_it_another_page(
    home: Home, todos: list[models.Todo]
) -> None:
    known = await home.signature()
    # the first of the page, and so it will be again
    gone = todos[-1]
    await delete(home, gone)
    await home.store(home.todo(id=gone.id, title="Wine", created_at=gone.created_at.replace(hour=1)))
    _, found = await home.encoded(known)
    assert found == await home.plain()


@pytest.mark.parametrize("known", [None, "", "0" * 64])
async def test_an_empty_page_is_always_given_and_has_no_signature(home: Home, known: str | None) -> None:
    assert await home.encoded(known) == (None, [])
