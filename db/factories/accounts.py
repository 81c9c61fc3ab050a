"""Accounts, their sessions, and what is asked of them."""

from typing import Any, Final

from polyfactory import PostGenerated, Use

from app.application.accounts.emails import canonical_email
from app.application.accounts.schemas import Credentials, Registration
from app.domain.access import UserRole
from app.domain.accounts import REFRESH_TOKEN_LIFETIME, SESSION_LIFETIME, VERIFICATION_LIFETIME, MailPurpose
from app.domain.auditing import Outcome
from app.infrastructure.database.models import AuditEvent, MailToken, RefreshToken, Session, SignInFailure, User
from db.factories.base import CHANCE, FAKER, NOW, RequestFactory, RowFactory, made_up_email, made_up_id

PASSWORD: Final = "correct horse battery staple"  # noqa: S105 -- everybody may know it
"""The password of every account and request that these factories make."""

PASSWORD_HASH: Final = "$2b$04$btpt/jKTmYyh/wqhsoPmNeHLsS7OTPNbhth6cIy9s3bgSfTKyLrGy"  # noqa: S105 -- of the above
"""bcrypt at its least cost, so that signing in takes a millisecond."""

TIME_ZONES: Final = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Chatham", "UTC")


def _canonical(_: str, values: dict[str, Any], *__: Any) -> str:
    return canonical_email(values["email"])


class UserFactory(RowFactory[User]):
    """An account in good standing, whose address is verified and whose password is `PASSWORD`."""

    __model__ = User

    email = Use(made_up_email)
    email_canonical = PostGenerated(_canonical)
    password_hash = PASSWORD_HASH
    name = Use(FAKER.name)
    time_zone = Use(CHANCE.choice, TIME_ZONES)
    role = UserRole.USER
    email_verified_at = NOW


class SessionFactory(RowFactory[Session]):
    """A sign-in that goes on; to be stored it needs the `user_id` of a stored account."""

    __model__ = Session

    user_id = Use(made_up_id)
    device = "Firefox on Linux"
    address = Use(FAKER.ipv4_public)
    idle_expires_at = NOW + REFRESH_TOKEN_LIFETIME
    expires_at = NOW + SESSION_LIFETIME


class RefreshTokenFactory(RowFactory[RefreshToken]):
    """A token that was not used yet, of which nobody knows the text; needs the `session_id` of a stored session."""

    __model__ = RefreshToken


class MailTokenFactory(RowFactory[MailToken]):
    """A token that verifies an address and was not used yet; needs the `user_id` of a stored account."""

    __model__ = MailToken

    purpose = MailPurpose.VERIFY_EMAIL
    expires_at = NOW + VERIFICATION_LIFETIME


class SignInFailureFactory(RowFactory[SignInFailure]):
    """One failure of some address."""

    __model__ = SignInFailure

    failures = 1


class AuditEventFactory(RowFactory[AuditEvent]):
    """A sign-in that succeeded, of nobody in particular."""

    __model__ = AuditEvent

    action = "session.created"
    outcome = Outcome.SUCCESS


class RegistrationFactory(RequestFactory[Registration]):
    """Somebody new, with the password `PASSWORD`."""

    __model__ = Registration

    email = Use(made_up_email)
    password = PASSWORD
    name = Use(FAKER.name)
    time_zone = Use(CHANCE.choice, TIME_ZONES)


class CredentialsFactory(RequestFactory[Credentials]):
    """A sign-in with `PASSWORD`; nobody has its address, unless it is given somebody's."""

    __model__ = Credentials

    email = Use(made_up_email)
    password = PASSWORD
