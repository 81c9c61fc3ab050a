"""Requests that may be sent twice: the second one gets the first one's answer, and has no effect of its own."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.domain.errors import IdempotencyKeyInUse, IdempotencyKeyReused
from app.domain.ports import Clock
from app.infrastructure.database.models import IdempotencyRecord
from app.infrastructure.database.repositories.idempotency import IdempotencyRepository

LIFETIME: Final = timedelta(hours=24)
KEY_MAX: Final = 255
UNDER_WAY: Final = timedelta(minutes=1)
"""How long a reserved key is held for work of which nothing more is heard, as when its process was killed."""

_NO_ANSWER_YET: Final = b""
_NONCE_BYTES: Final = 12


class StoredAnswer(msgspec.Struct, frozen=True):
    """An answer as it was sent the first time."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """One request under a key: whose it is (caller and route), the key, and what is asked."""

    owner: str
    key: str
    body: bytes

    @property
    def owner_hash(self) -> bytes:
        """Tells the caller's keys on this route from all others."""
        return sha256(self.owner.encode()).digest()

    @property
    def key_hash(self) -> bytes:
        """Finds the record; the key itself is not stored, for it decrypts the answer."""
        return sha256(self.key.encode()).digest()

    @property
    def fingerprint(self) -> bytes:
        """Tells a repeated request from another one under the same key."""
        return sha256(self.body).digest()


class IdempotencyService:
    """Remembers answers for `LIFETIME`, each encrypted under a key that only its client can name again.

    So that answers with tokens in them sign nobody in who reads the database.
    """

    def __init__(self, records: IdempotencyRepository, clock: Clock, secret: bytes) -> None:
        self._records = records
        self._clock = clock
        self._secret = secret

    async def begin(self, claim: Claim) -> StoredAnswer | None:
        """The first answer, or None for the first request, which holds the key until the transaction ends.

        Raises `IdempotencyKeyInUse`, `IdempotencyKeyReused`.
        """
        if not await self._records.try_lock(claim.owner_hash, claim.key_hash):
            raise IdempotencyKeyInUse(retry_after=1)
        since = self._clock.now() - LIFETIME
        record = await self._records.find(claim.owner_hash, claim.key_hash, since)
        if record is None:
            return None
        if not hmac.compare_digest(record.fingerprint, claim.fingerprint):
            raise IdempotencyKeyReused
        if record.answer == _NO_ANSWER_YET:
            if record.created_at > self._clock.now() - UNDER_WAY:
                raise IdempotencyKeyInUse(retry_after=1)
            return None
        nonce, sealed = record.answer[:_NONCE_BYTES], record.answer[_NONCE_BYTES:]
        opened = self._cipher(claim).decrypt(nonce, sealed, claim.owner_hash)
        return msgspec.msgpack.decode(opened, type=StoredAnswer)

    async def reserve(self, claim: Claim) -> StoredAnswer | None:
        """As `begin`, but the first request holds the key across transactions, until `finish` or `release`.

        Raises `IdempotencyKeyInUse`, `IdempotencyKeyReused`.
        """
        answer = await self.begin(claim)
        if answer is None:
            await self._keep(claim, _NO_ANSWER_YET)
        return answer

    async def release(self, claim: Claim) -> None:
        """Let go of a reserved key, for nothing came of the work."""
        await self._records.remove(claim.owner_hash, claim.key_hash)

    async def finish(self, claim: Claim, answer: StoredAnswer) -> None:
        """Remember the answer, in the transaction of the work it tells of."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher(claim).encrypt(nonce, msgspec.msgpack.encode(answer), claim.owner_hash)
        await self._keep(claim, nonce + sealed)

    async def prune(self) -> int:
        """Delete a batch of the records that have outlived `LIFETIME`; tells how many."""
        return await self._records.prune(self._clock.now() - LIFETIME)

    async def _keep(self, claim: Claim, answer: bytes) -> None:
        now = self._clock.now()
        await self._records.remove(claim.owner_hash, claim.key_hash)
        await self._records.add(
            IdempotencyRecord(
                owner_hash=claim.owner_hash,
                key_hash=claim.key_hash,
                fingerprint=claim.fingerprint,
                answer=answer,
                created_at=now,
                updated_at=now,
            ),
            auto_refresh=False,
        )

    def _cipher(self, claim: Claim) -> AESGCM:
        return AESGCM(hmac.digest(self._secret, claim.key.encode(), "sha256"))
