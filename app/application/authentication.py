"""Signing up, in, on and out, in short transactions: none is open while a hash is made."""

import msgspec

from app.application.accounts.schemas import Credentials, Registration, TokenPair, User
from app.application.accounts.sessions import Grant, Origin
from app.application.accounts.time_zones import checked_time_zone
from app.application.unit_of_work import UnitOfWork
from app.domain.accounts import (
    ACCESS_TOKEN_LIFETIME,
    InvalidCredentials,
    RefreshTokenReused,
    check_password_length,
)
from app.domain.errors import ValidationFailed
from app.domain.ports import PasswordHasher, TokenSigner


class Authentication:
    """Turns credentials into tokens."""

    def __init__(self, unit_of_work: UnitOfWork, hasher: PasswordHasher, signer: TokenSigner) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._signer = signer

    async def register(self, data: Registration, origin: Origin) -> TokenPair:
        """Make an account and sign it in; raises `EmailTaken`, `PasswordTooLong`, `ValidationFailed`."""
        check_password_length(data.password)
        time_zone = checked_time_zone(data.time_zone)
        hashed = await self._hasher.hash(data.password)
        async with self._unit_of_work.begin() as services:
            user = await services.accounts.create(data, hashed, time_zone)
            grant = await services.sessions.start(user, origin)
        return self._pair(grant)

    async def login(self, data: Credentials, origin: Origin) -> TokenPair:
        """Sign in; raises `InvalidCredentials`, after the same work, whatever it is that is wrong."""
        user = None
        async with self._unit_of_work.read() as services:
            try:
                user = await services.accounts.find_by_email(data.email)
            except ValidationFailed:
                # no account can have this address, and whoever asks is told no more than for any other
                user = None
        known = user is not None and user.disabled_at is None
        hashed = user.password_hash if user is not None and known else None
        if not await self._hasher.verify(data.password, hashed) or user is None or hashed is None:
            raise InvalidCredentials
        renewed = await self._hasher.hash(data.password) if self._hasher.outdated(hashed) else None
        async with self._unit_of_work.begin() as services:
            if renewed is not None:
                await services.accounts.replace_hash(user, renewed)
            grant = await services.sessions.start(user, origin)
        return self._pair(grant)

    async def refresh(self, refresh_token: str) -> TokenPair:
        """Exchange a refresh token; raises `InvalidRefreshToken`, `RefreshTokenReused`."""
        async with self._unit_of_work.begin() as services:
            grant = await services.sessions.rotate(refresh_token)
        if grant is None:
            # the session's end is committed by now; raised inside, the refusal would have undone it
            raise RefreshTokenReused
        return self._pair(grant)

    async def logout(self, refresh_token: str) -> None:
        """End the session of a refresh token, if it is one."""
        async with self._unit_of_work.begin() as services:
            await services.sessions.end(refresh_token)

    def _pair(self, grant: Grant) -> TokenPair:
        user = grant.user
        return TokenPair(
            access_token=self._signer.issue(user.id, grant.session_id, user.role),
            refresh_token=grant.refresh_token,
            token_type="Bearer",  # noqa: S106 -- the scheme's name, RFC 6750
            expires_in=int(ACCESS_TOKEN_LIFETIME.total_seconds()),
            user=msgspec.convert(user, User, from_attributes=True),
        )
