"""Accounts: their limits, and what is refused to them."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

from app.domain.errors import Conflict, Forbidden, Kind, Refusal, Unauthenticated

EMAIL_MAX: Final = 254  # RFC 5321 4.5.3.1.3, less the angle brackets
NAME_MAX: Final = 80
TIME_ZONE_MAX: Final = 64
PASSWORD_MIN: Final = 8  # ASVS 5.0 6.2.1
PASSWORD_MAX: Final = 128
PASSWORD_MAX_BYTES: Final = 72  # what bcrypt reads; longer ones would be cut short
DEVICE_MAX: Final = 200
ADDRESS_MAX: Final = 45  # an IPv6 address in text

ACCESS_TOKEN_LIFETIME: Final = timedelta(minutes=15)
REFRESH_TOKEN_LIFETIME: Final = timedelta(days=7)
SESSION_LIFETIME: Final = timedelta(days=30)
SESSION_REMEMBERED: Final = timedelta(days=1)
"""How long a session is kept that is over: longer than its access tokens live, which must be known to have ended."""
SUCCESSOR_WINDOW: Final = timedelta(seconds=10)
SESSIONS_MAX: Final = 20
REASON_MAX: Final = 32


FREE_FAILURES: Final = 5
LONGEST_WAIT: Final = timedelta(seconds=900)
FAILURES_FORGOTTEN: Final = timedelta(days=1)

VERIFICATION_LIFETIME: Final = timedelta(hours=24)
RESET_LIFETIME: Final = timedelta(minutes=30)


class MailPurpose(StrEnum):
    """What a mailed token may be used for."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 -- a purpose
    CHANGE_EMAIL = "change_email"


MAIL_TOKEN_LIFETIMES: Final = {
    MailPurpose.VERIFY_EMAIL: VERIFICATION_LIFETIME,
    MailPurpose.RESET_PASSWORD: RESET_LIFETIME,
    MailPurpose.CHANGE_EMAIL: VERIFICATION_LIFETIME,
}


class PasswordTooLong(Refusal):
    """The password has more than 72 bytes in UTF-8, more than bcrypt reads."""

    code = "password_too_long"
    title = "Password too long"
    kind = Kind.INVALID


class EmailTaken(Conflict):
    """An account with this e-mail address exists already."""

    code = "email_taken"
    title = "E-mail address taken"


class InvalidCredentials(Unauthenticated):
    """The e-mail address and the password do not belong together; it is not told which one is wrong."""

    code = "invalid_credentials"
    title = "Invalid credentials"


class InvalidRefreshToken(Unauthenticated):
    """The refresh token is unknown, expired, or its session has ended."""

    code = "invalid_refresh_token"
    title = "Invalid refresh token"


class CrossSiteRequest(Forbidden):
    """A request that acts by cookie must come from a page of this origin, or of one that the service lists."""

    code = "cross_site_request"
    title = "Cross-site request refused"


class InvalidMailToken(Refusal):
    """The token of a mail is unknown, has expired, was used, or a newer mail has taken its place."""

    code = "invalid_mail_token"
    title = "Invalid token"
    kind = Kind.MALFORMED

    def __init__(self) -> None:
        super().__init__("The token was used before, has expired, or a newer mail has taken its place")


class RefreshTokenReused(Unauthenticated):
    """A refresh token was used again after its successor; its session has been ended (RFC 9700 4.14.2)."""

    code = "refresh_reused"
    title = "Refresh token used again"


class PasswordCompromised(Refusal):
    """The password is a common one, or little more than the product's name or the account's own address."""

    code = "password_compromised"
    title = "Password too easy to guess"
    kind = Kind.INVALID


class LastAdmin(Conflict):
    """An admin must remain: the last one cannot be disabled or made anything else."""

    code = "last_admin"
    title = "The last admin"


def wait_after(failures: int) -> timedelta:
    """How long an account rests after so many failed sign-ins in a row: 1, 2, 4 ... 900 seconds from the fifth on."""
    if failures < FREE_FAILURES:
        return timedelta(0)
    # the exponent is bounded, for a power of a thousand failures fits no timedelta
    return min(timedelta(seconds=2 ** min(failures - FREE_FAILURES, 10)), LONGEST_WAIT)


def check_password_length(password: str) -> None:
    """Refuse what bcrypt would cut short; raises `PasswordTooLong`."""
    if len(password.encode(errors="surrogatepass")) > PASSWORD_MAX_BYTES:
        raise PasswordTooLong(f"A password has at most {PASSWORD_MAX_BYTES} bytes in UTF-8")
