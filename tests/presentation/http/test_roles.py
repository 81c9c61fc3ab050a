"""Every route into a list, asked by its owner, by those who share it, by one who no longer does, and by a stranger."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import pytest
from litestar import Litestar

from app.domain.sharing import ListRole
from app.infrastructure.database.models import Membership
from db.factories import (
    InvitationFactory,
    MembershipFactory,
    OccurrenceFactory,
    ReminderFactory,
    TodoFactory,
    TodoListFactory,
)
from tests.presentation.http.conftest import People, Person, store
from tests.presentation.http.operations import OPERATIONS, Operation

pytestmark = pytest.mark.anyio

NEEDED: Final = {
    "getList": ListRole.VIEWER,
    "updateList": ListRole.OWNER,
    "deleteList": ListRole.OWNER,
    "archiveList": ListRole.OWNER,
    "unarchiveList": ListRole.OWNER,
    "restoreList": ListRole.OWNER,
    "moveList": ListRole.OWNER,
    "transferList": ListRole.OWNER,
    "listMembers": ListRole.VIEWER,
    "updateMember": ListRole.OWNER,
    "removeMember": ListRole.OWNER,
    "listInvitations": ListRole.OWNER,
    "createInvitation": ListRole.OWNER,
    "deleteInvitation": ListRole.OWNER,
    "getTodo": ListRole.VIEWER,
    "updateTodo": ListRole.EDITOR,
    "deleteTodo": ListRole.EDITOR,
    "completeTodo": ListRole.EDITOR,
    "skipTodo": ListRole.EDITOR,
    "reopenTodo": ListRole.EDITOR,
    "cancelTodo": ListRole.EDITOR,
    "moveTodo": ListRole.EDITOR,
    "restoreTodo": ListRole.EDITOR,
    "duplicateTodo": ListRole.EDITOR,
    "listOccurrences": ListRole.VIEWER,
    "listReminders": ListRole.VIEWER,
    "createReminder": ListRole.VIEWER,
    "getReminder": ListRole.VIEWER,
    "deleteReminder": ListRole.VIEWER,
}
"""The least role that each operation on a list, or on what stands in one, takes."""

RANKS: Final = {ListRole.VIEWER: 0, ListRole.EDITOR: 1, ListRole.OWNER: 2}


@dataclass
class Shared:
    """A list with one of everything, and people who are something to it; `None` is nothing, any more or ever."""

    ids: dict[str, UUID]
    people: list[tuple[Person, ListRole | None]]


async def share(app: Litestar, people: People) -> Shared:
    owner, editor, viewer, removed, stranger, other = [await people.make() for _ in range(6)]
    made = TodoListFactory.build(owner_id=owner.user.id)
    roles = {owner.user.id: ListRole.OWNER, editor.user.id: ListRole.EDITOR, viewer.user.id: ListRole.VIEWER}
    roles |= {removed.user.id: ListRole.EDITOR, other.user.id: ListRole.EDITOR}
    memberships = [
        MembershipFactory.build(list_id=made.id, user_id=user_id, role=role) for user_id, role in roles.items()
    ]
    todo = TodoFactory.build(list_id=made.id, created_by=owner.user.id)
    invitation = InvitationFactory.build(list_id=made.id)
    await store(app, made, *memberships, todo, invitation, OccurrenceFactory.build(todo_id=todo.id))
    async with app.state.unit_of_work.database.sessions.begin() as session:
        await session.delete(await session.get(Membership, memberships[3].id))
    ids = {"listId": made.id, "userId": other.user.id, "invitationId": invitation.id, "todoId": todo.id}
    return Shared(
        ids,
        [
            (owner, ListRole.OWNER),
            (editor, ListRole.EDITOR),
            (viewer, ListRole.VIEWER),
            (removed, None),
            (stranger, None),
        ],
    )


OF_LISTS: Final = [
    operation for operation in OPERATIONS.values() if operation.path.startswith(("/api/lists/{", "/api/todos/{"))
]


def test_each_operation_says_which_role_it_takes() -> None:
    assert {operation.described["operationId"] for operation in OF_LISTS} == NEEDED.keys()


@pytest.mark.parametrize("operation", OF_LISTS, ids=lambda operation: operation.described["operationId"])
async def test_a_role_opens_what_it_grants_and_nothing_else(
    app: Litestar, people: People, operation: Operation
) -> None:
    needed = NEEDED[operation.described["operationId"]]
    for index in range(5):
        shared = await share(app, people)
        person, role = shared.people[index]
        path = operation.path
        if "{reminderId}" in path:
            reminder = ReminderFactory.build(todo_id=shared.ids["todoId"], user_id=person.user.id)
            await store(app, reminder)
            path = path.replace("{reminderId}", str(reminder.id))
        for name, value in shared.ids.items():
            path = path.replace(f"{{{name}}}", str(value))
        answer = await person.client.request(operation.method, path, json=operation.body)
        told = f"{operation.method} {path} by {role}: {answer.status_code} {answer.text}"
        if role is None:
            assert answer.status_code == 404, told
        elif RANKS[role] < RANKS[needed]:
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), told
        else:
            assert answer.status_code < 300 or answer.status_code in {409, 410, 422}, told
            # a body that broke the schema would have come to nobody who decides
            assert answer.status_code < 300 or answer.json()["code"] != "validation_failed", told
