"""The end of the trash: after thirty days what is in it is gone for good."""

import pytest
from litestar import Litestar

from app.application.housekeeping import Housekeeping
from app.domain.access import Actor, Permission
from app.domain.errors import Forbidden
from tests.presentation.http.conftest import Person, SettableClock
from tests.presentation.http.places import add, order
from tests.presentation.http.shared import move_to, told

pytestmark = pytest.mark.anyio


async def test_invariant_4_after_thirty_days_in_the_trash_a_todo_is_gone_with_all_below_it(
    app: Litestar, ada: Person, clock: SettableClock
) -> None:
    todos = await add(ada, "abc")
    below = await add(ada, "xy", parentId=todos["a"]["id"])
    for todo in (below["x"], todos["a"]):
        assert (await ada.client.delete(f"/api/todos/{todo['id']}")).status_code == 204
    move_to(clock, "2030-01-02T00:00:00Z", ada)
    assert (await ada.client.delete(f"/api/todos/{todos['b']['id']}")).status_code == 204
    move_to(clock, "2030-01-31T00:00:00Z", ada)
    await Housekeeping(app.state.unit_of_work).tidy()
    page = (await ada.client.get("/api/trash?includeTotal=true")).json()
    assert ([todo["title"] for todo in page["items"]], page["total"]) == (["b", "x", "a"], 3)
    move_to(clock, "2030-01-31T00:00:01Z", ada)
    await Housekeeping(app.state.unit_of_work).tidy()
    assert [todo["title"] for todo in (await ada.client.get("/api/trash")).json()["items"]] == ["b"]
    for todo in (todos["a"], *below.values()):
        answer = await ada.client.post(f"/api/todos/{todo['id']}/restore")
        assert told(answer) == (404, "not_found")
    assert (await ada.client.post(f"/api/todos/{todos['b']['id']}/restore")).status_code == 200
    assert await order(ada) == "bc"


async def test_invariant_4_after_thirty_days_in_the_trash_a_list_is_gone_with_its_todos(
    app: Litestar, ada: Person, clock: SettableClock
) -> None:
    made = (await ada.client.post("/api/lists", json={"name": "Groceries"})).json()
    path = f"/api/lists/{made['id']}"
    todo = await ada.add_todo(listId=made["id"])
    assert (await ada.client.delete(path)).status_code == 204
    move_to(clock, "2030-01-31T00:00:00Z", ada)
    await Housekeeping(app.state.unit_of_work).tidy()
    assert (await ada.client.post(f"{path}/restore")).status_code == 200
    assert (await ada.client.get(f"/api/todos/{todo['id']}")).status_code == 200
    assert (await ada.client.delete(path)).status_code == 204
    move_to(clock, "2030-03-02T00:00:01Z", ada)
    await Housekeeping(app.state.unit_of_work).tidy()
    assert told(await ada.client.post(f"{path}/restore")) == (404, "not_found")
    assert told(await ada.client.get(f"/api/todos/{todo['id']}")) == (404, "not_found")


async def test_nobody_but_an_admin_makes_deletions_final(app: Litestar, ada: Person) -> None:
    actor = Actor(ada.user.id, scopes=frozenset(Permission) - {Permission.ADMIN})
    async with app.state.unit_of_work.begin() as services:
        for purge in (services.todo_trash.purge, services.todo_trash.purge_lists):
            with pytest.raises(Forbidden):
                await purge(actor)
