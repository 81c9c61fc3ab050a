"""Many todos at once: told one by one, and all or nothing where that is asked for."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.presentation.http.conftest import Person

pytestmark = pytest.mark.anyio


async def bulk(person: Person, *operations: dict[str, Any], atomic: bool = False) -> dict[str, Any]:
    response = await person.client.post("/api/todos/bulk", json={"atomic": atomic, "operations": operations})
    assert response.status_code == 200, response.text
    return dict(response.json())


def told(answer: dict[str, Any]) -> list[tuple[str, str | None]]:
    assert [result["index"] for result in answer["results"]] == list(range(len(answer["results"])))
    return [(each["status"], each["problem"] and each["problem"]["code"]) for each in answer["results"]]


async def titles(person: Person) -> list[str]:
    page = (await person.client.get("/api/todos?sort=position&limit=100")).json()
    return [todo["title"] for todo in page["items"]]


@pytest.mark.parametrize("atomic", [True, False])
async def test_invariant_8_operations_of_every_kind_are_done_in_their_order(ada: Person, *, atomic: bool) -> None:
    first, second, third = [await ada.add_todo(title=title) for title in ("first", "second", "third")]
    answer = await bulk(
        ada,
        {"op": "create", "todo": {"title": "fourth", "id": "01b77c3e-5c40-7b8e-9d4a-" + second["id"][-12:]}},
        {"op": "update", "id": first["id"], "todo": {"title": "changed"}, "ifMatch": 1},
        {"op": "complete", "id": second["id"]},
        {"op": "move", "id": first["id"], "to": {"afterId": second["id"]}},
        {"op": "delete", "id": third["id"]},
        atomic=atomic,
    )
    assert answer["applied"] is True
    assert told(answer) == [("done", None)] * 5
    created, updated, completed, moved, deleted = [result["todo"] for result in answer["results"]]
    assert (created["title"], updated["title"], completed["completed"]) == ("fourth", "changed", True)
    assert moved["version"] == 3
    assert deleted is None
    assert await titles(ada) == ["second", "changed", "fourth"]


async def test_invariant_8_what_is_refused_is_told_and_the_rest_is_done(ada: Person, bob: Person) -> None:
    todo, other = await ada.add_todo(title="mine"), await bob.add_todo(title="not mine")
    answer = await bulk(
        ada,
        {"op": "update", "id": other["id"], "todo": {"title": "mine now"}},
        {"op": "delete", "id": other["id"]},
        {"op": "complete", "id": str(uuid4())},
        {"op": "update", "id": todo["id"], "todo": {"title": "late"}, "ifMatch": 7},
        {"op": "create", "todo": {"title": "again", "id": todo["id"]}},
        {"op": "create", "todo": {"title": "odd", "status": "open", "completed": True}},
        {"op": "move", "id": todo["id"], "to": {"afterId": other["id"]}},
        {"op": "create", "todo": {"title": "new"}},
    )
    assert answer["applied"] is True
    assert told(answer) == [
        ("refused", "not_found"),
        ("refused", "not_found"),
        ("refused", "not_found"),
        ("refused", "stale_version"),
        ("refused", "todo_exists"),
        ("refused", "validation_failed"),
        ("refused", "not_a_sibling"),
        ("done", None),
    ]
    assert answer["results"][3]["todo"] == todo
    assert answer["results"][5]["problem"]["issues"][0]["path"] == ["operations", 5, "todo", "completed"]
    assert await titles(ada) == ["mine", "new"]
    assert await titles(bob) == ["not mine"]


async def test_invariant_8_of_an_atomic_bulk_one_refusal_undoes_all(ada: Person) -> None:
    todo = await ada.add_todo(title="as it was")
    answer = await bulk(
        ada,
        {"op": "update", "id": todo["id"], "todo": {"title": "changed"}},
        {"op": "create", "todo": {"title": "new"}},
        {"op": "delete", "id": str(uuid4())},
        {"op": "delete", "id": todo["id"]},
        atomic=True,
    )
    assert answer["applied"] is False
    assert told(answer) == [("undone", None), ("undone", None), ("refused", "not_found"), ("skipped", None)]
    assert (await ada.client.get(f"/api/todos/{todo['id']}")).json() == todo
    assert await titles(ada) == ["as it was"]


async def test_nothing_is_applied_where_all_is_refused(ada: Person) -> None:
    assert (await bulk(ada, {"op": "delete", "id": str(uuid4())}))["applied"] is False


async def test_a_subtask_goes_below_a_todo_of_the_same_bulk(ada: Person) -> None:
    parent = "01b77c3e-5c40-7b8e-9d4a-" + str(ada.user.id)[-12:]
    answer = await bulk(
        ada,
        {"op": "create", "todo": {"title": "above", "id": parent}},
        {"op": "create", "todo": {"title": "below", "parentId": parent}},
        atomic=True,
    )
    assert told(answer) == [("done", None), ("done", None)]
    assert answer["results"][1]["todo"]["parentId"] == parent


async def test_a_body_that_breaks_the_schema_is_refused_as_a_whole(ada: Person) -> None:
    operations: list[dict[str, Any]] = [{"op": "create", "todo": {"title": "fine"}} for _ in range(3)]
    body = {"atomic": False, "operations": [*operations, {"op": "create", "todo": {"title": ""}}, {"op": "burn"}]}
    response = await ada.client.post("/api/todos/bulk", json=body)
    assert response.status_code == 422
    paths = [issue["path"] for issue in response.json()["issues"]]
    assert ["operations", 3, "todo", "title"] in paths
    assert ["operations", 4, "op"] in paths
    for count in (0, 101):
        body = {"atomic": False, "operations": [operations[0]] * count}
        assert (await ada.client.post("/api/todos/bulk", json=body)).status_code == 422
    assert await titles(ada) == []


async def test_a_repeated_bulk_is_done_once(ada: Person) -> None:
    body = {"atomic": True, "operations": [{"op": "create", "todo": {"title": "once"}}] * 100}
    headers = {"Idempotency-Key": "bulk"}
    first = await ada.client.post("/api/todos/bulk", json=body, headers=headers)
    again = await ada.client.post("/api/todos/bulk", json=body, headers=headers)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert len(await titles(ada)) == 100


async def test_parallel_bulks_over_the_same_todos_wait_for_each_other(ada: Person) -> None:
    todos = [await ada.add_todo(title=f"{number}") for number in range(6)]
    forth = [{"op": "complete", "id": todo["id"]} for todo in todos]
    back = [{"op": "update", "id": todo["id"], "todo": {"completed": False}} for todo in todos[::-1]]
    answers = await asyncio.gather(*(bulk(ada, *each, atomic=True) for each in (forth, back) * 4))
    assert all(answer["applied"] for answer in answers)
    items = (await ada.client.get("/api/todos")).json()["items"]
    assert len({todo["completed"] for todo in items}) == 1
