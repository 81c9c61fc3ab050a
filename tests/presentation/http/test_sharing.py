"""Who shares a list: members seen, given other roles, removed and leaving, and the list given away."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import pytest
from litestar import Litestar
from sqlalchemy import select

from app.domain.access import UserRole
from app.domain.sharing import ListRole
from app.infrastructure.database.models import Reminder, Todo
from db.factories import NOW, ReminderFactory, TodoFactory
from tests.presentation.http.conftest import People, Person, SettableClock, store
from tests.presentation.http.lists import add_list, all_lists, inbox_of, names, share, told, untold

pytestmark = pytest.mark.anyio

Events: TypeAlias = Callable[[Person], Awaitable[list[tuple[str, str, str]]]]


@pytest.fixture
async def shared(app: Litestar, ada: Person, bob: Person) -> dict[str, Any]:
    """A list of Ada's, which Bob edits."""
    made = await add_list(ada)
    await share(app, made["id"], bob, ListRole.EDITOR)
    return made


@pytest.fixture
async def cleo(app: Litestar, people: People, shared: dict[str, Any]) -> Person:
    """Who may look at the list."""
    viewer = await people.make()
    await share(app, shared["id"], viewer, ListRole.VIEWER)
    return viewer


async def roles(person: Person, list_id: str) -> dict[str, str]:
    """What each member is, by account."""
    response = await person.client.get(f"/api/lists/{list_id}/members")
    assert response.status_code == 200, response.text
    return {member["userId"]: member["role"] for member in response.json()["items"]}


async def test_members_see_each_other_and_nobody_else_does(
    ada: Person, bob: Person, people: People, shared: dict[str, Any]
) -> None:
    path = f"/api/lists/{shared['id']}/members"
    found = (await ada.client.get(path)).json()
    assert found == (await bob.client.get(path)).json()
    assert found["items"] == [
        {
            "userId": str(person.user.id),
            "name": person.user.name,
            "email": person.user.email,
            "role": role,
            "createdAt": "2030-01-01T00:00:00Z",
        }
        for person, role in ((ada, "owner"), (bob, "editor"))
    ]
    stranger = await people.make(role=UserRole.ADMIN)
    refused = await stranger.client.get(path)
    assert untold(refused) == untold(await stranger.client.get(f"/api/lists/{uuid4()}/members"))


async def test_the_owner_gives_a_member_another_role(
    ada: Person, bob: Person, shared: dict[str, Any], clock: SettableClock
) -> None:
    path = f"/api/lists/{shared['id']}/members/{bob.user.id}"
    clock.advance(minutes=1)
    changed = await ada.client.patch(path, json={"role": "viewer"})
    assert (changed.status_code, changed.json()["role"]) == (200, "viewer")
    seen = (await bob.client.get(f"/api/lists/{shared['id']}")).json()
    assert seen == {**shared, "role": "viewer", "version": 2, "updatedAt": "2030-01-01T00:01:00Z"}
    for change in ({"role": "viewer"}, {}):
        assert (await ada.client.patch(path, json=change)).json() == changed.json()
    assert (await bob.client.get(f"/api/lists/{shared['id']}")).json() == seen


async def test_a_list_gets_another_owner_by_transfer_alone(ada: Person, bob: Person, shared: dict[str, Any]) -> None:
    path = f"/api/lists/{shared['id']}/members"
    for role in ("owner", "admin", None, 1):
        refused = await ada.client.patch(f"{path}/{bob.user.id}", json={"role": role})
        assert told(refused) == (422, "validation_failed")
    own = f"{path}/{ada.user.id}"
    for refused in (await ada.client.patch(own, json={"role": "editor"}), await ada.client.delete(own)):
        assert told(refused) == (409, "last_owner")
    assert set((await roles(ada, shared["id"])).values()) == {"owner", "editor"}


async def test_who_is_no_member_is_not_found_among_them(ada: Person, people: People, shared: dict[str, Any]) -> None:
    for user_id in (uuid4(), (await people.make()).user.id):
        path = f"/api/lists/{shared['id']}/members/{user_id}"
        assert told(await ada.client.patch(path, json={"role": "viewer"})) == (404, "not_found")
        assert told(await ada.client.delete(path)) == (404, "not_found")


