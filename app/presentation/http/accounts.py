"""Sign-in over HTTP."""

from typing import Any, Final

from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED, HTTP_204_NO_CONTENT
from msgspec import UNSET

from app.application.accounts.schemas import (
    Accepted,
    Credentials,
    RefreshRequest,
    Registration,
    TokenPair,
    Transport,
)
from app.application.authentication import Authentication
from app.application.unit_of_work import Services
from app.domain.access import Actor, Origin, Permission
from app.domain.accounts import (
    CrossSiteRequest,
    EmailTaken,
    InvalidCredentials,
    InvalidRefreshToken,
    PasswordCompromised,
    PasswordTooLong,
    RefreshTokenReused,
)
from app.domain.errors import Unauthenticated
from app.infrastructure.security.tokens import AccessTokens
from app.presentation.http.auth import bearer_token
from app.presentation.http.cookies import given_refresh_token, with_cookie, without_cookie
from app.presentation.http.guards import PUBLIC, requires
from app.presentation.http.limits import ORDINARY, limited
from app.presentation.http.openapi import READS_COOKIE, SETS_COOKIE, raises
from app.presentation.http.responses import RowResponse

AUTH_BODY_MAX: Final = 16 * 1024


class AuthController(Controller):
    """Signing up, in, on and out."""

    path = "/api/auth"
    tags = ["Authentication"]
    request_max_body_size = AUTH_BODY_MAX

    @post(
        "/register",
        operation_id="register",
        summary="Sign up",
        opt={**PUBLIC, **raises(EmailTaken, PasswordCompromised, PasswordTooLong)},
        guards=[limited("register")],
    )
    async def register(
        self,
        authentication: NamedDependency[Authentication],
        origin: NamedDependency[Origin],
        data: JSONBody[Registration],
    ) -> Response[TokenPair] | Response[Accepted]:
        """Make an account and sign in, and have a mail sent by which the address is verified.

        Where a service lets nobody sign in before that, it answers 202 and no more, whether or not the address has
        an account already.
        """
        pair = await authentication.register(data, origin)
        if pair is None:
            return RowResponse(Accepted("accepted"), status_code=HTTP_202_ACCEPTED)
        return RowResponse(pair)

    @post(
        "/login",
        operation_id="login",
        summary="Sign in",
        opt={**PUBLIC, **SETS_COOKIE, **raises(InvalidCredentials)},
        status_code=HTTP_200_OK,
        guards=[limited("login", "login-hour")],
    )
    async def login(
        self,
        authentication: NamedDependency[Authentication],
        origin: NamedDependency[Origin],
        data: JSONBody[Credentials],
    ) -> Response[TokenPair]:
        """Sign in; with the transport `cookie`, the refresh token is set as a cookie that no script can read."""
        pair = await authentication.login(data, origin)
        return with_cookie(pair) if data.transport is Transport.COOKIE else RowResponse(pair)

    @post(
        "/refresh",
        operation_id="refresh",
        summary="Refresh the tokens",
        opt={
            **PUBLIC,
            **READS_COOKIE,
            **SETS_COOKIE,
            **raises(InvalidRefreshToken, RefreshTokenReused, CrossSiteRequest),
        },
        status_code=HTTP_200_OK,
        guards=[limited("tokens")],
    )
    async def refresh(
        self,
        request: Request[Any, Any, Any],
        authentication: NamedDependency[Authentication],
        origin: NamedDependency[Origin],
        data: JSONBody[RefreshRequest],
    ) -> Response[TokenPair]:
        """Exchange a refresh token, from the body or the cookie, for fresh tokens; it is used up by that."""
        token, by_cookie = given_refresh_token(request, data)
        pair = await authentication.refresh(token, origin)
        return with_cookie(pair) if by_cookie else RowResponse(pair)

    @post(
        "/logout",
        operation_id="logout",
        summary="Sign out",
        opt={**PUBLIC, **SETS_COOKIE, **raises(Unauthenticated)},
        status_code=HTTP_204_NO_CONTENT,
        guards=[limited("tokens")],
    )
    async def logout(
        self,
        request: Request[Any, Any, Any],
        authentication: NamedDependency[Authentication],
        data: JSONBody[RefreshRequest],
    ) -> Response[None]:
        """Sign out: end the session of the refresh token, or without one that of the access token."""
        if data.refresh_token is UNSET:
            tokens: AccessTokens = request.app.state.access_tokens
            await authentication.end_session(tokens.verify(bearer_token(request)).claims.sid)
        else:
            await authentication.logout(data.refresh_token)
        return without_cookie()

    @post(
        "/logout-all",
        operation_id="logoutAll",
        summary="Sign out everywhere",
        opt=SETS_COOKIE,
        status_code=HTTP_204_NO_CONTENT,
        guards=[ORDINARY, requires(Permission.ACCOUNT_WRITE)],
    )
    async def logout_all(self, services: NamedDependency[Services], actor: NamedDependency[Actor]) -> Response[None]:
        """Sign out everywhere: end all of your sessions."""
        await services.sessions.end_every(actor)
        return without_cookie()
