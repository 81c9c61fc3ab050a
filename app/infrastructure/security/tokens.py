"""Access tokens: ES256 JWTs after RFC 9068, checked after RFC 8725."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import jwt
import msgspec
from jwt.utils import base64url_decode
from uuid_utils.compat import uuid7

from app.domain.access import Permission, UserRole, permissions_of
from app.domain.accounts import ACCESS_TOKEN_LIFETIME
from app.domain.errors import Unauthenticated
from app.domain.ports import Clock
from app.infrastructure.security.keys import ALGORITHM, KeyFile

TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 -- the media type of RFC 9068
TOKEN_MAX_BYTES: Final = 4096
CLOCK_SKEW: Final = timedelta(seconds=5)

# up to the year 9999, as far as a datetime goes
Seconds = Annotated[int, msgspec.Meta(ge=0, le=253402300799)]


class Claims(msgspec.Struct, frozen=True):
    """The claims of an access token, every one of them required and of its own type."""

    iss: str
    sub: UUID
    aud: str
    exp: Seconds
    iat: Seconds
    jti: UUID
    sid: UUID
    role: UserRole
    auth_time: Seconds
    scope: str

    @property
    def expires_at(self) -> datetime:
        """When the token ends."""
        return datetime.fromtimestamp(self.exp, UTC)

    @property
    def issued_at(self) -> datetime:
        """When the token began."""
        return datetime.fromtimestamp(self.iat, UTC)

    @property
    def scopes(self) -> frozenset[Permission]:
        """The permissions among the scopes; scopes of other services are not ours to know."""
        return frozenset(Permission(word) for word in self.scope.split() if word in _KNOWN)


_KNOWN: Final = frozenset(permission.value for permission in Permission)


# padding is no part of the compact form (RFC 7515 3.1), though the decoder would let it pass
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole header: `crit`, `jku`, `jwk` and whatever else there may be is refused."""

    alg: str
    typ: str
    kid: str


@dataclass(frozen=True, slots=True)
class AccessTokens:
    """Issues and verifies access tokens; the keys are asked for each time, so that they may rotate."""

    keys: KeyFile
    clock: Clock
    issuer: str
    audience: str

    def issue(self, user_id: UUID, session_id: UUID, role: UserRole, authenticated_at: datetime) -> str:
        """A token of `ACCESS_TOKEN_LIFETIME` that names user, session and scopes."""
        now = self.clock.now()
        keyring = self.keys.current()
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": str(user_id),
            "aud": self.audience,
            "exp": int((now + ACCESS_TOKEN_LIFETIME).timestamp()),
            "iat": int(now.timestamp()),
            "jti": str(uuid7()),
            "sid": str(session_id),
            "role": role.value,
            "auth_time": int(authenticated_at.timestamp()),
            "scope": " ".join(sorted(permissions_of(role))),
        }
        return jwt.encode(
            claims,
            keyring.keys[keyring.signing_id].private,
            algorithm=ALGORITHM,
            headers={"kid": keyring.signing_id, "typ": TOKEN_TYPE},
        )

    def verify(self, token: str) -> Claims:
        """The claims of a valid token; raises `Unauthenticated`, without a word on what is wrong."""
        try:
            claims = self._read(token)
        except (jwt.PyJWTError, msgspec.MsgspecError, ValueError) as error:
            raise Unauthenticated("The access token is not valid") from error
        now = self.clock.now()
        if now >= claims.expires_at:
            raise Unauthenticated("The access token has expired")
        if claims.issued_at > now + CLOCK_SKEW:
            raise Unauthenticated("The access token is not valid")
        return claims

    def _read(self, token: str) -> Claims:
        if len(token) > TOKEN_MAX_BYTES or _COMPACT.fullmatch(token) is None:
            raise ValueError("not a token of ours")
        header = msgspec.json.decode(base64url_decode(token.partition(".")[0]), type=_Header)
        key = self.keys.verifying(header.kid, self.clock.now())
        if header.alg != ALGORITHM or header.typ != TOKEN_TYPE or key is None:
            raise ValueError("not a token of ours")
        payload = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=self.issuer,
            audience=self.audience,
            # the instants are compared with our own clock
            options={"strict_aud": True, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        return msgspec.convert(payload, Claims)
