"""Invitations: handed out by a list's owner, good once, for seven days."""

import asyncio
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from litestar import Litestar
from sqlalchemy import select

from app.application.sharing.schemas import GivenRole
from app.domain.access import UserRole
from app.domain.sharing import INVITABLE, MEMBERS_MAX, ListRole
from app.infrastructure.database.models import Invitation, Membership
from db.factories import InvitationFactory, MembershipFactory, UserFactory
from tests.presentation.http.conftest import People, Person, SettableClock, store
from tests.presentation.http.lists import accept, add_list, invite, names, share, stay, told, untold

pytestmark = pytest.mark.anyio


@pytest.fixture
async def made(ada: Person) -> dict[str, Any]:
    """A list of Ada's."""
    return await add_list(ada)


async def stored(app: Litestar, list_id: str) -> list[Invitation]:
    async with app.state.unit_of_work.database.sessions() as session:
        return list(await session.scalars(select(Invitation).where(Invitation.list_id == list_id)))


async def members(app: Litestar, list_id: str) -> dict[str, ListRole]:
    async with app.state.unit_of_work.database.sessions() as session:
        found = await session.scalars(select(Membership).where(Membership.list_id == list_id))
        return {str(membership.user_id): membership.role for membership in found}


def test_every_role_but_that_of_the_owner_is_given_to_others() -> None:
    assert {ListRole(role) for role in GivenRole} == INVITABLE


async def test_an_invitation_is_told_with_its_token_once_and_only_a_hash_is_kept(
    app: Litestar, ada: Person, made: dict[str, Any]
) -> None:
    path = f"/api/lists/{made['id']}/invitations"
    response = await ada.client.post(path, json={"role": "viewer"})
    assert response.status_code == 201
    invitation = response.json()
    token = invitation.pop("token")
    assert invitation == {
        "id": invitation["id"],
        "listId": made["id"],
        "role": "viewer",
        "expiresAt": "2030-01-08T00:00:00Z",
        "createdAt": "2030-01-01T00:00:00Z",
    }
    listed = await ada.client.get(path)
    assert listed.json() == {"items": [invitation], "nextCursor": None}
    assert token not in listed.text
    (row,) = await stored(app, made["id"])
    assert (row.token_hash, row.invited_by) == (sha256(token.encode()).digest(), ada.user.id)
    assert len({(await invite(ada, made["id"]))["token"] for _ in range(5)} | {token}) == 6


async def test_an_invitation_names_a_role_that_is_to_be_given(ada: Person, made: dict[str, Any]) -> None:
    bodies: list[Any] = [{}, {"role": "owner"}, {"role": None}, {"role": "viewer", "email": "x@example.com"}]
    for body in bodies:
        refused = await ada.client.post(f"/api/lists/{made['id']}/invitations", json=body)
        assert told(refused) == (422, "validation_failed")


@pytest.mark.parametrize("role", ["editor", "viewer"])
async def test_who_accepts_shares_the_list(
    ada: Person, bob: Person, made: dict[str, Any], clock: SettableClock, role: str
) -> None:
    invitation = await invite(ada, made["id"], role)
    clock.advance(days=6, hours=23)
    stay(ada, bob)
    response = await accept(bob, invitation["token"])
    expected = {**made, "role": role, "version": 2, "updatedAt": "2030-01-07T23:00:00Z"}
    assert (response.status_code, response.json(), response.headers["etag"]) == (200, expected, '"2"')
    assert (await bob.client.get(f"/api/lists/{made['id']}")).json() == expected
    assert (await ada.client.get(f"/api/lists/{made['id']}/invitations")).json()["items"] == []


async def test_an_invitation_is_good_once(ada: Person, bob: Person, people: People, made: dict[str, Any]) -> None:
    invitation = await invite(ada, made["id"])
    assert (await accept(bob, invitation["token"])).status_code == 200
    assert told(await accept(await people.make(), invitation["token"])) == (410, "invitation_used")
    await ada.client.delete(f"/api/lists/{made['id']}/members/{bob.user.id}")
    assert told(await accept(bob, invitation["token"])) == (410, "invitation_used")
    path = f"/api/lists/{made['id']}/invitations/{invitation['id']}"
    assert told(await ada.client.delete(path)) == (404, "not_found")
    assert await names(bob) == ["Inbox"]


async def test_an_invitation_is_good_for_seven_days(
    ada: Person, bob: Person, made: dict[str, Any], clock: SettableClock
) -> None:
    invitation = await invite(ada, made["id"])
    clock.advance(days=7)
    stay(ada, bob)
    assert told(await accept(bob, invitation["token"])) == (410, "invitation_expired")
    page = await ada.client.get(f"/api/lists/{made['id']}/invitations?includeTotal=true")
    assert page.json() == {"items": [], "nextCursor": None, "total": 0}
    assert await names(bob) == ["Inbox"]


async def test_members_need_no_invitation_and_use_none_up(
    app: Litestar, ada: Person, bob: Person, people: People, made: dict[str, Any]
) -> None:
    invitation = await invite(ada, made["id"], "editor")
    await share(app, made["id"], bob, ListRole.VIEWER)
    for person in (ada, bob):
        assert told(await accept(person, invitation["token"])) == (409, "already_member")
    assert (await accept(await people.make(), invitation["token"])).status_code == 200
    assert (await members(app, made["id"]))[str(bob.user.id)] is ListRole.VIEWER


