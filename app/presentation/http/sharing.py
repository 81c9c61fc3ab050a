"""Members of lists, and invitations, over HTTP."""

from typing import Final
from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody

from app.application.sharing.schemas import (
    InvitationCreate,
    InvitationPage,
    InvitationQuery,
    Member,
    MemberList,
    MemberUpdate,
    NewInvitation,
)
from app.application.unit_of_work import Services
from app.domain.access import Actor, Permission
from app.domain.lists import ListArchived
from app.domain.sharing import LastOwner
from app.presentation.http.administration import provide_user_id
from app.presentation.http.decoding import parse_uuid
from app.presentation.http.dependencies import query_of
from app.presentation.http.guards import requires
from app.presentation.http.limits import ORDINARY
from app.presentation.http.openapi import raises

READ: Final = [requires(Permission.LISTS_READ)]
WRITE: Final = [requires(Permission.LISTS_WRITE)]


async def provide_list_id(listId: FromPath[str]) -> UUID:  # noqa: N803 -- as the path has it, in camel case
    """The list that the path names."""
    return parse_uuid("listId", listId)


async def provide_invitation_id(invitationId: FromPath[str]) -> UUID:  # noqa: N803 -- as above
    """The invitation that the path names."""
    return parse_uuid("invitationId", invitationId)


class MemberController(Controller):
    """Those who share a list."""

    path = "/api/lists/{listId:str}/members"
    tags = ["Sharing"]
    guards = [ORDINARY]
    dependencies = {"list_id": Provide(provide_list_id), "user_id": Provide(provide_user_id)}

    @get(guards=READ, operation_id="listMembers", summary="List the members of a list")
    async def list_members(
        self, services: NamedDependency[Services], actor: NamedDependency[Actor], list_id: NamedDependency[UUID]
    ) -> MemberList:
        """List those who share a list, its owner among them."""
        return await services.sharing.list_members(actor, list_id)

    @patch(
        "/{userId:str}",
        guards=WRITE,
        operation_id="updateMember",
        summary="Change a member's role",
        opt=raises(LastOwner, ListArchived),
    )
    async def update_member(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        list_id: NamedDependency[UUID],
        user_id: NamedDependency[UUID],
        data: JSONBody[MemberUpdate],
    ) -> Member:
        """Give a member of your list another role; for another owner, transfer the list."""
        return await services.sharing.update_member(actor, list_id, user_id, data)

    @delete(
        "/{userId:str}",
        guards=WRITE,
        operation_id="removeMember",
        summary="Remove a member, or leave a list",
        opt=raises(LastOwner, ListArchived),
    )
    async def remove_member(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        list_id: NamedDependency[UUID],
        user_id: NamedDependency[UUID],
    ) -> None:
        """Remove a member from your list, or leave somebody else's by your own id.

        The list is out of their reach at once, and what they were assigned or reminded of there ends.
        """
        await services.sharing.remove_member(actor, list_id, user_id)


class InvitationController(Controller):
    """Invitations to a list."""

    path = "/api/lists/{listId:str}/invitations"
    tags = ["Sharing"]
    guards = [ORDINARY]
    dependencies = {"list_id": Provide(provide_list_id), "invitation_id": Provide(provide_invitation_id)}

    @post(
        guards=WRITE,
        operation_id="createInvitation",
        summary="Invite somebody to a list",
        opt=raises(ListArchived),
    )
    async def create_invitation(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        list_id: NamedDependency[UUID],
        data: JSONBody[InvitationCreate],
    ) -> NewInvitation:
        """Make an invitation to your list: hand its token, which is told here alone, to whom you want to share it.

        It is good for seven days, and for one person.
        """
        return await services.sharing.create_invitation(actor, list_id, data)

    @get(guards=READ, operation_id="listInvitations", summary="List invitations", **query_of(InvitationQuery))
    async def list_invitations(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        list_id: NamedDependency[UUID],
        parameters: NamedDependency[InvitationQuery],
    ) -> InvitationPage:
        """List the invitations to your list that are still good, newest first."""
        return await services.sharing.list_invitations(actor, list_id, parameters)

    @delete(
        "/{invitationId:str}",
        guards=WRITE,
        operation_id="deleteInvitation",
        summary="Take an invitation back",
        opt=raises(ListArchived),
    )
    async def delete_invitation(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        list_id: NamedDependency[UUID],
        invitation_id: NamedDependency[UUID],
    ) -> None:
        """Take back an invitation that nobody has accepted yet."""
        await services.sharing.delete_invitation(actor, list_id, invitation_id)
