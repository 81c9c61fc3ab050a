"""Tokens that travel by mail: whoever shows one has read what was sent to the address."""

from dataclasses import dataclass
from uuid import UUID

from app.application.tokens import digest_of, new_token
from app.domain.accounts import MAIL_TOKEN_LIFETIMES, InvalidMailToken, MailPurpose
from app.domain.ports import Clock
from app.infrastructure.database.repositories.mail_tokens import MailTokenRepository


@dataclass(frozen=True, slots=True)
class MailProof:
    """What a token stands for: its user reads what is sent to the address."""

    user_id: UUID
    purpose: MailPurpose
    email: str


class MailTokenService:
    """Keeps mailed tokens: each has 256 random bits, of which only a hash is stored, and is used once."""

    def __init__(self, tokens: MailTokenRepository, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock

    async def issue(self, user_id: UUID, purpose: MailPurpose, email: str) -> str:
        """A token to be sent to the address, in the place of any before it; the caller has the account locked.

        Without such an account the work is the same, and the token good for nothing.
        """
        now = self._clock.now()
        token = new_token()
        await self._tokens.void(user_id, [purpose])
        await self._tokens.add_for(
            user_id,
            purpose=purpose,
            token_hash=digest_of(token),
            email=email,
            expires_at=now + MAIL_TOKEN_LIFETIMES[purpose],
            now=now,
        )
        return token

    async def check(self, token: str, *purposes: MailPurpose) -> MailProof:
        """What the token stands for; raises `InvalidMailToken`."""
        found = await self._tokens.find_usable(digest_of(token), purposes, self._clock.now())
        if found is None or found.email is None:
            raise InvalidMailToken
        return MailProof(found.user_id, found.purpose, found.email)

    async def use(self, token: str, *purposes: MailPurpose) -> None:
        """Use the token up; raises `InvalidMailToken`, for all of parallel callers but one."""
        if not await self._tokens.use(digest_of(token), purposes, self._clock.now()):
            raise InvalidMailToken

    async def void(self, user_id: UUID) -> None:
        """Make every token worthless that was sent to the user so far."""
        await self._tokens.void(user_id, list(MailPurpose))

    async def prune(self) -> int:
        """Delete a batch of the tokens whose time is over; tells how many."""
        return await self._tokens.prune(self._clock.now())
