"""What accounts are asked and what they show."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from app.application.schemas import Command, CreatedAt, Row, UpdatedAt, View
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


class RefreshRequest(Command, frozen=True):
    """A refresh token, to be exchanged or ended."""

    refresh_token: RefreshTokenText


class User(Row, frozen=True, gc=False):
    """An account as its owner sees it."""

    email: Email
    name: Name
    time_zone: TimeZone
    role: UserRole
    email_verified_at: (
        Annotated[
            datetime,
            Meta(tz=True, description="When the address was verified.", examples=["2030-01-31T09:35:00Z"]),
        ]
        | None
    )
    created_at: CreatedAt
    updated_at: UpdatedAt


class TokenPair(View, frozen=True, gc=False):
    """A sign-in's fresh tokens, and whose they are."""

    access_token: Annotated[
        str,
        Meta(
            description="An ES256 JWT for the Authorization header (RFC 9068).",
            examples=["eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IjEifQ.e30.c2lnbmF0dXJl"],
        ),
    ]
    refresh_token: RefreshTokenText
    token_type: Annotated[Literal["Bearer"], Meta(description="How the access token is sent (RFC 6750).")]
    expires_in: Annotated[int, Meta(ge=1, le=900, description="Seconds the access token lives.", examples=[900])]
    user: User
