"""Sessions: how they start, go on from one refresh token to the next, and end."""

import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from app.domain.accounts import (
    ADDRESS_MAX,
    DEVICE_MAX,
    REFRESH_TOKEN_LIFETIME,
    SESSION_LIFETIME,
    SUCCESSOR_WINDOW,
    InvalidRefreshToken,
)
from app.domain.ports import Clock
from app.infrastructure.database.models import RefreshToken, Session, User
from app.infrastructure.database.repositories.accounts import RefreshTokenRepository, SessionRepository


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a sign-in comes from, as far as the request tells."""

    device: str
    address: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A session's user and the refresh token to hand out."""

    user: User
    session_id: UUID
    refresh_token: str


class SessionService:
    """Keeps sessions. A refresh token has 256 random bits and only its hash is stored (ASVS 5.0 7.2.3)."""

    def __init__(self, sessions: SessionRepository, tokens: RefreshTokenRepository, clock: Clock, key: bytes) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._clock = clock
        self._key = key

    async def start(self, user: User, origin: Origin) -> Grant:
        """Sign the user in on a device."""
        now = self._clock.now()
        session = await self._sessions.add(
            Session(
                user_id=user.id,
                device=origin.device[:DEVICE_MAX],
                address=origin.address[:ADDRESS_MAX],
                last_seen_at=now,
                idle_expires_at=now + REFRESH_TOKEN_LIFETIME,
                expires_at=now + SESSION_LIFETIME,
                created_at=now,
                updated_at=now,
            ),
            auto_refresh=False,
        )
        token = secrets.token_urlsafe(32)
        await self._store(session.id, token, now)
        return Grant(user, session.id, token)

    async def rotate(self, token: str) -> Grant | None:
        """Exchange a refresh token for its successor; None when it was used before, which ends the session.

        The session stays locked until the transaction ends: of parallel callers one makes the successor, and
        the others are handed the same one, for `SUCCESSOR_WINDOW` (RFC 9700 4.14.2).
        Raises `InvalidRefreshToken`.
        """
        now = self._clock.now()
        found = await self._sessions.lock_by_token(_digest(token))
        if found is None:
            raise InvalidRefreshToken
        session, stored, user = found
        if not _alive(session, now) or user.disabled_at is not None:
            raise InvalidRefreshToken
        if stored.used_at is None:
            stored.used_at = stored.updated_at = now
            stored.successor_salt = salt = secrets.token_bytes(16)
            successor = self._successor(token, salt)
            await self._store(session.id, successor, now)
            session.last_seen_at = session.updated_at = now
            session.idle_expires_at = min(now + REFRESH_TOKEN_LIFETIME, session.expires_at)
            return Grant(user, session.id, successor)
        successor = await self._same_successor(token, stored, now)
        if successor is None:
            await self._sessions.revoke(session.id, "refresh_reused", now)
            return None
        return Grant(user, session.id, successor)

    async def end(self, token: str) -> None:
        """End the session of a refresh token; one that belongs to none ends nothing (RFC 7009 2.2)."""
        found = await self._sessions.lock_by_token(_digest(token))
        if found is not None:
            await self._sessions.revoke(found[0].id, "logout", self._clock.now())

    async def _same_successor(self, token: str, stored: RefreshToken, now: datetime) -> str | None:
        """The successor again for the token just before it, so that two tabs or a retry do no harm."""
        if stored.used_at is None or stored.successor_salt is None or now - stored.used_at > SUCCESSOR_WINDOW:
            return None
        successor = self._successor(token, stored.successor_salt)
        row = await self._tokens.get_one_or_none(token_hash=_digest(successor))
        return successor if row is not None and row.used_at is None else None

    async def _store(self, session_id: UUID, token: str, now: datetime) -> None:
        await self._tokens.add(
            RefreshToken(session_id=session_id, token_hash=_digest(token), created_at=now, updated_at=now),
            auto_refresh=False,
        )

    def _successor(self, token: str, salt: bytes) -> str:
        """Derived, not stored: key and token tell it again, the database alone does not."""
        mac = hmac.digest(self._key, salt + token.encode(errors="surrogatepass"), "sha256")
        return urlsafe_b64encode(mac).rstrip(b"=").decode()


def _digest(token: str) -> bytes:
    return sha256(token.encode(errors="surrogatepass")).digest()


def _alive(session: Session, now: datetime) -> bool:
    return session.revoked_at is None and now < session.idle_expires_at and now < session.expires_at
