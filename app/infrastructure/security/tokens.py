"""Access tokens: ES256 JWTs after RFC 9068, checked after RFC 8725."""

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Final, NamedTuple
from uuid import UUID

import jwt
import msgspec
from jwt.utils import base64url_decode
from uuid_utils.compat import uuid7

from app.domain.access import Permission, UserRole, permissions_of
from app.domain.accounts import ACCESS_TOKEN_LIFETIME
from app.domain.errors import Unauthenticated
from app.domain.ports import Clock
from app.infrastructure.security.keys import ALGORITHM, KeyFile, Keyring

TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 -- the media type of RFC 9068
TOKEN_MAX_BYTES: Final = 4096
CLOCK_SKEW: Final = timedelta(seconds=5)
REMEMBERED: Final = 8192
"""Tokens that a process knows to be well signed; a kilobyte or two each."""

# up to the year 9999, as far as a datetime goes
Seconds = Annotated[int, msgspec.Meta(ge=0, le=253402300799)]


class Claims(msgspec.Struct, frozen=True, dict=True):
    """The claims of an access token, every one of them required and of its own type; what follows is told once."""

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

    @cached_property
    def subject(self) -> str:
        """The user's id as it is written."""
        return str(self.sub)

    @cached_property
    def expires_at(self) -> datetime:
        """When the token ends."""
        return datetime.fromtimestamp(self.exp, UTC)

    @cached_property
    def issued_at(self) -> datetime:
        """When the token began."""
        return datetime.fromtimestamp(self.iat, UTC)

    @cached_property
    def authenticated_at(self) -> datetime:
        """When the password was last given."""
        return datetime.fromtimestamp(self.auth_time, UTC)

    @cached_property
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


class Verified(NamedTuple):
    """Claims that a key has signed, and while which keys and times stand they hold."""

    claims: Claims
    keys: Keyring
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class AccessTokens:
    """Issues and verifies access tokens; the keys are asked for each time, so that they may rotate.

    The signature of a token that was found good is not computed again while its key still verifies; of at most
    `REMEMBERED` tokens, the longest unused being forgotten. Its times are compared with the clock each time.
    """

    keys: KeyFile
    clock: Clock
    issuer: str
    audience: str
    _verified: OrderedDict[str, Verified] = field(
        default_factory=OrderedDict[str, Verified], init=False, repr=False, compare=False
    )

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

    def holds(self, found: Verified) -> bool:
        """Whether a token that was verified still is valid; other keys may be another file's, with this id as well."""
        return found.since <= self.clock.now() < found.until and found.keys is self.keys.current()

    def verify(self, token: str) -> Verified:
        """A valid token; raises `Unauthenticated`, without a word on what is wrong."""
        found = self._verified.get(token)
        if found is not None and self.holds(found):
            self._verified.move_to_end(token)
            return found
        now = self.clock.now()
        try:
            found = self._read(token, now)
        except (jwt.PyJWTError, msgspec.MsgspecError, ValueError) as error:
            raise Unauthenticated("The access token is not valid") from error
        if now >= found.claims.expires_at:
            self._verified.pop(token, None)
            raise Unauthenticated("The access token has expired")
        if now < found.since:
            raise Unauthenticated("The access token is not valid")
        return found

    def _read(self, token: str, now: datetime) -> Verified:
        if len(token) > TOKEN_MAX_BYTES or _COMPACT.fullmatch(token) is None:
            raise ValueError("not a token of ours")
        header = msgspec.json.decode(base64url_decode(token.partition(".")[0]), type=_Header)
        keys = self.keys.verifying(header.kid, now)
        if header.alg != ALGORITHM or header.typ != TOKEN_TYPE or keys is None:
            raise ValueError("not a token of ours")
        key = keys.keys[header.kid]
        payload = jwt.decode(
            token,
            key.public,
            algorithms=[ALGORITHM],
            issuer=self.issuer,
            audience=self.audience,
            # the instants are compared with our own clock
            options={"strict_aud": True, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        claims = msgspec.convert(payload, Claims)
        until = claims.expires_at if key.until is None else min(claims.expires_at, key.until)
        found = self._verified[token] = Verified(claims, keys, claims.issued_at - CLOCK_SKEW, until)
        if len(self._verified) > REMEMBERED:
            self._verified.popitem(last=False)
        return found
