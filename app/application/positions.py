"""Where new rows go: behind all others, without a look at them."""

from uuid_utils import uuid7

from app.domain.ordering import key_of

_COUNTED_FROM = 32
"""Where in a UUIDv7 its counter ends: what is below is chance."""


def last_position() -> str:
    """A key that sorts behind those made before: of this process always, of others as far as clocks agree.

    It is the number in a UUIDv7 (RFC 9562 5.7): 48 bits of milliseconds, and a counter of 42 bits that begins at
    chance in each of them; what else is among its first 96 bits is the same in all of them. Parallel callers get
    different keys without waiting for one another.
    """
    return key_of(uuid7().int >> _COUNTED_FROM)
