"""A page whose signature is known is not made again, and one in which anything differs is."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import func, select, update

from app.infrastructure.database import models
from app.infrastructure.database.repositories.todos import NOTHING
from tests.infrastructure.database.homes import NEWEST, OLDEST, Home, texts

pytestmark = pytest.mark.anyio


async def count_up(home: Home, todo: models.Todo) -> None:
    async with home.database.sessions.begin() as session:
        values = {"title": "Wine", "version": models.Todo.version + 1}
        await session.execute(update(models.Todo).where(models.Todo.id == todo.id).values(values))


async def change_later(home: Home, todo: models.Todo) -> None:
    await count_up(home, todo)
    async with home.database.sessions.begin() as session:
        latest = select(func.max(models.Todo.updated_at)).scalar_subquery()
        values: dict[str, Any] = {"updated_at": latest + timedelta(microseconds=1)}
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
    "a row that changes": change_later,
    "a row that changes and does not say when": count_up,
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
    known = await home.encoded()
    assert len(known.rows) == len(todos)
    assert texts(known) == await home.plain()
    assert await home.encoded(known) is known
    for signature in ("0" * 64, "", None):
        assert await home.encoded(known._replace(signature=signature)) == known


@pytest.mark.parametrize("change", CHANGES)
async def test_any_change_makes_it_another_page(home: Home, todos: list[models.Todo], change: str) -> None:
    for todo in todos:
        known = await home.encoded()
        await CHANGES[change](home, todo)
        found = await home.encoded(known)
        assert found.signature != known.signature
        assert texts(found) == await home.plain()


async def test_of_a_page_that_has_changed_only_the_rows_are_told_that_have(
    home: Home, todos: list[models.Todo]
) -> None:
    known = await home.encoded()
    marked = known._replace(rows=dict.fromkeys(known.rows, b"as it was"))
    await change_later(home, todos[1])
    expected = await home.plain()
    assert texts(await home.encoded(marked)) == ["as it was", expected[1], "as it was"]
    await home.store(home.todo(updated_at=todos[0].updated_at + timedelta(hours=1)))
    assert texts(await home.encoded(marked)) == [(await home.plain())[0], "as it was", expected[1], "as it was"]


async def test_a_row_that_is_new_to_the_page_without_having_changed_is_told_as_well(
    home: Home, todos: list[models.Todo]
) -> None:
    known = await home.encoded(limit=2)
    await delete(home, todos[-1])
    assert texts(await home.encoded(known, limit=2)) == await home.plain()
    assert len(await home.plain()) == 2


async def test_two_rows_that_change_places_with_their_versions_make_it_another_page(home: Home) -> None:
    first, second = home.todo(version=1), home.todo(version=2)
    await home.store(first, second)
    known = await home.encoded()
    async with home.database.sessions.begin() as session:
        await session.execute(update(models.Todo).where(models.Todo.id == first.id).values(version=2))
        await session.execute(update(models.Todo).where(models.Todo.id == second.id).values(version=1))
    assert texts(await home.encoded(known)) == await home.plain()


async def test_another_order_or_length_is_another_page(home: Home, todos: list[models.Todo]) -> None:
    known = await home.encoded()
    found = await home.encoded(known, OLDEST)
    assert found.signature != known.signature
    assert texts(found) == (await home.plain())[::-1]
    found = await home.encoded(known, NEWEST, limit=len(todos) - 1)
    assert found.signature != known.signature
    assert texts(found) == (await home.plain())[:-1]


async def test_a_row_that_comes_again_by_an_id_that_was_used_makes_it_another_page(
    home: Home, todos: list[models.Todo]
) -> None:
    known = await home.encoded()
    # the first of the page, and so it will be again, with all that it had but for when it was made, and what it says
    gone = todos[-1]
    await delete(home, gone)
    again = home.todo(id=gone.id, title="Wine", created_at=gone.created_at.replace(hour=1), updated_at=gone.updated_at)
    await home.store(again)
    assert texts(await home.encoded(known)) == await home.plain()


@pytest.mark.parametrize("signature", [None, "", "0" * 64])
async def test_an_empty_page_has_no_signature(home: Home, signature: str | None) -> None:
    assert await home.encoded(NOTHING._replace(signature=signature)) == NOTHING
