"""Other people's accounts and the audit log over HTTP, for admins."""

from uuid import UUID

from litestar import Controller, get, patch
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody

from app.application.administration.schemas import (
    AuditPage,
    AuditQuery,
    ManagedUser,
    ManagedUserPage,
    ManagedUserQuery,
    ManagedUserUpdate,
)
from app.application.unit_of_work import Services
from app.domain.access import Actor, Permission
from app.domain.accounts import LastAdmin
from app.presentation.http.decoding import parse_uuid
from app.presentation.http.dependencies import provide_versions, query_of
from app.presentation.http.guards import requires
from app.presentation.http.limits import ORDINARY
from app.presentation.http.openapi import raises

ADMIN = [ORDINARY, requires(Permission.ADMIN)]


async def provide_user_id(userId: FromPath[str]) -> UUID:  # noqa: N803 -- as the path has it, in camel case
    """The account that the path names."""
    return parse_uuid("userId", userId)


class UserController(Controller):
    """Other people's accounts."""

    path = "/api/users"
    tags = ["Administration"]
    guards = ADMIN
    dependencies = {"user_id": Provide(provide_user_id)}

    @get(operation_id="listUsers", summary="List all accounts", **query_of(ManagedUserQuery))
    async def list_users(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        parameters: NamedDependency[ManagedUserQuery],
    ) -> ManagedUserPage:
        """List all accounts, newest first."""
        return await services.administration.list_users(actor, parameters)

    @get("/{userId:str}", operation_id="getUser", summary="Look at one account")
    async def get_user(
        self, services: NamedDependency[Services], actor: NamedDependency[Actor], user_id: NamedDependency[UUID]
    ) -> ManagedUser:
        """Look at one account."""
        return await services.administration.get_user(actor, user_id)

    @patch(
        "/{userId:str}",
        operation_id="updateUser",
        summary="Change an account",
        dependencies={"versions": Provide(provide_versions)},
        opt=raises(LastAdmin),
    )
    async def update_user(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        user_id: NamedDependency[UUID],
        versions: NamedDependency[frozenset[int] | None],
        data: JSONBody[ManagedUserUpdate],
    ) -> ManagedUser:
        """Change an account's role, disable or enable it; its sessions end with that."""
        return await services.administration.update_user(actor, user_id, data, versions=versions)


class AuditController(Controller):
    """The audit log."""

    path = "/api/audit-events"
    tags = ["Administration"]
    guards = ADMIN

    @get(operation_id="listAuditEvents", summary="List the audit log", **query_of(AuditQuery))
    async def list_audit_events(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        parameters: NamedDependency[AuditQuery],
    ) -> AuditPage:
        """List what was done and tried, newest first."""
        return await services.administration.list_events(actor, parameters)
