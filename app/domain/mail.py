"""Mails: which there are, what orders one, and one as it is sent."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class MailKind(StrEnum):
    """Why a mail is sent."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 -- a reason
    CHANGE_EMAIL = "change_email"
    EMAIL_CHANGE_REQUESTED = "email_change_requested"
    EMAIL_CHANGED = "email_changed"
    ADDRESS_TAKEN = "address_taken"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 -- a reason
    SESSION_ENDED = "session_ended"


@dataclass(frozen=True, slots=True)
class MailOrder:
    """A mail that is to be written and sent after the transaction that orders it; it holds no secret.

    It goes to the address that the account has by then, or to `email` where that is another one: the address
    before a change, or the one after it. An order for no account is sent to nobody. One that names a session
    lapses with that session.
    """

    kind: MailKind
    user_id: UUID | None
    email: str | None = None
    session_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one address; `message_id` stays the same however often it is sent, and has no domain."""

    message_id: str
    to: str
    subject: str
    text: str
    html: str
