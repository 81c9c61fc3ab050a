"""Sessions: how they start, go on from one refresh token to the next, and end."""

import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.application.accounts.schemas import Session, SessionList, StoredSession
from app.application.tokens import digest_of, new_token
from app.domain.access import Actor, Origin, Permission
from app.domain.accounts import (
    ADDRESS_MAX,
    DEVICE_MAX,
    REFRESH_TOKEN_LIFETIME,
    SESSION_LIFETIME,
    SESSION_REMEMBERED,
    SESSIONS_MAX,
    SUCCESSOR_WINDOW,
    InvalidRefreshToken,
)
from app.domain.errors import NotFound
from app.domain.ports import Clock
from app.infrastructure.database import models
from app.infrastructure.database.repositories.accounts import RefreshTokenRepository, SessionRepository


@dataclass(frozen=True, slots=True)
class Grant:
    """A session's user and the refresh token to hand out."""

    user: models.User
    session_id: UUID
    refresh_token: str
    authenticated_at: datetime


class SessionService:
    """Keeps sessions. A refresh token has 256 random bits and only its hash is stored (ASVS 5.0 7.2.3)."""

    def __init__(self, sessions: SessionRepository, tokens: RefreshTokenRepository, clock: Clock, key: bytes) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._clock = clock
        self._key = key

    async def start(self, user: models.User, origin: Origin) -> Grant:
        """Sign the user in on a device; of more than `SESSIONS_MAX` the one not seen for longest ends."""
        now = self._clock.now()
        session = await self._sessions.add(
            models.Session(
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
        token = new_token()
        await self._store(session.id, token, now)
        await self._sessions.revoke_beyond(user.id, SESSIONS_MAX, "too_many", now)
        return Grant(user, session.id, token, now)

    async def rotate(self, token: str) -> Grant | UUID:
        """Exchange a refresh token for its successor; when it was used before, end the session and tell whose it is.

        The session stays locked until the transaction ends: of parallel callers one makes the successor, and
        the others are handed the same one, for `SUCCESSOR_WINDOW` (RFC 9700 4.14.2).
        Raises `InvalidRefreshToken`.
        """
        now = self._clock.now()
        found = await self._sessions.lock_by_token(digest_of(token))
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
            return Grant(user, session.id, successor, session.created_at)
        successor = await self._same_successor(token, stored, now)
        if successor is None:
            await self._sessions.revoke(session.id, "refresh_reused", now)
            return user.id
        return Grant(user, session.id, successor, session.created_at)

    async def find(self, token: str) -> UUID | None:
        """The session of a refresh token, whether it goes on or not."""
        stored = await self._tokens.get_one_or_none(token_hash=digest_of(token))
        return None if stored is None else stored.session_id

    async def lives(self, session_id: UUID) -> bool:
        """Whether a session goes on."""
        session = await self._sessions.get_one_or_none(id=session_id)
        return session is not None and _alive(session, self._clock.now())

    async def end(self, token: str) -> None:
        """End the session of a refresh token; one that belongs to none ends nothing (RFC 7009 2.2)."""
        found = await self._sessions.lock_by_token(digest_of(token))
        if found is not None:
            await self._sessions.revoke(found[0].id, "logout", self._clock.now())

    async def list(self, actor: Actor) -> SessionList:
        """The actor's living sessions, last seen first."""
        actor.require(Permission.ACCOUNT_READ)
        found = await self._sessions.list_living(StoredSession, actor.id, self._clock.now())
        return SessionList(
            [
                Session(
                    id=stored.id,
                    device=stored.device,
                    address=stored.address,
                    created_at=stored.created_at,
                    last_seen_at=stored.last_seen_at,
                    expires_at=min(stored.idle_expires_at, stored.expires_at),
                    current=stored.id == actor.session_id,
                )
                for stored in found
            ]
        )

    async def end_one(self, actor: Actor, session_id: UUID) -> None:
        """End one of the actor's sessions; raises `NotFound`."""
        actor.require(Permission.ACCOUNT_WRITE)
        if not await self._sessions.revoke_own(actor, session_id, "ended", self._clock.now()):
            raise NotFound

    async def end_others(self, actor: Actor) -> None:
        """End all of the actor's sessions but the one that asks."""
        actor.require(Permission.ACCOUNT_WRITE)
        await self._sessions.revoke_all(actor.id, "ended", self._clock.now(), but=actor.session_id)

    async def end_every(self, actor: Actor) -> None:
        """End all of the actor's sessions, this one too."""
        actor.require(Permission.ACCOUNT_WRITE)
        await self.end_all(actor.id, "logout_all")

    async def end_by_id(self, session_id: UUID) -> None:
        """End a session that its own access token names."""
        await self._sessions.revoke(session_id, "logout", self._clock.now())

    async def end_all(self, user_id: UUID, reason: str) -> None:
        """End all sessions of a user."""
        await self._sessions.revoke_all(user_id, reason, self._clock.now())

    async def forget(self, user_id: UUID) -> None:
        """End all sessions of a user who is about to be deleted, and forget where they came from."""
        await self._sessions.revoke_all(user_id, "deleted", self._clock.now())
        await self._sessions.scrub(user_id)

    async def prune(self) -> int:
        """Delete a batch of the sessions that were over long ago; tells how many."""
        return await self._sessions.prune(self._clock.now() - SESSION_REMEMBERED)

    async def _same_successor(self, token: str, stored: models.RefreshToken, now: datetime) -> str | None:
        """The successor again for the token just before it, so that two tabs or a retry do no harm."""
        if stored.used_at is None or stored.successor_salt is None or now - stored.used_at > SUCCESSOR_WINDOW:
            return None
        successor = self._successor(token, stored.successor_salt)
        row = await self._tokens.get_one_or_none(token_hash=digest_of(successor))
        return successor if row is not None and row.used_at is None else None

    async def _store(self, session_id: UUID, token: str, now: datetime) -> None:
        await self._tokens.add(
            models.RefreshToken(session_id=session_id, token_hash=digest_of(token), created_at=now, updated_at=now),
            auto_refresh=False,
        )

    def _successor(self, token: str, salt: bytes) -> str:
        """Derived, not stored: key and token tell it again, the database alone does not."""
        mac = hmac.digest(self._key, salt + token.encode(errors="surrogatepass"), "sha256")
        return urlsafe_b64encode(mac).rstrip(b"=").decode()


def _alive(session: models.Session, now: datetime) -> bool:
    return session.revoked_at is None and now < session.idle_expires_at and now < session.expires_at
