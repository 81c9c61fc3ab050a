"""The order that people give their rows: keys between any two of which there is always another.

Fractional indexing after David Greenspan: an integer of variable length, whose first letter tells the length, and
a fraction to base 62 without trailing zeros. Keys compare as bytes (`COLLATE "C"`). The keys are the published
ones, so that a client may compute them too.
"""

import re
from bisect import bisect_right
from itertools import accumulate
from typing import Final

from app.domain.errors import Conflict, Kind, Refusal

POSITION_MAX: Final = 128
REBALANCE_ABOVE: Final = 64

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE: Final = len(_DIGITS)
_KEY: Final = re.compile(r"[A-Za-z][0-9A-Za-z]+")
_LONGEST: Final = 26  # digits of an integer: heads run from a to z, and downwards from Z to A
_SHORTER: Final = [0, *accumulate(_BASE**digits for digits in range(1, _LONGEST + 1))]
_HEADS_UP: Final = "abcdefghijklmnopqrstuvwxyz"
_HEADS_DOWN: Final = _HEADS_UP.upper()[::-1]
_PAIRS: Final = [high + low for high in _DIGITS for low in _DIGITS]
_BASE_2, _BASE_4, _BASE_8 = _BASE**2, _BASE**4, _BASE**8
_LAST: Final = _SHORTER[-1] - 1
_FIRST: Final = -_LAST - 1


class PositionTaken(Conflict):
    """Another row was put in the same place at the same moment; the same request may be sent again."""

    code = "position_taken"
    title = "Position taken"


class NotASibling(Refusal):
    """The row named by `afterId` or `beforeId` does not stand where the moved one is to go."""

    code = "not_a_sibling"
    title = "Not a sibling"
    kind = Kind.INVALID


def between(after: str | None, before: str | None) -> str:
    """A key that sorts behind `after` and ahead of `before`; None stands for the end on that side.

    It is at most one character longer than the longer of the two. Raises `ValueError` for what is no key, and
    unless `after` sorts ahead of `before`.
    """
    if after is not None and before is not None and after >= before:
        raise ValueError("There is nothing between keys that are equal or in the wrong order")
    if after is not None:
        low, fraction = _parse(after)
        high, limit = (_LAST + 1, "") if before is None else _parse(before)
        if low == high:
            return _text(low) + _midpoint(fraction, limit)
        if low < _LAST:
            above = _text(low + 1)
            if before is None or above < before:
                return above
        return _text(low) + _midpoint(fraction, None)
    if before is None:
        return _text(0)
    high, limit = _parse(before)
    below = high if limit else high - 1
    if below > _FIRST:
        return _text(below)
    # the least integer is no key by itself: nothing could go ahead of it
    return _text(_FIRST) + _midpoint("", limit if high == _FIRST else None)


def key_of(number: int) -> str:
    """The key of a whole number: the greater the number, the further behind its key sorts.

    A number that grows with time puts each new row behind those before it, whoever else puts one there meanwhile.
    Raises `ValueError` for a number that no key has room for.
    """
    if not _FIRST < number <= _LAST:
        raise ValueError("There is no key for a number that large")
    return _text(number)


def aside(after: str | None, before: str | None) -> str:
    """A key between the two, as of `between`, that is no whole number: those are for new rows, which wait for nobody.

    So whoever puts a row here can meet no key that a row of the same moment is given by `key_of`.
    """
    key = between(after, before)
    if _parse(key)[1]:
        return key
    if after is not None and before is not None:
        return between(after, key)
    # the next whole number on that side, so that keys grow no longer however many rows are put at the end
    return between(between(None, key), key) if after is None else between(key, between(key, None))


def spread(count: int, after: str | None = None, before: str | None = None) -> list[str]:
    """As many keys as asked for, in order, between the two; short ones. Raises `ValueError` as `between` does."""
    if count <= 0:
        return []
    if before is None:
        keys = [between(after, None)]
        while len(keys) < count:
            keys.append(between(keys[-1], None))
        return keys
    if after is None:
        keys = [between(None, before)]
        while len(keys) < count:
            keys.append(between(None, keys[-1]))
        return keys[::-1]
    middle = between(after, before)
    half = count // 2
    return [*spread(half, after, middle), middle, *spread(count - half - 1, middle, before)]


def needs_rebalance(key: str) -> bool:
    """Whether the key has grown so long that its row's siblings should be given fresh ones before it is stored."""
    return len(key) > REBALANCE_ABOVE


def rebalanced(count: int, last: str | None = None) -> list[str]:
    """Fresh short keys for all siblings, in their order.

    With the greatest key in use as `last` they all sort behind it, so that rows can take them one by one and
    never meet a key that another row still has.
    """
    return spread(count, last)


def _parse(key: str) -> tuple[int, str]:
    """The key's integer and its fraction."""
    if len(key) > POSITION_MAX or not _KEY.fullmatch(key):
        raise ValueError(f"A position is a letter and digits to base 62, at most {POSITION_MAX} characters")
    head = key[0]
    size = ord(head) - ord("a") + 1 if head >= "a" else ord("Z") - ord(head) + 1
    digits, fraction = key[1 : size + 1], key[size + 1 :]
    if len(digits) < size or fraction.endswith("0"):
        raise ValueError("A position has as many digits as its first letter says, and no trailing zero behind them")
    value = 0
    for digit in digits:
        value = value * _BASE + _DIGITS.index(digit)
    shorter = sum(_BASE**each for each in range(1, size))
    number = value + shorter if head >= "a" else value - shorter - _BASE**size
    if number == _FIRST and not fraction:
        raise ValueError("The least integer is no position by itself")
    return number, fraction


def _text(number: int) -> str:
    """The integer as it stands at the beginning of a key."""
    negative = number < 0
    value = -number - 1 if negative else number
    # how many integers have fewer digits
    size = bisect_right(_SHORTER, value)
    value -= _SHORTER[size - 1]
    if negative:
        value = _BASE**size - 1 - value
    digits = ""
    while len(digits) < size:
        value, eight = divmod(value, _BASE_8)
        high, low = divmod(eight, _BASE_4)
        digits = (
            f"{_PAIRS[high // _BASE_2]}{_PAIRS[high % _BASE_2]}{_PAIRS[low // _BASE_2]}{_PAIRS[low % _BASE_2]}{digits}"
        )
    # what is beyond its size is zeros
    return (_HEADS_DOWN if negative else _HEADS_UP)[size - 1] + digits[-size:]


def _midpoint(low: str, high: str | None) -> str:
    """A short fraction between two; None is 1. Neither ends in zero, and `low` is the lesser."""
    common = 0
    while high is not None and low[common : common + 1].rjust(1, "0") == high[common]:
        common += 1
    done = "" if high is None else high[:common]
    low, high = low[common:], None if high is None else high[common:]
    while True:
        floor = _DIGITS.index(low[0]) if low else 0
        ceiling = _BASE if high is None else _DIGITS.index(high[0])
        if ceiling - floor > 1:
            return done + _DIGITS[(floor + ceiling + 1) // 2]
        if high is not None and len(high) > 1:
            return done + high[0]
        done, low, high = done + _DIGITS[floor], low[1:], None
