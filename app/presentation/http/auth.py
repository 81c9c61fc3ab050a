"""Sign-in by bearer token: Litestar's JWT middleware over our own verification."""

from typing import Any, ClassVar, Self

from litestar.connection import ASGIConnection
from litestar.middleware.authentication import AuthenticationResult
from litestar.security.jwt import JWTAuth, JWTAuthenticationMiddleware, Token

from app.domain.access import Actor
from app.domain.errors import Unauthenticated
from app.infrastructure.security.revocations import Revocations
from app.infrastructure.security.tokens import AccessTokens, Claims
from app.presentation.http.context import origin_of
from app.presentation.http.guards import PUBLIC_KEY


class AccessToken(Token):
    """Litestar's token, made of claims that `AccessTokens` has verified, keys picked by `kid`."""

    verifier: ClassVar[AccessTokens]

    def __init__(self, claims: Claims) -> None:
        # instead of the dataclass's: every claim is verified already, against the one clock
        self.exp = claims.expires_at
        self.sub = claims.subject
        self.iat = claims.issued_at
        self.claims = claims

    @classmethod
    def decode(cls, encoded_token: str, *_: object, **__: object) -> Self:
        """Verify a compact JWT; raises `Unauthenticated`."""
        return cls(cls.verifier.verify(encoded_token))


class BearerMiddleware(JWTAuthenticationMiddleware):
    """Litestar's middleware, for the scheme Bearer and no other (RFC 6750 2.1)."""

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        """Verify the Authorization header's token; raises `Unauthenticated`."""
        return await self.authenticate_token(encoded_token=bearer_token(connection), connection=connection)


def bearer_token(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The one token of the Authorization header; raises `Unauthenticated`."""
    given = connection.headers.getall("authorization", [])
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    return token


async def _actor(token: AccessToken, connection: ASGIConnection[Any, Any, Any, Any]) -> Actor:
    claims = token.claims
    return Actor(
        id=claims.sub,
        session_id=claims.sid,
        role=claims.role,
        scopes=claims.scopes,
        authenticated_at=claims.authenticated_at,
        origin=origin_of(connection),
    )


async def _has_ended(token: AccessToken, connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Whether the token's session has; Litestar answers 401 then."""
    ended: Revocations = connection.app.state.revocations
    return await ended.include(token.claims.sid)


def bearer_auth(verifier: AccessTokens) -> JWTAuth[Actor, AccessToken]:
    """Protection of every handler that is not marked public one by one, never by a pattern of paths."""
    token_type = type("BoundAccessToken", (AccessToken,), {"verifier": verifier})
    return JWTAuth[Actor, AccessToken](
        retrieve_user_handler=_actor,
        revoked_token_handler=_has_ended,
        authentication_middleware_class=BearerMiddleware,
        token_cls=token_type,
        # keys are picked by their id, not handed to the middleware
        token_secret="",
        algorithm="ES256",
        exclude_opt_key=PUBLIC_KEY,
        exclude_http_methods=["OPTIONS"],
    )