async def test_members_leave_but_remove_nobody(
    ada: Person, bob: Person, cleo: Person, shared: dict[str, Any], clock: SettableClock
) -> None:
    path = f"/api/lists/{shared['id']}/members"
    for person, other in ((bob, cleo), (cleo, bob), (bob, ada)):
        assert told(await person.client.delete(f"{path}/{other.user.id}")) == (403, "forbidden")
    clock.advance(minutes=1)
    for person in (bob, cleo):
        left = await person.client.delete(f"{path}/{person.user.id}")
        assert (left.status_code, left.content) == (204, b"")
        assert told(await person.client.delete(f"{path}/{person.user.id}")) == (404, "not_found")
    assert await roles(ada, shared["id"]) == {str(ada.user.id): "owner"}
    (seen,) = [each for each in await all_lists(ada) if each["id"] == shared["id"]]
    assert (seen["version"], seen["updatedAt"]) == (3, "2030-01-01T00:01:00Z")


@pytest.mark.parametrize("leaves", [True, False])
async def test_invariant_6_who_loses_a_list_loses_every_route_to_it_at_once(
    ada: Person, bob: Person, shared: dict[str, Any], *, leaves: bool
) -> None:
    path = f"/api/lists/{shared['id']}"
    own = f"{path}/members/{bob.user.id}"
    assert (await bob.client.get(path)).status_code == 200
    assert (await (bob if leaves else ada).client.delete(own)).status_code == 204
    sibling = (await inbox_of(bob))["id"]
    requests: list[tuple[str, str, Any]] = [
        ("GET", path, None),
        ("PATCH", path, {"name": "Mine"}),
        ("DELETE", path, None),
        *(("POST", f"{path}/{verb}", None) for verb in ("archive", "unarchive", "restore")),
        ("POST", f"{path}/move", {"afterId": sibling}),
        ("POST", f"{path}/transfer", {"userId": str(bob.user.id)}),
        ("GET", f"{path}/members", None),
        ("PATCH", own, {"role": "editor"}),
        ("DELETE", own, None),
        ("POST", f"{path}/invitations", {"role": "editor"}),
        ("GET", f"{path}/invitations", None),
        ("DELETE", f"{path}/invitations/{uuid4()}", None),
    ]
    for method, each, body in requests:
        assert told(await bob.client.request(method, each, json=body)) == (404, "not_found"), f"{method} {each}"
    assert await names(bob) == ["Inbox"]
    assert (await ada.client.get(path)).json() == {**shared, "version": 2}


@pytest.mark.parametrize("leaves", [True, False])
async def test_invariant_6_assignments_and_reminders_end_with_the_membership(
    app: Litestar, ada: Person, bob: Person, shared: dict[str, Any], *, leaves: bool
) -> None:
    places = {"list": UUID(shared["id"]), "inbox": UUID((await inbox_of(bob))["id"])}
    todos = {
        name: TodoFactory.build(list_id=list_id, created_by=ada.user.id, assignee_id=bob.user.id)
        for name, list_id in places.items()
    }
    todos["ada's"] = TodoFactory.build(list_id=places["list"], created_by=ada.user.id, assignee_id=ada.user.id)
    reminders = [
        ReminderFactory.build(todo_id=todos[name].id, user_id=person.user.id, fire_at=NOW + timedelta(days=1))
        for name, person in (("list", bob), ("list", ada), ("inbox", bob))
    ]
    await store(app, *todos.values(), *reminders)
    path = f"/api/lists/{shared['id']}/members/{bob.user.id}"
    assert (await (bob if leaves else ada).client.delete(path)).status_code == 204
    async with app.state.unit_of_work.database.sessions() as session:
        stored = {todo.id: todo for todo in await session.scalars(select(Todo))}
        left = {
            (reminder.todo_id, reminder.user_id)
            for reminder in await session.scalars(select(Reminder))
            if reminder.todo_id in {todo.id for todo in todos.values()}
        }
    assert {name: stored[todo.id].assignee_id for name, todo in todos.items()} == {
        "list": None,
        "inbox": bob.user.id,
        "ada's": ada.user.id,
    }
    assert {name: stored[todo.id].version for name, todo in todos.items()} == {"list": 2, "inbox": 1, "ada's": 1}
    assert left == {(todos["list"].id, ada.user.id), (todos["inbox"].id, bob.user.id)}


