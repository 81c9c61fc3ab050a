"""Sign-in and the caller's own account over HTTP."""

from typing import Final

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT

from app.application.accounts.schemas import Credentials, RefreshRequest, Registration, TokenPair, User
from app.application.accounts.sessions import Origin
from app.application.authentication import Authentication
from app.application.unit_of_work import Services
from app.domain.access import Actor, Permission
from app.presentation.http.guards import PUBLIC, requires
from app.presentation.http.limits import limited

AUTH_BODY_MAX: Final = 16 * 1024


class AuthController(Controller):
    """Signing up, in, on and out."""

    path = "/api/auth"
    tags = ["Authentication"]
    request_max_body_size = AUTH_BODY_MAX

    @post("/register", operation_id="register", opt=PUBLIC, guards=[limited("register")])
    async def register(
        self,
        authentication: NamedDependency[Authentication],
        origin: NamedDependency[Origin],
        data: JSONBody[Registration],
    ) -> TokenPair:
        """Make an account and sign in."""
        return await authentication.register(data, origin)

    @post(
        "/login",
        operation_id="login",
        opt=PUBLIC,
        status_code=HTTP_200_OK,
        guards=[limited("login", "login-hour")],
    )
    async def login(
        self,
        authentication: NamedDependency[Authentication],
        origin: NamedDependency[Origin],
        data: JSONBody[Credentials],
    ) -> TokenPair:
        """Sign in."""
        return await authentication.login(data, origin)

    @post("/refresh", operation_id="refresh", opt=PUBLIC, status_code=HTTP_200_OK, guards=[limited("refresh")])
    async def refresh(
        self, authentication: NamedDependency[Authentication], data: JSONBody[RefreshRequest]
    ) -> TokenPair:
        """Exchange a refresh token for fresh tokens; it is used up by that."""
        return await authentication.refresh(data.refresh_token)

    @post(
        "/logout",
        operation_id="logout",
        opt=PUBLIC,
        status_code=HTTP_204_NO_CONTENT,
        guards=[limited("refresh")],
    )
    async def logout(self, authentication: NamedDependency[Authentication], data: JSONBody[RefreshRequest]) -> None:
        """Sign out: end the refresh token's session."""
        await authentication.logout(data.refresh_token)


class MeController(Controller):
    """The caller's own account."""

    path = "/api/me"
    tags = ["Account"]

    @get(operation_id="getMe", guards=[requires(Permission.ACCOUNT_READ)])
    async def get_me(self, services: NamedDependency[Services], actor: NamedDependency[Actor]) -> User:
        """Look at your account."""
        return await services.accounts.get_me(actor)
