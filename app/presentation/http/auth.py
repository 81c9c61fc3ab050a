"""Sign-in by bearer token: Litestar's JWT middleware over our own verification."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from litestar.connection import ASGIConnection
from litestar.middleware.authentication import AuthenticationResult
from litestar.security.jwt import JWTAuth, JWTAuthenticationMiddleware, Token

from app.domain.access import Actor, Origin
from app.domain.errors import Unauthenticated
from app.infrastructure.security.revocations import Revocations
from app.infrastructure.security.tokens import REMEMBERED, AccessTokens, Verified
from app.presentation.http.context import fields_of, origin_of, sent
from app.presentation.http.guards import PUBLIC_KEY


class AccessToken(Token):
    """Litestar's token, made of claims that `AccessTokens` has verified, keys picked by `kid`."""

    verifier: ClassVar[AccessTokens]

    def __init__(self, verified: Verified, encoded: str) -> None:
        # instead of the dataclass's: every claim is verified already, against the one clock
        claims = verified.claims
        self.exp = claims.expires_at
        self.sub = claims.subject
        self.iat = claims.issued_at
        self.claims = claims
        self.verified = verified
        self.encoded = encoded
        self.caller = f"user:{claims.subject}"
        self._last: Actor | None = None

    @classmethod
    def decode(cls, encoded_token: str, *_: object, **__: object) -> Self:
        """Verify a compact JWT; raises `Unauthenticated`."""
        return cls(cls.verifier.verify(encoded_token), encoded_token)

    def actor(self, origin: tuple[str, str]) -> Actor:
        """Whoever it speaks for; the same object for as long as it comes from the same place."""
        if self._last is None or self._last.origin != origin:
            claims = self.claims
            self._last = Actor(
                id=claims.sub,
                session_id=claims.sid,
                role=claims.role,
                scopes=claims.scopes,
                authenticated_at=claims.authenticated_at,
                origin=Origin(*origin),
            )
        return self._last


class BearerMiddleware(JWTAuthenticationMiddleware):
    """Litestar's middleware, for the scheme Bearer and no other (RFC 6750 2.1).

    Of a token that it has let pass, only what may change is looked at again: its times, its key and its session.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._passed: dict[bytes, AccessToken] = {}

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        """Verify the Authorization header's token; raises `Unauthenticated`."""
        token = await self.token_of(connection)
        return AuthenticationResult(token.actor(origin_of(connection)), token)

    async def token_of(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AccessToken:
        """The Authorization header's token, verified; raises `Unauthenticated`."""
        fields = fields_of(connection.scope)
        token = None if fields is None else self.known(fields, ended(connection))
        if token is None:
            encoded = bearer_token(connection)
            token = (await self.authenticate_token(encoded_token=encoded, connection=connection)).auth
            if fields is not None:
                self._passed[fields[b"authorization"]] = token
                if len(self._passed) > REMEMBERED:
                    del self._passed[next(iter(self._passed))]
        return token

    def known(self, fields: Mapping[bytes, bytes], revocations: Revocations) -> AccessToken | None:
        """The same where it can be told at once, which is nearly always; None where it cannot."""
        header = fields.get(b"authorization", b"")
        token = self._passed.pop(header, None)
        if token is None or not token.verifier.holds(token.verified) or revocations.may_include(token.claims.sid):
            return None
        # the longest unused is the first
        self._passed[header] = token
        return token


def bearer_token(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The one token of the Authorization header; raises `Unauthenticated`."""
    given = sent(connection, b"authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    return token


async def _actor(token: AccessToken, connection: ASGIConnection[Any, Any, Any, Any]) -> Actor:
    return token.actor(origin_of(connection))


async def _has_ended(token: AccessToken, connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Whether the token's session has; Litestar answers 401 then."""
    return await ended(connection).include(token.claims.sid)


def ended(connection: ASGIConnection[Any, Any, Any, Any]) -> Revocations:
    """The sessions that have ended."""
    found: Revocations = connection.scope["litestar_app"].state["revocations"]
    return found


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
