"""The caller's own account over HTTP."""

from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED

from app.application.accounts.schemas import (
    Accepted,
    EmailChange,
    PasswordChange,
    SessionList,
    TokenPair,
    User,
    UserUpdate,
)
from app.application.authentication import Authentication
from app.application.unit_of_work import Services
from app.application.verification import Verification
from app.domain.access import Actor, Permission, ReauthenticationRequired
from app.domain.accounts import InvalidCredentials, PasswordCompromised, PasswordTooLong
from app.presentation.http.accounts import AUTH_BODY_MAX
from app.presentation.http.decoding import parse_uuid
from app.presentation.http.dependencies import provide_versions
from app.presentation.http.guards import requires
from app.presentation.http.limits import ORDINARY, limited
from app.presentation.http.openapi import raises

READ = [requires(Permission.ACCOUNT_READ)]
WRITE = [requires(Permission.ACCOUNT_WRITE)]


async def provide_session_id(sessionId: FromPath[str]) -> UUID:  # noqa: N803 -- as the path has it, in camel case
    """The session that the path names."""
    return parse_uuid("sessionId", sessionId)


class MeController(Controller):
    """The caller's own account."""

    path = "/api/me"
    tags = ["Account"]
    guards = [ORDINARY]
    request_max_body_size = AUTH_BODY_MAX

    @get(operation_id="getMe", summary="Get your account", guards=READ)
    async def get_me(self, services: NamedDependency[Services], actor: NamedDependency[Actor]) -> User:
        """Look at your account."""
        return await services.accounts.get_me(actor)

    @patch(
        operation_id="updateMe",
        summary="Update your account",
        guards=WRITE,
        dependencies={"versions": Provide(provide_versions)},
    )
    async def update_me(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        versions: NamedDependency[frozenset[int] | None],
        data: JSONBody[UserUpdate],
    ) -> User:
        """Change the fields you send and no others."""
        return await services.accounts.update_me(actor, data, versions=versions)

    @delete(operation_id="deleteMe", summary="Delete your account", guards=WRITE, opt=raises(ReauthenticationRequired))
    async def delete_me(self, services: NamedDependency[Services], actor: NamedDependency[Actor]) -> None:
        """Delete your account with all that is yours; needs a sign-in of the last five minutes."""
        await services.accounts.delete_me(actor)

    @post(
        "/password",
        operation_id="changePassword",
        summary="Change your password",
        status_code=HTTP_200_OK,
        opt=raises(InvalidCredentials, PasswordCompromised, PasswordTooLong),
        guards=[*WRITE, limited("login")],
    )
    async def change_password(
        self,
        authentication: NamedDependency[Authentication],
        actor: NamedDependency[Actor],
        data: JSONBody[PasswordChange],
    ) -> TokenPair:
        """Change your password: every session ends, and this device gets a new one."""
        return await authentication.change_password(actor, data)

    @post(
        "/email",
        operation_id="changeEmail",
        summary="Change your e-mail address",
        status_code=HTTP_202_ACCEPTED,
        opt=raises(ReauthenticationRequired),
        guards=[*WRITE, limited("email-change", by="user")],
    )
    async def change_email(
        self,
        verification: NamedDependency[Verification],
        actor: NamedDependency[Actor],
        data: JSONBody[EmailChange],
    ) -> Accepted:
        """Have a link mailed to a new address: it becomes yours once the link is used, and then all sessions end.

        Needs a sign-in of the last five minutes. The present address is told too. If the new one has an account
        already, no link is sent.
        """
        await verification.request_email_change(actor, data.email)
        return Accepted("accepted")

    @get("/sessions", operation_id="listSessions", summary="List your sessions", guards=READ)
    async def list_sessions(self, services: NamedDependency[Services], actor: NamedDependency[Actor]) -> SessionList:
        """List your sessions, last seen first."""
        return await services.sessions.list(actor)

    @delete("/sessions", operation_id="endOtherSessions", summary="End your other sessions", guards=WRITE)
    async def end_other_sessions(self, services: NamedDependency[Services], actor: NamedDependency[Actor]) -> None:
        """End all of your sessions but this one."""
        await services.sessions.end_others(actor)

    @delete("/sessions/{sessionId:str}", operation_id="endSession", summary="End a session", guards=WRITE)
    async def end_session(
        self,
        services: NamedDependency[Services],
        actor: NamedDependency[Actor],
        session_id: NamedDependency[UUID],
    ) -> None:
        """End one of your sessions."""
        await services.sessions.end_one(actor, session_id)

    dependencies = {"session_id": Provide(provide_session_id)}