async def test_what_leads_nowhere_is_not_found(ada: Person, bob: Person, made: dict[str, Any]) -> None:
    taken_back, trashed = await invite(ada, made["id"]), await invite(ada, made["id"])
    path = f"/api/lists/{made['id']}"
    deleted = await ada.client.delete(f"{path}/invitations/{taken_back['id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    await ada.client.delete(path)
    answers = [await accept(bob, token) for token in (taken_back["token"], trashed["token"], "x", "é\u202e", "'--")]
    for answer in answers:
        assert told(answer) == (404, "not_found")
        assert untold(answer) == untold(answers[0])
    for token in ("", "x" * 257, "\0", 1, None):
        refused = await bob.client.post("/api/invitations/accept", json={"token": token})
        assert told(refused) == (422, "validation_failed")
    await ada.client.post(f"{path}/restore")
    assert (await accept(bob, trashed["token"])).status_code == 200


async def test_of_parallel_accepts_of_one_invitation_one_succeeds(
    app: Litestar, ada: Person, people: People, made: dict[str, Any]
) -> None:
    invitation = await invite(ada, made["id"])
    crowd = [await people.make() for _ in range(6)]
    answers = await asyncio.gather(*(accept(person, invitation["token"]) for person in crowd))
    assert sorted(map(told, answers), key=str) == [(200, None), *[(410, "invitation_used")] * 5]
    assert len(await members(app, made["id"])) == 2


async def test_of_parallel_accepts_by_one_person_one_succeeds(
    app: Litestar, ada: Person, bob: Person, made: dict[str, Any]
) -> None:
    invitations = [await invite(ada, made["id"]) for _ in range(4)]
    answers = await asyncio.gather(*(accept(bob, invitation["token"]) for invitation in invitations))
    assert sorted(map(told, answers), key=str) == [(200, None), *[(409, "already_member")] * 3]
    unused = [invitation for invitation in await stored(app, made["id"]) if invitation.accepted_at is None]
    assert len(unused) == 3


async def test_a_list_has_fifty_members_however_many_accept_at_once(
    app: Litestar, ada: Person, people: People, made: dict[str, Any]
) -> None:
    others = UserFactory.batch(MEMBERS_MAX - 3)
    await store(
        app, *others, *(MembershipFactory.build(list_id=made["id"], user_id=u.id, role="viewer") for u in others)
    )
    crowd = [await people.make() for _ in range(5)]
    invitations = [await invite(ada, made["id"]) for _ in crowd]
    answers = await asyncio.gather(
        *(accept(person, invitation["token"]) for person, invitation in zip(crowd, invitations, strict=True))
    )
    expected = [(200, None)] * 2 + [(409, "too_many_members")] * 3
    assert sorted(map(told, answers), key=str) == expected
    assert len(await members(app, made["id"])) == MEMBERS_MAX
    shown = (await ada.client.get(f"/api/lists/{made['id']}/members")).json()["items"]
    assert len(shown) == MEMBERS_MAX
    # whoever was too many may come when there is room
    late = next(i for i, answer in enumerate(answers) if answer.status_code == 409)
    await ada.client.delete(f"/api/lists/{made['id']}/members/{others[0].id}")
    assert (await accept(crowd[late], invitations[late]["token"])).status_code == 200


async def test_invitations_are_listed_newest_first_page_by_page(
    app: Litestar, ada: Person, made: dict[str, Any], clock: SettableClock
) -> None:
    ids: list[str] = []
    for number in range(5):
        if number % 2:
            clock.advance(seconds=1)
        ids.append((await invite(ada, made["id"]))["id"])
    path = f"/api/lists/{made['id']}/invitations"
    seen: list[str] = []
    parameters: dict[str, str | int] = {"limit": 2}
    while True:
        page = (await ada.client.get(path, params=parameters)).json()
        seen += [each["id"] for each in page["items"]]
        if page["nextCursor"] is None:
            break
        parameters["cursor"] = page["nextCursor"]
    assert seen == ids[::-1]
    assert (await ada.client.get(f"{path}?includeTotal=true&limit=1")).json()["total"] == 5
    other = await add_list(ada, "Other")
    await store(app, *InvitationFactory.batch(2, list_id=other["id"]))
    borrowed = await ada.client.get(f"/api/lists/{other['id']}/invitations", params=parameters)
    assert (borrowed.status_code, borrowed.json()["issues"][0]["path"]) == (422, ["cursor"])


async def test_an_invitation_is_taken_back_under_its_own_list_alone(
    app: Litestar, ada: Person, made: dict[str, Any]
) -> None:
    invitation, other = await invite(ada, made["id"]), await add_list(ada, "Other")
    for path in (
        f"/api/lists/{other['id']}/invitations/{invitation['id']}",
        f"/api/lists/{made['id']}/invitations/{uuid4()}",
    ):
        assert told(await ada.client.delete(path)) == (404, "not_found")
    assert len(await stored(app, made["id"])) == 1


async def test_who_accepted_what_is_on_record_without_the_token(
    ada: Person, bob: Person, people: People, made: dict[str, Any]
) -> None:
    invitation = await invite(ada, made["id"], "viewer")
    await accept(bob, invitation["token"])
    admin = await people.make(role=UserRole.ADMIN)
    page = await admin.client.get("/api/audit-events?limit=100")
    (event,) = [
        each
        for each in page.json()["items"]
        if each["action"] == "invitation.accept" and each["subjectId"] == str(bob.user.id)
    ]
    assert (event["actorId"], event["detail"]) == (str(bob.user.id), f"list: {made['id']}, role: viewer")
    assert invitation["token"] not in page.text
