"""What the business needs from outside, where two real answers exist."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from app.domain.access import UserRole
from app.domain.mail import Mail, MailKind, MailOrder

MAX_QUOTA = 1_000_000
MAX_WINDOW = 86_400
"""Seconds; a day."""


class Clock(Protocol):
    """The one source of the present; tests stop it."""

    def now(self) -> datetime:
        """The present instant, in UTC, of microsecond precision."""
        ...


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `quota` requests in `window` seconds, refilled evenly (GCRA).

    While the shared count is out of reach, a strict limit still holds, at a lower rate, and others are open.
    Raises `ValueError` for a name that is not of lower-case letters, digits, `-` and `_`, and outside of
    1 to `MAX_QUOTA` requests and 1 to `MAX_WINDOW` seconds.
    """

    name: str
    quota: int
    window: int
    strict: bool = True

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_-]*", self.name):
            raise ValueError(f"A limit's name is lower-case letters, digits, - and _, not {self.name!r}")
        if not (1 <= self.quota <= MAX_QUOTA and 1 <= self.window <= MAX_WINDOW):
            raise ValueError(f"The limit {self.name} is out of range: {self.quota} in {self.window} seconds")


class Verdict(NamedTuple):
    """A throttle's answer: `remaining` requests, seconds until one passes and until the quota is whole."""

    limit: Limit
    allowed: bool
    remaining: int
    retry_after: int
    reset_after: int


class Throttle(Protocol):
    """Counts what callers do, exactly across workers."""

    def spend(self, limit: Limit, key: str) -> Verdict | None:
        """Take 1 from the quota of `key` where that is decided here and passes; None where `hit` has to."""
        ...

    async def hit(self, limit: Limit, key: str, *, cost: int = 1) -> Verdict:
        """Take `cost` from the quota of `key`, or tell when it may be asked for again; never raises.

        A cost below 1 counts as 1; one above the quota never passes.
        """
        ...

    async def hit_all(self, hits: Sequence[tuple[Limit, str]], *, cost: int = 1) -> list[Verdict]:
        """Take `cost` from every limit and key, each pair named once, or from none if one of them refuses.

        The verdicts are in the order of the hits; never raises.
        """
        ...


class PasswordHasher(Protocol):
    """Hashes passwords off the event loop."""

    async def hash(self, password: str) -> str:
        """A salted hash at the configured cost; raises `Unavailable` when too many are waiting."""
        ...

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Whether the password made this hash; without one, the same work is done for the answer no."""
        ...

    def outdated(self, hashed: str) -> bool:
        """Whether the hash has another cost than the configured one."""
        ...


class TokenSigner(Protocol):
    """Signs access tokens."""

    def issue(self, user_id: UUID, session_id: UUID, role: UserRole, authenticated_at: datetime) -> str:
        """A token for the session, good from now on for `ACCESS_TOKEN_LIFETIME`."""
        ...


class MailQueue(Protocol):
    """Takes the mails that a transaction has ordered, once it is committed."""

    def put(self, order: MailOrder) -> None:
        """Have the mail written and sent soon; never waits and never raises."""
        ...


class MailComposer(Protocol):
    """Writes mails."""

    def compose(self, kind: MailKind, to: str, token: str | None) -> Mail:
        """A mail to the address, with a link that carries the token where there is one."""
        ...


class Mailer(Protocol):
    """Sends mails."""

    async def send(self, mail: Mail) -> None:
        """Hand the mail over to whoever delivers it; raises what is wrong with them."""
        ...
