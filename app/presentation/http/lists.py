"""Lists over HTTP."""

from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from app.application.lists.schemas import (
    ListCreate,
    ListMove,
    ListPage,
    ListQuery,
    ListTransfer,
    ListUpdate,
    TodoList,
)
from app.application.sharing.schemas import InvitationAccept
from app.application.unit_of_work import Services
from app.domain.access import Actor
from app.domain.errors import NotFound
from app.domain.lists import InboxImmutable, ListArchived, TooManyLists
from app.domain.ordering import NotASibling
from app.domain.sharing import AlreadyMember, InvitationExpired, InvitationUsed, NotAMember, TooManyMembers
from app.presentation.http.dependencies import provide_versions, query_of
from app.presentation.http.limits import ORDINARY
from app.presentation.http.openapi import raises
from app.presentation.http.sharing import READ, WRITE, provide_list_id


class ListController(Controller):
    """The lists that the caller shares, their own among them."""

    path = "/api/lists"
    tags = ["Lists"]
    guards = [ORDINARY]
    dependencies = {"list_id": Provide(provide_list_id)}

    @get(guards=READ, operation_id="listLists", summary="List lists", **query_of(ListQuery))
    async def list_lists(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        parameters: NamedDependency[ListQuery],
    ) -> ListPage:
        """List your lists and those that are shared with you, in the order of their positions."""
        return await services.lists.list(actor, parameters)

    @post(guards=WRITE, operation_id="createList", summary="Create a list", opt=raises(TooManyLists))
    async def create_list(
        self, services: NamedDependency[Services], actor: NamedDependency[Actor], data: JSONBody[ListCreate]
    ) -> TodoList:
        """Make a list of your own, behind those you have."""
        return await services.lists.create(actor, data)

    @get("/{listId:str}", guards=READ, operation_id="getList", summary="Get a list")
    async def get_list(
        self, services: NamedDependency[Services], actor: NamedDependency[Actor], list_id: NamedDependency[UUID]
    ) -> TodoList:
        """Look at one list; your own may be in the trash."""
        return await services.lists.get(actor, list_id)

    @patch(
        "/{listId:str}",
        guards=WRITE,
        operation_id="updateList",
        summary="Update a list",
        dependencies={"versions": Provide(provide_versions)},
        opt=raises(ListArchived),
    )
    async def update_list(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        list_id: NamedDependency[UUID],
        versions: NamedDependency[frozenset[int] | None],
        data: JSONBody[ListUpdate],
    ) -> TodoList:
        """Change the fields you send and no others."""
        return await services.lists.update(actor, list_id, data, versions=versions)

    @delete(
        "/{listId:str}",
        guards=WRITE,
        operation_id="deleteList",
        summary="Delete a list",
        dependencies={"versions": Provide(provide_versions)},
        opt=raises(InboxImmutable),
    )
    async def delete_list(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        list_id: NamedDependency[UUID],
        versions: NamedDependency[frozenset[int] | None],
    ) -> None:
        """Put a list of yours in the trash with all that it holds; nobody else sees it there."""
        await services.lists.delete(actor, list_id, versions=versions)

    @post(
        "/{listId:str}/archive",
        guards=WRITE,
        operation_id="archiveList",
        summary="Archive a list",
        status_code=HTTP_200_OK,
        opt=raises(InboxImmutable),
    )
    async def archive_list(
        self, services: NamedDependency[Services], actor: NamedDependency[Actor], list_id: NamedDependency[UUID]
    ) -> TodoList:
        """Make a list of yours, and all that it holds, for reading only."""
        return await services.lists.archive(actor, list_id)

    @post(
        "/{listId:str}/unarchive",
        guards=WRITE,
        operation_id="unarchiveList",
        summary="Unarchive a list",
        status_code=HTTP_200_OK,
        opt=raises(TooManyLists),
    )
    async def unarchive_list(
        self, services: NamedDependency[Services], actor: NamedDependency[Actor], list_id: NamedDependency[UUID]
    ) -> TodoList:
        """Let an archived list be changed again."""
        return await services.lists.unarchive(actor, list_id)

    @post(
        "/{listId:str}/restore",
        guards=WRITE,
        operation_id="restoreList",
        summary="Restore a list",
        status_code=HTTP_200_OK,
        opt=raises(TooManyLists),
    )
    async def restore_list(
        self, services: NamedDependency[Services], actor: NamedDependency[Actor], list_id: NamedDependency[UUID]
    ) -> TodoList:
        """Take a list of yours out of the trash, for all who share it."""
        return await services.lists.restore(actor, list_id)

    @post(
        "/{listId:str}/move",
        guards=WRITE,
        operation_id="moveList",
        summary="Move a list",
        status_code=HTTP_200_OK,
        opt=raises(ListArchived, NotASibling),
    )
    async def move_list(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        list_id: NamedDependency[UUID],
        data: JSONBody[ListMove],
    ) -> TodoList:
        """Put a list of yours behind another of them, or ahead of it."""
        return await services.lists.move(actor, list_id, data)

    @post(
        "/{listId:str}/transfer",
        guards=WRITE,
        operation_id="transferList",
        summary="Transfer a list",
        status_code=HTTP_200_OK,
        opt=raises(InboxImmutable, NotAMember, TooManyLists),
    )
    async def transfer_list(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        list_id: NamedDependency[UUID],
        data: JSONBody[ListTransfer],
    ) -> TodoList:
        """Make another member the owner of your list; you become an editor of it."""
        return await services.lists.transfer(actor, list_id, data)


class AcceptanceController(Controller):
    """What invited people do."""

    path = "/api/invitations"
    tags = ["Sharing"]
    guards = [ORDINARY]

    @post(
        "/accept",
        guards=WRITE,
        operation_id="acceptInvitation",
        summary="Accept an invitation",
        status_code=HTTP_200_OK,
        opt=raises(AlreadyMember, InvitationExpired, InvitationUsed, ListArchived, NotFound, TooManyMembers),
    )
    async def accept_invitation(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        data: JSONBody[InvitationAccept],
    ) -> TodoList:
        """Share the list whose invitation you were handed; an unknown token is answered 404."""
        return await services.lists.accept_invitation(actor, data)