async def test_a_list_is_given_to_a_member_and_stands_behind_all_of_theirs(
    ada: Person, bob: Person, cleo: Person, shared: dict[str, Any], clock: SettableClock
) -> None:
    path = f"/api/lists/{shared['id']}"
    await add_list(bob, "Bob's")
    clock.advance(minutes=1)
    given = await ada.client.post(f"{path}/transfer", json={"userId": str(bob.user.id)})
    assert (given.status_code, given.headers["etag"]) == (200, '"2"')
    assert given.json() == {
        **shared,
        "role": "editor",
        "ownerId": str(bob.user.id),
        "position": given.json()["position"],
        "version": 2,
        "updatedAt": "2030-01-01T00:01:00Z",
    }
    expected = ((ada, "editor"), (bob, "owner"), (cleo, "viewer"))
    assert await roles(ada, shared["id"]) == {str(person.user.id): role for person, role in expected}
    assert await names(bob) == ["Inbox", "Bob's", "Groceries"]
    assert told(await ada.client.patch(path, json={"name": "Mine"})) == (403, "forbidden")
    assert (await bob.client.patch(path, json={"name": "Mine"})).status_code == 200
    itself = await bob.client.post(f"{path}/transfer", json={"userId": str(bob.user.id)})
    assert (itself.status_code, itself.json()["version"]) == (200, 3)


async def test_a_list_is_given_to_no_stranger(ada: Person, people: People, shared: dict[str, Any]) -> None:
    for user_id in (uuid4(), (await people.make()).user.id):
        refused = await ada.client.post(f"/api/lists/{shared['id']}/transfer", json={"userId": str(user_id)})
        assert told(refused) == (422, "not_a_member")
    assert (await ada.client.get(f"/api/lists/{shared['id']}")).json() == shared


async def test_parallel_transfers_leave_one_owner(
    ada: Person, bob: Person, cleo: Person, shared: dict[str, Any]
) -> None:
    path = f"/api/lists/{shared['id']}/transfer"
    answers = await asyncio.gather(
        *(ada.client.post(path, json={"userId": str(person.user.id)}) for person in (bob, cleo, bob, cleo))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403]
    given_to = bob if answers[0].status_code == 200 or answers[2].status_code == 200 else cleo
    after = await roles(ada, shared["id"])
    assert [user_id for user_id, role in after.items() if role == "owner"] == [str(given_to.user.id)]
    assert after[str(ada.user.id)] == "editor"


async def test_a_transfer_and_the_removal_of_its_receiver_leave_an_owner(
    ada: Person, bob: Person, shared: dict[str, Any]
) -> None:
    path = f"/api/lists/{shared['id']}"
    transfer, removal = await asyncio.gather(
        ada.client.post(f"{path}/transfer", json={"userId": str(bob.user.id)}),
        bob.client.delete(f"{path}/members/{bob.user.id}"),
    )
    assert (transfer.status_code, removal.status_code) in {(200, 409), (422, 204)}
    assert sorted((await roles(ada, shared["id"])).values()) in (["editor", "owner"], ["owner"])


@pytest.fixture
async def events(people: People) -> Events:
    """Reads what the audit log has on an account, as somebody who may."""
    admin = await people.make(role=UserRole.ADMIN)

    async def on(person: Person) -> list[tuple[str, str, str]]:
        page = (await admin.client.get("/api/audit-events?limit=100")).json()["items"]
        return [
            (event["action"], event["actorId"], event["detail"])
            for event in page[::-1]
            if event["subjectId"] == str(person.user.id)
        ]

    return on


async def test_changes_of_who_shares_a_list_are_on_record_without_its_name(
    ada: Person, bob: Person, cleo: Person, shared: dict[str, Any], clock: SettableClock, events: Events
) -> None:
    path, detail = f"/api/lists/{shared['id']}", f"list: {shared['id']}"
    requests: list[tuple[Person, str, str, Any]] = [
        (ada, "PATCH", f"{path}/members/{bob.user.id}", {"role": "viewer"}),
        (ada, "POST", f"{path}/transfer", {"userId": str(bob.user.id)}),
        (bob, "DELETE", f"{path}/members/{cleo.user.id}", None),
        (ada, "DELETE", f"{path}/members/{ada.user.id}", None),
    ]
    for person, method, each, body in requests:
        clock.advance(seconds=1)
        assert (await person.client.request(method, each, json=body)).status_code < 300
    a, b = str(ada.user.id), str(bob.user.id)
    assert await events(bob) == [("member.change", a, f"{detail}, role: viewer"), ("list.transfer", a, detail)]
    assert await events(cleo) == [("member.remove", b, detail)]
    assert await events(ada) == [("member.leave", a, detail)]
