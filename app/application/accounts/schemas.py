"""What accounts are asked and what they show."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from app.application.schemas import Command, CreatedAt, Patch, Row, UpdatedAt, View
from app.application.validation import NOT_BLANK
from app.domain.access import UserRole
from app.domain.accounts import EMAIL_MAX, NAME_MAX, PASSWORD_MAX, PASSWORD_MIN, TIME_ZONE_MAX

Email = Annotated[
    str,
    Meta(
        max_length=EMAIL_MAX,
        description="An e-mail address; letter case does not tell two apart.",
        examples=["ada@example.com"],
        extra_json_schema={"format": "email"},
    ),
]
NewPassword = Annotated[
    str,
    Meta(
        min_length=PASSWORD_MIN,
        max_length=PASSWORD_MAX,
        description="8 to 128 characters, at most 72 bytes in UTF-8; anything may stand in it.",
        examples=["correct horse battery staple"],
    ),
]
GivenPassword = Annotated[
    str,
    Meta(
        max_length=1024,
        description="The account's password.",
        examples=["correct horse battery staple"],
    ),
]
Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=NAME_MAX,
        pattern=NOT_BLANK,
        description="What others are shown; blanks around it are taken off.",
        examples=["Ada Lovelace"],
        extra={"trim": True},
    ),
]
TimeZone = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=TIME_ZONE_MAX,
        description="The name of an IANA time zone.",
        examples=["Europe/Berlin"],
    ),
]
RefreshTokenText = Annotated[
    str,
    Meta(
        max_length=256,
        description="The refresh token of the last answer; each is used once.",
        examples=["pVQ1oYx2mS0yJpN9bW3cK7rT5uE8hG4fD6aL1zX0vCs"],
    ),
]


EmailVerifiedAt = Annotated[
    datetime, Meta(tz=True, description="When the address was verified.", examples=["2030-01-31T09:35:00Z"])
]


MailTokenText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        description="The token of a mail, which is used once: what stands behind `#token=` in its link.",
        examples=["Zk3vYbq0tX7Wc1uJ9sR5eLhN2aPmD8gF4iKoVxT6yQE"],
    ),
]


class Transport(StrEnum):
    """How a refresh token travels."""

    BODY = "body"
    COOKIE = "cookie"


class Registration(Command, frozen=True):
    """A new account."""

    email: Email
    password: NewPassword
    name: Name
    time_zone: TimeZone | UnsetType = UNSET


class Credentials(Command, frozen=True):
    """A sign-in."""

    email: Annotated[
        str, Meta(max_length=EMAIL_MAX, examples=["ada@example.com"], description="The account's address.")
    ]
    password: GivenPassword
    transport: Annotated[
        Transport,
        Meta(description="How the refresh token is handed out: in the body, or as a cookie that no script can read."),
    ] = Transport.BODY


class RefreshRequest(Command, frozen=True):
    """A refresh token, to be exchanged or ended; absent where the cookie holds it."""

    refresh_token: RefreshTokenText | UnsetType = UNSET


class EmailVerification(Command, frozen=True):
    """The token of the mail that a new address was sent."""

    token: MailTokenText


class PasswordReset(Command, frozen=True):
    """The token of the mail that was asked for, and the new password."""

    token: MailTokenText
    password: NewPassword


class MailRequest(Command, frozen=True):
    """Whose account a mail is asked for."""

    email: Annotated[
        str, Meta(max_length=EMAIL_MAX, examples=["ada@example.com"], description="The account's address.")
    ]


class EmailChange(Command, frozen=True):
    """The address that the account is to have."""

    email: Email


class Accepted(View, frozen=True, gc=False):
    """It was taken in; if there is something to do, a mail is on its way. Every such answer is the same."""

    status: Annotated[Literal["accepted"], Meta(description="No more is told, so that no account is given away.")]


class User(Row, frozen=True, gc=False):
    """An account as its owner sees it."""

    email: Email
    name: Name
    time_zone: TimeZone
    role: UserRole
    email_verified_at: EmailVerifiedAt | None
    created_at: CreatedAt
    updated_at: UpdatedAt


class StoredSession(View, frozen=True, gc=False):
    """A session's columns as they are stored."""

    id: UUID
    device: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    idle_expires_at: datetime
    expires_at: datetime


class Session(View, frozen=True, gc=False):
    """One sign-in, as its owner sees it."""

    id: Annotated[
        UUID,
        Meta(
            description="The session's id, which its access tokens carry as `sid`.",
            examples=["01937a3e-5d4c-7b2a-9f10-3c6e8d2b4a72"],
        ),
    ]
    device: Annotated[str, Meta(description="The device, as it names itself.", examples=["curl/8.5.0"])]
    address: Annotated[str, Meta(description="Where the sign-in came from.", examples=["203.0.113.7"])]
    created_at: CreatedAt
    last_seen_at: Annotated[
        datetime,
        Meta(tz=True, description="When its refresh token was last exchanged.", examples=["2030-01-02T08:00:00Z"]),
    ]
    expires_at: Annotated[
        datetime,
        Meta(tz=True, description="When it ends unless it is refreshed.", examples=["2030-01-09T08:00:00Z"]),
    ]
    current: Annotated[bool, Meta(description="Whether it is the one that asks.", examples=[True])]


class SessionList(View, frozen=True, gc=False):
    """The sessions that have not ended, last seen first; at most 20."""

    items: Annotated[list[Session], Meta(description="The sessions.")]


class UserUpdate(Patch, frozen=True):
    """What an account's owner may change about it."""

    name: Name | UnsetType = UNSET
    time_zone: TimeZone | UnsetType = UNSET


class PasswordChange(Command, frozen=True):
    """The present password and the next one."""

    current_password: GivenPassword
    new_password: NewPassword


class TokenPair(View, frozen=True, gc=False):
    """A sign-in's fresh tokens, and whose they are; the refresh token is null where a cookie holds it."""

    access_token: Annotated[
        str,
        Meta(
            description="An ES256 JWT for the Authorization header (RFC 9068).",
            examples=["eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IjEifQ.e30.c2lnbmF0dXJl"],
        ),
    ]
    refresh_token: RefreshTokenText | None
    token_type: Annotated[Literal["Bearer"], Meta(description="How the access token is sent (RFC 6750).")]
    expires_in: Annotated[int, Meta(ge=1, le=900, description="Seconds the access token lives.", examples=[900])]
    user: User
