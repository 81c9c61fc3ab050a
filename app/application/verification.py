"""What is proven by mail: that an address is its user's, and who may set a new password."""

from app.application.accounts.emails import canonical_email, sign_in_address
from app.application.accounts.passwords import check_new_password
from app.application.accounts.throttling import Quotas
from app.application.unit_of_work import Services, UnitOfWork
from app.domain.access import Actor, Origin, Permission
from app.domain.accounts import InvalidMailToken, MailPurpose
from app.domain.auditing import Outcome
from app.domain.mail import MailKind
from app.domain.ports import Clock, PasswordHasher
from app.infrastructure.database import models


class Verification:
    """Asks for proofs by mail and takes them, in short transactions: none is open while a hash is made."""

    def __init__(self, unit_of_work: UnitOfWork, hasher: PasswordHasher, quotas: Quotas, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._quotas = quotas
        self._clock = clock

    async def resend_verification(self, email: str, origin: Origin) -> None:
        """Mail a new link to an account that is not verified; nobody is told whether there is one."""
        address = sign_in_address(email)
        if not await self._quotas.allows_mail("resend-account", address):
            return
        async with self._unit_of_work.begin() as services:
            user = await services.accounts.find_by_canonical_email(address)
            waiting = user is not None and user.disabled_at is None and user.email_verified_at is None
            await _order(services, MailKind.VERIFY_EMAIL, user if waiting else None, origin)

    async def forgot_password(self, email: str, origin: Origin) -> None:
        """Mail a link for a new password; nobody is told whether there is an account."""
        address = sign_in_address(email)
        if not await self._quotas.allows_mail("forgot-account", address):
            return
        async with self._unit_of_work.begin() as services:
            user = await services.accounts.find_by_canonical_email(address)
            known = user is not None and user.disabled_at is None
            await _order(services, MailKind.RESET_PASSWORD, user if known else None, origin)

    async def request_email_change(self, actor: Actor, email: str) -> None:
        """Mail a link to the new address, and a notice to the present one, which stays until the link is used.

        Nobody is told whether the new address is taken. Raises `ReauthenticationRequired`, `ValidationFailed`.
        """
        actor.require(Permission.ACCOUNT_WRITE)
        actor.require_recent_sign_in(self._clock.now())
        address = canonical_email(email)
        async with self._unit_of_work.begin() as services:
            user = await services.accounts.get_for_sign_in(actor)
            holder = await services.accounts.find_by_canonical_email(address)
            recipient = user.id if holder is None or holder.id == user.id else None
            await services.outbox.order(MailKind.CHANGE_EMAIL, recipient, email=email, session_id=actor.session_id)
            await services.outbox.order(MailKind.EMAIL_CHANGE_REQUESTED, user.id)
            await services.audit.record("email.change_request", Outcome.SUCCESS, actor=actor, subject_id=user.id)

    async def verify_email(self, token: str, origin: Origin) -> None:
        """Take the proof that an address is its user's, and make it the account's where it is a new one.

        A new address ends all sessions. Raises `InvalidMailToken`, `EmailTaken`.
        """
        purposes = (MailPurpose.VERIFY_EMAIL, MailPurpose.CHANGE_EMAIL)
        async with self._unit_of_work.begin() as services:
            proof = await services.mail_tokens.check(token, *purposes)
            # the account is locked before its tokens, here as where they are made
            user = await services.accounts.lock(proof.user_id)
            await services.mail_tokens.use(token, *purposes)
            if user is None:
                raise InvalidMailToken
            if proof.purpose is MailPurpose.CHANGE_EMAIL:
                await _change_email(services, user, proof.email)
                await services.audit.record("email.change", Outcome.SUCCESS, origin=origin, subject_id=user.id)
                return
            if proof.email != user.email:
                raise InvalidMailToken
            await services.accounts.mark_verified(user)
            await services.audit.record("email.verify", Outcome.SUCCESS, origin=origin, subject_id=user.id)

    async def reset_password(self, token: str, password: str, origin: Origin) -> None:
        """Set a new password, which proves the address too, and end all sessions.

        Raises `InvalidMailToken`, `PasswordTooLong`, `PasswordCompromised`; the token is good still after the latter.
        """
        async with self._unit_of_work.read() as services:
            proof = await services.mail_tokens.check(token, MailPurpose.RESET_PASSWORD)
        check_new_password(password, proof.email)
        hashed = await self._hasher.hash(password)
        async with self._unit_of_work.begin() as services:
            user = await services.accounts.lock(proof.user_id)
            await services.mail_tokens.use(token, MailPurpose.RESET_PASSWORD)
            if user is None or proof.email != user.email:
                raise InvalidMailToken
            await services.accounts.set_password(user.id, hashed)
            await services.accounts.mark_verified(user)
            await services.sessions.end_all(user.id, "password_reset")
            await services.sign_in_throttle.clear(user.email_canonical)
            await services.mail_tokens.void(user.id)
            await services.outbox.order(MailKind.PASSWORD_CHANGED, user.id)
            await services.audit.record("password.reset", Outcome.SUCCESS, origin=origin, subject_id=user.id)


async def _order(services: Services, kind: MailKind, user: models.User | None, origin: Origin) -> None:
    """Order the mail and write it down: the same work for nobody."""
    subject_id = None if user is None else user.id
    await services.outbox.order(kind, subject_id)
    outcome = Outcome.FAILURE if user is None else Outcome.SUCCESS
    await services.audit.record(f"mail.{kind}", outcome, origin=origin, subject_id=subject_id)


async def _change_email(services: Services, user: models.User, email: str) -> None:
    """Move the account to an address that was proven; raises `EmailTaken`."""
    await services.accounts.change_email(user.id, email)
    await services.sessions.end_all(user.id, "email_changed")
    await services.mail_tokens.void(user.id)
    await services.outbox.order(MailKind.EMAIL_CHANGED, user.id, email=user.email)
