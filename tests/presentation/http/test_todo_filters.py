"""What a listing leaves out, and that its pages, its total and its order hold over several lists."""

from itertools import product
from typing import Any

import pytest
from litestar import Litestar

from app.domain.sharing import ListRole
from db.factories import MembershipFactory
from tests.presentation.http.conftest import Person, SettableClock, store

pytestmark = pytest.mark.anyio

SORTS = ("createdAt", "updatedAt", "dueAt", "priority", "position")


async def listed(person: Person, **parameters: Any) -> list[dict[str, Any]]:
    """The todos of all pages, of which each tells the same total."""
    items: list[dict[str, Any]] = []
    totals: set[int] = set()
    while True:
        response = await person.client.get("/api/todos", params=parameters | {"includeTotal": True})
        assert response.status_code == 200, response.text
        page = response.json()
        items += page["items"]
        totals.add(page["total"])
        if page["nextCursor"] is None:
            assert totals == {len(items)}
            assert len({todo["id"] for todo in items}) == len(items)
            return items
        parameters["cursor"] = page["nextCursor"]


async def titles(person: Person, **parameters: Any) -> str:
    return "".join(sorted(todo["title"] for todo in await listed(person, limit=2, **parameters)))


def day(date: str) -> dict[str, str]:
    return {"date": date, "timeZone": "UTC"}


async def some_todos(person: Person, clock: SettableClock) -> dict[str, dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    for title, fields in {
        "a": {"priority": "high", "tags": ["x", "y"], "due": day("2030-01-01")},
        "b": {"priority": "low", "tags": ["x"], "due": day("2030-01-03"), "assigneeId": str(person.user.id)},
        "c": {"status": "completed", "tags": ["xy"], "due": day("2030-01-03")},
        "d": {"status": "cancelled", "priority": "high", "notes": "Crème brûlée"},
        "e": {"assigneeId": str(person.user.id), "due": day("2031-01-01")},
    }.items():
        clock.advance(seconds=1)
        made[title] = await person.add_todo(title=title, **fields)
    return made


@pytest.mark.parametrize("sort", ["createdAt", "-dueAt", "priority", "-position"])
@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, "abcde"),
        ({"status": "open"}, "abe"),
        ({"status": "completed,cancelled"}, "cd"),
        ({"completed": "true"}, "c"),
        ({"completed": "false"}, "abde"),
        ({"completed": "true", "status": "open"}, ""),
        ({"priority": "high"}, "ad"),
        ({"priority": "high,low"}, "abd"),
        ({"priority": "urgent"}, ""),
        ({"tag": "x"}, "ab"),
        ({"tag": "X"}, ""),
        ({"dueBefore": "2030-01-03T00:00:00Z"}, "a"),
        ({"dueAfter": "2030-01-02T00:00:00Z"}, "bce"),
        ({"dueAfter": "2030-01-02T00:00:00Z", "dueBefore": "2030-12-31T00:00:00Z"}, "bc"),
        ({"dueBefore": "9999-12-31T23:59:59Z"}, "abce"),
        ({"q": "creme"}, "d"),
        ({"q": "brul crem"}, "d"),
        ({"q": "rem"}, ""),
        ({"tag": "x", "priority": "low", "status": "open", "dueAfter": "2030-01-02T00:00:00Z"}, "b"),
    ],
)
async def test_a_filter_leaves_those_that_match_it(
    ada: Person, clock: SettableClock, sort: str, parameters: dict[str, str], expected: str
) -> None:
    await some_todos(ada, clock)
    assert await titles(ada, sort=sort, **parameters) == expected


async def test_todos_are_filtered_by_list_parent_and_assignee(ada: Person, bob: Person, clock: SettableClock) -> None:
    made = await some_todos(ada, clock)
    await ada.add_todo(title="f", parentId=made["a"]["id"])
    assert await titles(ada, listId=made["a"]["listId"]) == "abcdef"
    assert await titles(ada, parentId=made["a"]["id"]) == "f"
    assert await titles(ada, assigneeId=str(ada.user.id)) == "be"
    for parameters in (
        {"listId": made["a"]["listId"]},
        {"parentId": made["a"]["id"]},
        {"assigneeId": str(ada.user.id)},
    ):
        assert await titles(bob, **parameters) == ""


async def test_invariant_7_a_hidden_parent_hides_no_match(ada: Person) -> None:
    parent = await ada.add_todo(title="a")
    await ada.add_todo(title="b", parentId=parent["id"], tags=["x"])
    await ada.client.post(f"/api/todos/{parent['id']}/cancel")
    assert await titles(ada, tag="x") == await titles(ada, status="open") == "b"


def key(todo: dict[str, Any], sort: str) -> Any:
    if sort == "dueAt":
        return todo["dueAt"] or "9999-12-31T23:59:59Z"
    if sort == "priority":
        return ["none", "low", "medium", "high", "urgent"].index(todo["priority"])
    return todo[sort]


@pytest.mark.parametrize("sort", [*product(SORTS, ("",)), *((a, b) for a in SORTS for b in SORTS if a != b)])
async def test_todos_of_several_lists_come_in_one_order_either_way(
    app: Litestar, ada: Person, bob: Person, clock: SettableClock, sort: tuple[str, str]
) -> None:
    made = [*(await some_todos(ada, clock)).values(), *(await some_todos(bob, clock)).values()]
    shared = MembershipFactory.build(list_id=made[0]["listId"], user_id=bob.user.id, role=ListRole.VIEWER)
    await store(app, shared)
    first, second = sort
    for minus, other in product(("", "-"), ("", "-") if second else ("",)):
        asked = f"{minus}{first},{other}{second}" if second else f"{minus}{first}"
        found = await listed(bob, sort=asked, limit=3)
        expected = sorted(made, key=lambda todo: str(todo["id"]), reverse=(other if second else minus) == "-")
        if second:
            expected.sort(key=lambda todo: key(todo, second), reverse=other == "-")
        expected.sort(key=lambda todo: key(todo, first), reverse=minus == "-")
        assert [todo["id"] for todo in found] == [todo["id"] for todo in expected], asked
