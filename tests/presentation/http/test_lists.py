"""Lists: made, shown, changed, archived, deleted and restored."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar

from app.domain.sharing import ListRole
from db.factories.accounts import PASSWORD
from tests.presentation.http.conftest import People, Person, SettableClock
from tests.presentation.http.lists import add_list, all_lists, inbox_of, names, share, told, untold

pytestmark = pytest.mark.anyio


async def test_a_new_list_is_answered_whole_with_its_place_and_its_tag(ada: Person) -> None:
    response = await ada.client.post("/api/lists", json={"name": "  Groceries ", "colour": "#2e7d32"})
    assert response.status_code == 201
    made = response.json()
    assert made == {
        "id": made["id"],
        "version": 1,
        "name": "Groceries",
        "colour": "#2e7d32",
        "position": made["position"],
        "isInbox": False,
        "role": "owner",
        "ownerId": str(ada.user.id),
        "archivedAt": None,
        "deletedAt": None,
        "createdAt": "2030-01-01T00:00:00Z",
        "updatedAt": "2030-01-01T00:00:00Z",
    }
    assert (response.headers["location"], response.headers["etag"]) == (f"/api/lists/{made['id']}", '"1"')
    assert (await ada.client.get(response.headers["location"])).json() == made
    held = await ada.client.get(response.headers["location"], headers={"If-None-Match": '"1"'})
    assert (held.status_code, held.content) == (304, b"")


async def test_everybody_who_signs_up_has_one_inbox(client: httpx.AsyncClient) -> None:
    registration = {"email": "new.person@example.com", "password": PASSWORD, "name": "New"}
    token = (await client.post("/api/auth/register", json=registration)).json()["accessToken"]
    (inbox,) = (await client.get("/api/lists", headers={"Authorization": f"Bearer {token}"})).json()["items"]
    assert (inbox["name"], inbox["isInbox"], inbox["role"], inbox["position"]) == ("Inbox", True, "owner", "a0")


async def test_new_lists_go_behind_those_there_are(ada: Person) -> None:
    for name in "cab":
        await add_list(ada, name)
    assert await names(ada) == ["Inbox", "c", "a", "b"]


async def test_a_patch_changes_what_it_names_and_null_clears(ada: Person, clock: SettableClock) -> None:
    made = await add_list(ada, colour="#2e7d32")
    path = f"/api/lists/{made['id']}"
    clock.advance(minutes=1)
    changed = await ada.client.patch(path, json={"name": "Food"})
    expected = {**made, "name": "Food", "version": 2, "updatedAt": "2030-01-01T00:01:00Z"}
    assert (changed.json(), changed.headers["etag"]) == (expected, '"2"')
    assert (await ada.client.patch(path, json={})).json() == expected
    assert (await ada.client.patch(path, json={"colour": None})).json()["colour"] is None
    inbox = await inbox_of(ada)
    assert (await ada.client.patch(f"/api/lists/{inbox['id']}", json={"name": "In"})).json()["name"] == "In"


BODY_FAULTS: list[tuple[dict[str, Any], list[tuple[str, list[str]]]]] = [
    ({}, [("invalid_type", ["name"])]),
    ({"name": " "}, [("invalid_format", ["name"])]),
    ({"name": "x" * 121}, [("too_big", ["name"])]),
    ({"name": "x", "colour": "green"}, [("invalid_format", ["colour"])]),
    ({"name": "x", "colour": "#2E7D32"}, [("invalid_format", ["colour"])]),
    ({"name": "x", "position": "a1", "isInbox": True}, [("unrecognized_keys", [])]),
    ({"name": "a\0b"}, [("invalid_format", ["name"])]),
]


@pytest.mark.parametrize(("body", "expected"), BODY_FAULTS)
async def test_every_fault_of_a_list_is_named(
    ada: Person, body: dict[str, Any], expected: list[tuple[str, list[str]]]
) -> None:
    response = await ada.client.post("/api/lists", json=body)
    assert response.status_code == 422
    assert [(issue["code"], issue["path"]) for issue in response.json()["issues"]] == expected
    assert await names(ada) == ["Inbox"]


async def test_a_stale_change_meets_the_present_list_and_changes_nothing(ada: Person) -> None:
    path = f"/api/lists/{(await add_list(ada))['id']}"
    current = (await ada.client.patch(path, json={"name": "Second"}, headers={"If-Match": '"1"'})).json()
    for stale in (
        await ada.client.patch(path, json={"name": "Third"}, headers={"If-Match": '"1"'}),
        await ada.client.patch(path, json={}, headers={"If-Match": '"1"'}),
        await ada.client.delete(path, headers={"If-Match": '"1"'}),
    ):
        assert told(stale) == (412, "stale_version")
        assert stale.json()["current"] == current
    assert (await ada.client.delete(path, headers={"If-Match": '"2"'})).status_code == 204


async def test_a_deleted_list_is_its_owners_to_see_in_the_trash_alone(app: Litestar, ada: Person, bob: Person) -> None:
    made = await add_list(ada)
    path = f"/api/lists/{made['id']}"
    await share(app, made["id"], bob, ListRole.EDITOR)
    deleted = await ada.client.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    trashed = (await ada.client.get(path)).json()
    assert (trashed["deletedAt"], trashed["version"]) == ("2030-01-01T00:00:00Z", 2)
    assert await all_lists(ada, state="trashed") == [trashed]
    assert await names(ada) == ["Inbox"]
    for refused in (
        await ada.client.patch(path, json={"name": "Back?"}),
        await ada.client.delete(path),
        await ada.client.post(f"{path}/archive"),
        await ada.client.post(f"{path}/unarchive"),
        await ada.client.post(f"{path}/move", json={"afterId": (await inbox_of(ada))["id"]}),
        await ada.client.post(f"{path}/transfer", json={"userId": str(bob.user.id)}),
        await ada.client.get(f"{path}/members"),
        await ada.client.get(f"{path}/invitations"),
        await ada.client.post(f"{path}/invitations", json={"role": "editor"}),
        await ada.client.delete(f"{path}/members/{bob.user.id}"),
        await bob.client.get(path),
        await bob.client.post(f"{path}/restore"),
        await bob.client.delete(f"{path}/members/{bob.user.id}"),
    ):
        assert told(refused) == (404, "not_found")
    assert await all_lists(bob, state="trashed") == []
    restored = await ada.client.post(f"{path}/restore")
    assert (restored.status_code, restored.json()) == (200, {**made, "version": 3})
    assert (await ada.client.post(f"{path}/restore")).json()["version"] == 3
    assert (await bob.client.get(path)).json()["role"] == "editor"


async def test_invariant_4_an_archived_list_is_for_reading_only(
    app: Litestar, ada: Person, bob: Person, people: People
) -> None:
    made, cleo = await add_list(ada), await people.make()
    path = f"/api/lists/{made['id']}"
    for person, role in ((bob, ListRole.EDITOR), (cleo, ListRole.VIEWER)):
        await share(app, made["id"], person, role)
    invitation = (await ada.client.post(f"{path}/invitations", json={"role": "viewer"})).json()
    archived = (await ada.client.post(f"{path}/archive")).json()
    assert (archived["archivedAt"], archived["version"]) == ("2030-01-01T00:00:00Z", 2)
    assert (await ada.client.post(f"{path}/archive")).json() == archived
    for refused in (
        await ada.client.patch(path, json={"name": "Food"}),
        await ada.client.post(f"{path}/move", json={"beforeId": (await inbox_of(ada))["id"]}),
        await ada.client.patch(f"{path}/members/{bob.user.id}", json={"role": "viewer"}),
        await ada.client.delete(f"{path}/members/{bob.user.id}"),
        await ada.client.post(f"{path}/invitations", json={"role": "editor"}),
        await ada.client.delete(f"{path}/invitations/{invitation['id']}"),
        await (await people.make()).client.post("/api/invitations/accept", json={"token": invitation["token"]}),
    ):
        assert told(refused) == (409, "list_archived")
    assert (await ada.client.patch(path, json={})).json() == archived
    assert await all_lists(ada, state="archived") == [archived]
    assert await names(bob, state="archived") == ["Groceries"]
    assert await names(ada) == ["Inbox"]
    assert (await cleo.client.delete(f"{path}/members/{cleo.user.id}")).status_code == 204
    given = await ada.client.post(f"{path}/transfer", json={"userId": str(bob.user.id)})
    assert (given.status_code, given.json()["archivedAt"]) == (200, archived["archivedAt"])
    assert (await bob.client.delete(path)).status_code == 204
    assert (await bob.client.post(f"{path}/restore")).json()["archivedAt"] == archived["archivedAt"]
    unarchived = await bob.client.post(f"{path}/unarchive")
    assert (unarchived.status_code, unarchived.json()["archivedAt"]) == (200, None)
    assert (await bob.client.post(f"{path}/unarchive")).json() == unarchived.json()
    assert (await bob.client.patch(path, json={"name": "Food"})).status_code == 200


async def test_the_inbox_is_neither_deleted_nor_archived_nor_given_away(
    app: Litestar, ada: Person, bob: Person
) -> None:
    inbox = await inbox_of(ada)
    await share(app, inbox["id"], bob, ListRole.EDITOR)
    path = f"/api/lists/{inbox['id']}"
    for refused in (
        await ada.client.delete(path),
        await ada.client.post(f"{path}/archive"),
        await ada.client.post(f"{path}/transfer", json={"userId": str(bob.user.id)}),
    ):
        assert told(refused) == (409, "inbox_immutable")
    assert (await ada.client.get(path)).json() == inbox
    assert await names(bob) == ["Inbox", "Inbox"]


async def test_a_person_has_so_many_active_lists_however_they_come_by_them(
    app: Litestar, ada: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    archived, trashed, given = [await add_list(ada, name) for name in ("archived", "trashed", "given")]
    await ada.client.post(f"/api/lists/{archived['id']}/archive")
    await ada.client.delete(f"/api/lists/{trashed['id']}")
    await share(app, given["id"], bob, ListRole.VIEWER)
    monkeypatch.setattr("app.domain.lists.LISTS_MAX", 2)
    for refused in (
        await ada.client.post("/api/lists", json={"name": "One more"}),
        await ada.client.post(f"/api/lists/{archived['id']}/unarchive"),
        await ada.client.post(f"/api/lists/{trashed['id']}/restore"),
    ):
        assert told(refused) == (409, "too_many_lists")
    await add_list(bob)
    transfer = {"userId": str(bob.user.id)}
    assert told(await ada.client.post(f"/api/lists/{given['id']}/transfer", json=transfer)) == (409, "too_many_lists")
    # what others own counts for them alone
    assert (await names(ada), await names(bob)) == (["Inbox", "given"], ["Inbox", "given", "Groceries"])
    await ada.client.post(f"/api/lists/{given['id']}/archive")
    assert (await ada.client.post(f"/api/lists/{given['id']}/transfer", json=transfer)).status_code == 200
    # connections are opened beforehand, or the first request would be through before the others begin
    await asyncio.gather(*(ada.client.get("/api/lists") for _ in range(5)))
    answers = await asyncio.gather(
        *(ada.client.post("/api/lists", json={"name": name}) for name in "abc"),
        ada.client.post(f"/api/lists/{archived['id']}/unarchive"),
        ada.client.post(f"/api/lists/{trashed['id']}/restore"),
    )
    assert sorted(answer.status_code < 300 for answer in answers) == [False] * 4 + [True]


def actions(list_id: str, user_id: str, sibling_id: str) -> list[tuple[str, str, dict[str, Any] | None]]:
    """Everything that may be done to a list by its owner alone."""
    path = f"/api/lists/{list_id}"
    return [
        ("PATCH", path, {"name": "Mine"}),
        ("PATCH", path, {}),
        ("DELETE", path, None),
        ("POST", f"{path}/archive", None),
        ("POST", f"{path}/unarchive", None),
        ("POST", f"{path}/restore", None),
        ("POST", f"{path}/move", {"beforeId": sibling_id}),
        ("POST", f"{path}/transfer", {"userId": user_id}),
        ("PATCH", f"{path}/members/{user_id}", {"role": "editor"}),
        ("DELETE", f"{path}/members/{uuid4()}", None),
        ("POST", f"{path}/invitations", {"role": "editor"}),
        ("GET", f"{path}/invitations", None),
        ("DELETE", f"{path}/invitations/{uuid4()}", None),
    ]


@pytest.mark.parametrize("role", [ListRole.EDITOR, ListRole.VIEWER])
async def test_editors_and_viewers_see_a_list_and_leave_it_to_its_owner(
    app: Litestar, ada: Person, bob: Person, role: ListRole
) -> None:
    made = await add_list(ada)
    await share(app, made["id"], bob, role)
    shown = (await bob.client.get(f"/api/lists/{made['id']}")).json()
    assert shown == {**made, "role": role.value}
    assert shown in await all_lists(bob)
    for method, path, body in actions(made["id"], str(bob.user.id), (await inbox_of(bob))["id"]):
        assert told(await bob.client.request(method, path, json=body)) == (403, "forbidden"), f"{method} {path}"
    assert (await ada.client.get(f"/api/lists/{made['id']}")).json() == made


async def test_az2_somebody_elses_list_reads_as_absent_and_stays_as_it_is(ada: Person, bob: Person) -> None:
    made, sibling = await add_list(ada), (await inbox_of(bob))["id"]
    absent = await bob.client.get(f"/api/lists/{uuid4()}")
    path = f"/api/lists/{made['id']}"
    seen = [("GET", path, None), ("GET", f"{path}/members", None)]
    for method, each, body in [*actions(made["id"], str(bob.user.id), sibling), *seen]:
        refused = await bob.client.request(method, each, json=body)
        assert refused.status_code == 404, f"{method} {each}"
        assert untold(refused) == untold(absent)
    for state in ("active", "archived", "trashed"):
        assert made["id"] not in {each["id"] for each in await all_lists(bob, state=state)}
    assert (await ada.client.get(path)).json() == made
