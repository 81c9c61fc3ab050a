"""Cursors: opaque, signed positions that are good for one caller and one listing only."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from hmac import compare_digest
from typing import Final, TypeVar

import msgspec

from app.domain.errors import Issue, IssueCode, ValidationFailed

SIGNATURE_BYTES: Final = 16

PositionT = TypeVar("PositionT")


class CursorCodec:
    """Writes and reads cursors under a secret key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def encode(self, position: object, scope: str) -> str:
        """A cursor for the position; `scope` names caller, listing, sort and filters."""
        payload = msgspec.json.encode(position)
        return urlsafe_b64encode(self._sign(payload, scope) + payload).rstrip(b"=").decode()

    def decode(self, cursor: str, schema: type[PositionT], scope: str) -> PositionT:
        """The position in a cursor of the same scope; raises `ValidationFailed` on any other text."""
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            signature, payload = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
            if compare_digest(signature, self._sign(payload, scope)):
                return msgspec.json.decode(payload, type=schema)
        except (ValueError, msgspec.MsgspecError):
            pass
        raise ValidationFailed(
            [
                Issue(
                    IssueCode.INVALID_FORMAT,
                    ("cursor",),
                    "Expected the nextCursor of the same listing",
                    location="query",
                    params={"format": "cursor"},
                )
            ]
        )

    def _sign(self, payload: bytes, scope: str) -> bytes:
        return blake2b(scope.encode() + b"\0" + payload, key=self._key, digest_size=SIGNATURE_BYTES).digest()
