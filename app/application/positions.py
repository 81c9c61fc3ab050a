"""Where new rows go: behind all others, without a look at them."""

from uuid_utils import uuid7

from app.domain.ordering import key_of

_COUNTER_BITS = 42
_COUNTER_MASK = 2**30 - 1


def last_position() -> str:
    """A key that sorts behind those made before: of this process always, of others as far as clocks agree.

    It is the number in a UUIDv7 (RFC 9562 5.7): 48 bits of milliseconds, and a counter of 42 bits that begins at
    chance in each of them. Parallel callers get different keys without waiting for one another.
    """
    number = uuid7().int
    milliseconds, high, low = number >> 80, number >> 64 & 0xFFF, number >> 32 & _COUNTER_MASK
    return key_of(milliseconds << _COUNTER_BITS | high << 30 | low)
