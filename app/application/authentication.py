"""Signing up, in, on and out, in short transactions: none is open while a hash is made."""

from uuid import UUID

import msgspec

from app.application.accounts.emails import canonical_email
from app.application.accounts.passwords import check_new_password
from app.application.accounts.schemas import Credentials, PasswordChange, Registration, TokenPair, User
from app.application.accounts.sessions import Grant
from app.application.accounts.time_zones import checked_time_zone
from app.application.unit_of_work import UnitOfWork
from app.domain.access import Actor, Origin, Permission, UserRole
from app.domain.accounts import (
    ACCESS_TOKEN_LIFETIME,
    InvalidCredentials,
    RefreshTokenReused,
)
from app.domain.auditing import Outcome
from app.domain.errors import ValidationFailed
from app.domain.ports import PasswordHasher, TokenSigner


def _address(email: str) -> str:
    """Who is signing in; an address that no account can have is nobody's, and told no more than any other."""
    try:
        return canonical_email(email)
    except ValidationFailed:
        return email


class Authentication:
    """Turns credentials into tokens."""

    def __init__(self, unit_of_work: UnitOfWork, hasher: PasswordHasher, signer: TokenSigner) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._signer = signer

    async def create_account(self, data: Registration, origin: Origin, role: UserRole) -> None:
        """Make an account without signing it in; raises as `register` does."""
        check_new_password(data.password, data.email)
        time_zone = checked_time_zone(data.time_zone)
        hashed = await self._hasher.hash(data.password)
        async with self._unit_of_work.begin() as services:
            user = await services.accounts.create(data, hashed, time_zone, role)
            await services.audit.record("account.register", Outcome.SUCCESS, origin=origin, subject_id=user.id)

    async def register(self, data: Registration, origin: Origin) -> TokenPair:
        """Make an account and sign it in; raises `EmailTaken`, `PasswordTooLong`, `ValidationFailed`."""
        check_new_password(data.password, data.email)
        time_zone = checked_time_zone(data.time_zone)
        hashed = await self._hasher.hash(data.password)
        async with self._unit_of_work.begin() as services:
            user = await services.accounts.create(data, hashed, time_zone)
            grant = await services.sessions.start(user, origin)
            await services.audit.record("account.register", Outcome.SUCCESS, origin=origin, subject_id=user.id)
        return self._pair(grant)

    async def login(self, data: Credentials, origin: Origin) -> TokenPair:
        """Sign in; raises `InvalidCredentials` after the same work whatever is wrong, and `TooManyRequests`."""
        address = _address(data.email)
        async with self._unit_of_work.begin() as services:
            await services.sign_in_throttle.begin(address)
            user = await services.accounts.find_by_canonical_email(address)
        usable = user is not None and user.disabled_at is None
        hashed = user.password_hash if user is not None and usable else None
        if not await self._hasher.verify(data.password, hashed) or user is None or hashed is None:
            await self._note_failure(origin, None if user is None else user.id)
            raise InvalidCredentials
        renewed = await self._hasher.hash(data.password) if self._hasher.outdated(hashed) else None
        async with self._unit_of_work.begin() as services:
            await services.sign_in_throttle.clear(address)
            if renewed is not None:
                await services.accounts.replace_hash(user, renewed)
            grant = await services.sessions.start(user, origin)
            await services.audit.record("session.start", Outcome.SUCCESS, origin=origin, subject_id=user.id)
        return self._pair(grant)

    async def refresh(self, refresh_token: str, origin: Origin) -> TokenPair:
        """Exchange a refresh token; raises `InvalidRefreshToken`, `RefreshTokenReused`."""
        async with self._unit_of_work.begin() as services:
            rotated = await services.sessions.rotate(refresh_token)
            if isinstance(rotated, UUID):
                await services.audit.record(
                    "session.reuse", Outcome.DENIED, origin=origin, subject_id=rotated, detail="session ended"
                )
        if isinstance(rotated, UUID):
            # the session's end is committed by now; raised inside, the refusal would have undone it
            raise RefreshTokenReused
        return self._pair(rotated)

    async def logout(self, refresh_token: str) -> None:
        """End the session of a refresh token, if it is one."""
        async with self._unit_of_work.begin() as services:
            await services.sessions.end(refresh_token)

    async def end_session(self, session_id: UUID) -> None:
        """End a session by its id, which its access token has proven."""
        async with self._unit_of_work.begin() as services:
            await services.sessions.end_by_id(session_id)

    async def change_password(self, actor: Actor, data: PasswordChange) -> TokenPair:
        """Change the password, end every session, and start a new one on this device.

        Raises `ReauthenticationRequired`, `InvalidCredentials`, `PasswordTooLong`.
        """
        actor.require(Permission.ACCOUNT_WRITE)
        async with self._unit_of_work.begin() as services:
            user = await services.accounts.get_for_sign_in(actor)
            await services.sign_in_throttle.begin(user.email_canonical)
        check_new_password(data.new_password, user.email)
        if not await self._hasher.verify(data.current_password, user.password_hash):
            await self._note_failure(actor.origin, actor.id, action="password.change")
            raise InvalidCredentials
        hashed = await self._hasher.hash(data.new_password)
        async with self._unit_of_work.begin() as services:
            await services.sign_in_throttle.clear(user.email_canonical)
            await services.accounts.set_password(user.id, hashed)
            await services.sessions.end_all(user.id, "password_changed")
            grant = await services.sessions.start(user, actor.origin)
            await services.audit.record("password.change", Outcome.SUCCESS, actor=actor, subject_id=user.id)
        async with self._unit_of_work.read() as services:
            return self._pair(grant, await services.accounts.get_me(actor))

    async def _note_failure(self, origin: Origin, subject_id: UUID | None, action: str = "session.start") -> None:
        """Committed by itself, for the refusal that follows must not undo it."""
        async with self._unit_of_work.begin() as services:
            await services.audit.record(action, Outcome.FAILURE, origin=origin, subject_id=subject_id)

    def _pair(self, grant: Grant, user: User | None = None) -> TokenPair:
        row = grant.user
        return TokenPair(
            access_token=self._signer.issue(row.id, grant.session_id, row.role, grant.authenticated_at),
            refresh_token=grant.refresh_token,
            token_type="Bearer",  # noqa: S106 -- the scheme's name, RFC 6750
            expires_in=int(ACCESS_TOKEN_LIFETIME.total_seconds()),
            user=user or msgspec.convert(row, User, from_attributes=True),
        )
