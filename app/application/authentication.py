"""Signing up, in, on and out, in short transactions: none is open while a hash is made."""

from contextlib import suppress
from uuid import UUID

import msgspec

from app.application.accounts.emails import canonical_email, sign_in_address
from app.application.accounts.passwords import check_new_password
from app.application.accounts.schemas import Credentials, PasswordChange, Registration, TokenPair, User
from app.application.accounts.sessions import Grant
from app.application.accounts.throttling import Quotas
from app.application.accounts.time_zones import checked_time_zone
from app.application.unit_of_work import Services, UnitOfWork
from app.domain.access import Actor, Origin, Permission, UserRole
from app.domain.accounts import ACCESS_TOKEN_LIFETIME, EmailTaken, InvalidCredentials, RefreshTokenReused
from app.domain.auditing import Outcome
from app.domain.mail import MailKind
from app.domain.ports import PasswordHasher, TokenSigner
from app.infrastructure.database import models


class Authentication:
    """Turns credentials into tokens; with `verified_only`, those of accounts whose address is proven."""

    def __init__(
        self,
        unit_of_work: UnitOfWork,
        hasher: PasswordHasher,
        signer: TokenSigner,
        quotas: Quotas,
        *,
        verified_only: bool,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._signer = signer
        self._quotas = quotas
        self._verified_only = verified_only

    async def create_account(self, data: Registration, origin: Origin, role: UserRole) -> None:
        """Make an account without signing it in, whose address somebody vouches for; raises as `register` does."""
        check_new_password(data.password, data.email)
        time_zone = checked_time_zone(data.time_zone)
        hashed = await self._hasher.hash(data.password)
        async with self._unit_of_work.begin() as services:
            user = await _new_account(services, data, hashed, time_zone, role)
            await services.accounts.mark_verified(user)
            await services.audit.record("account.register", Outcome.SUCCESS, origin=origin, subject_id=user.id)

    async def register(self, data: Registration, origin: Origin) -> TokenPair | None:
        """Make an account and sign it in; raises `EmailTaken`, `PasswordTooLong`, `ValidationFailed`.

        Where its address must be proven first, nobody is signed in, nor told whether the address was free.
        """
        check_new_password(data.password, data.email)
        time_zone = checked_time_zone(data.time_zone)
        hashed = await self._hasher.hash(data.password)
        if self._verified_only:
            await self._register_unseen(data, hashed, time_zone, origin)
            return None
        async with self._unit_of_work.begin() as services:
            user = await _new_account(services, data, hashed, time_zone)
            grant = await services.sessions.start(user, origin)
            await services.outbox.order(MailKind.VERIFY_EMAIL, user.id)
            await services.audit.record("account.register", Outcome.SUCCESS, origin=origin, subject_id=user.id)
        return self._pair(grant)

    async def login(self, data: Credentials, origin: Origin) -> TokenPair:
        """Sign in; raises `InvalidCredentials` after the same work whatever is wrong, and `TooManyRequests`."""
        address = sign_in_address(data.email)
        async with self._unit_of_work.begin() as services:
            await services.sign_in_throttle.begin(address)
            user = await services.accounts.find_by_canonical_email(address)
        hashed = user.password_hash if user is not None and self._may_sign_in(user) else None
        if not await self._hasher.verify(data.password, hashed) or user is None or hashed is None:
            await self._note_failure(origin, None if user is None else user.id)
            raise InvalidCredentials
        renewed = await self._hasher.hash(data.password) if self._hasher.outdated(hashed) else None
        async with self._unit_of_work.begin() as services:
            current = await services.accounts.lock(user.id)
            if current is not None and current.password_hash == hashed:
                await services.sign_in_throttle.clear(address)
                if renewed is not None:
                    await services.accounts.replace_hash(current, renewed)
                grant = await services.sessions.start(current, origin)
                await services.audit.record("session.start", Outcome.SUCCESS, origin=origin, subject_id=user.id)
                return self._pair(grant)
        # a new password has ended all sessions, and no sign-in with the old one may come after
        return await self.login(data, origin)

    async def refresh(self, refresh_token: str, origin: Origin) -> TokenPair:
        """Exchange a refresh token; raises `InvalidRefreshToken`, `RefreshTokenReused`, `TooManyRequests`."""
        async with self._unit_of_work.read() as services:
            session_id = await services.sessions.find(refresh_token)
        if session_id is not None:
            await self._quotas.take_refresh(session_id)
        async with self._unit_of_work.begin() as services:
            rotated = await services.sessions.rotate(refresh_token)
            if isinstance(rotated, UUID):
                await services.outbox.order(MailKind.SESSION_ENDED, rotated)
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
            current = await services.accounts.lock(user.id)
            if current is None or current.password_hash != user.password_hash:
                raise InvalidCredentials
            await services.sign_in_throttle.clear(user.email_canonical)
            await services.accounts.set_password(user.id, hashed)
            await services.sessions.end_all(user.id, "password_changed")
            await services.mail_tokens.void(user.id)
            await services.outbox.order(MailKind.PASSWORD_CHANGED, user.id)
            grant = await services.sessions.start(user, actor.origin)
            await services.audit.record("password.change", Outcome.SUCCESS, actor=actor, subject_id=user.id)
        async with self._unit_of_work.read() as services:
            return self._pair(grant, await services.accounts.get_me(actor))

    async def _register_unseen(self, data: Registration, hashed: str, time_zone: str, origin: Origin) -> None:
        """Make an account, or tell the owner of the address that they have one: each takes the same work."""
        address = canonical_email(data.email)
        notify = await self._quotas.allows_mail("register-account", address)
        with suppress(EmailTaken):  # by a parallel registration, which sends the mail
            async with self._unit_of_work.begin() as services:
                user = await services.accounts.find_by_canonical_email(address)
                if user is None:
                    user = await _new_account(services, data, hashed, time_zone)
                    await services.outbox.order(MailKind.VERIFY_EMAIL, user.id)
                    outcome = Outcome.SUCCESS
                else:
                    await services.outbox.order(MailKind.ADDRESS_TAKEN, user.id if notify else None)
                    outcome = Outcome.DENIED
                await services.audit.record("account.register", outcome, origin=origin, subject_id=user.id)

    def _may_sign_in(self, user: models.User) -> bool:
        return user.disabled_at is None and (user.email_verified_at is not None or not self._verified_only)

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


async def _new_account(
    services: Services, data: Registration, hashed: str, time_zone: str, role: UserRole = UserRole.USER
) -> models.User:
    """An account, and the inbox that everybody has."""
    user = await services.accounts.create(data, hashed, time_zone, role)
    await services.lists.create_inbox(user.id)
    return user
