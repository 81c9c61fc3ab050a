"""Which texts stand for something: characters that can be kept, ids, instants, times of day, addresses.

Each rule accepts what the checks that Zod 4 derives from the document accept, so that a browser and this server
agree, with two exceptions: a day or instant must exist in Python's calendar too (years 1 to 9999), and no text
may hold U+0000 (PostgreSQL stores none) or a lone surrogate (UTF-8 has none).
"""

import re
from datetime import UTC, date, datetime, time

import msgspec

# What ECMAScript's trim() and \s take for blank. Python's own set differs: it has U+001C to U+001F and U+0085
# and lacks U+FEFF.
WHITESPACE = (
    "\t\n\v\f\r \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000\ufeff"
)

_UNKEPT = re.compile("[\0-\x1f\x7f\ud800-\udfff]")
_UUID = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
    r"|0{8}-(?:0{4}-){3}0{12}|f{8}-(?:f{4}-){3}f{12}"
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?", re.ASCII)
# Possessive, hence linear in the length whatever the text is; but for the last group, which Python 3.11.2 gets wrong.
_EMAIL = re.compile(r"[\w'+-]++(?:\.[\w'+-]++)*+(?<!')@(?:[a-z0-9][a-z0-9-]*+\.)+[a-z]{2,}", re.ASCII | re.IGNORECASE)
_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\$", re.DOTALL)


def is_text(value: str) -> bool:
    """Whether every character can be stored and sent: no U+0000, no lone surrogate."""
    if "\0" in value:
        return False
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown_key(key: str) -> str:
    """A key of the request as an issue may name it: at most 64 characters, controls replaced by U+FFFD."""
    return _UNKEPT.sub("\ufffd", key[:64])


def is_uuid(value: str) -> bool:
    """Whether it is a hyphenated UUID of RFC 9562: of version 1 to 8 and its variant, or the nil or max one."""
    return _UUID.fullmatch(value) is not None


def is_likely_uuid(value: str) -> bool:
    """The part of `is_uuid` that msgspec does not check by itself."""
    if len(value) == 36 and value[14] in "12345678" and value[19] in "89abAB":  # noqa: PLR2004 -- version, variant
        return True
    return is_uuid(value)


def is_email(value: str) -> bool:
    """Whether Zod 4's `z.email()` accepts it: ASCII, a dotted domain, no quoted part."""
    return _EMAIL.fullmatch(value) is not None


def is_instant(value: str) -> bool:
    """Whether it is an RFC 3339 date-time with `T` and an offset, naming an instant that UTC can express."""
    if _INSTANT.fullmatch(value) is None:
        return False
    try:
        msgspec.convert(value, datetime).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        return False
    return True


def is_likely_instant(value: str) -> bool:
    """The part of `is_instant` that msgspec does not check by itself."""
    if value[10:11] == "T" and value[-1:] == "Z":
        return True
    return _INSTANT.fullmatch(value) is not None and (value[:4] not in {"0001", "9999"} or is_instant(value))


def is_date(value: str) -> bool:
    """Whether it is a day of the calendar, `YYYY-MM-DD`."""
    if _DATE.fullmatch(value) is None:
        return False
    try:
        msgspec.convert(value, date)
    except msgspec.ValidationError:
        return False
    return True


def full_time(value: str) -> str | None:
    """A time of day without offset, seconds added where they were left out; None if it is none."""
    if _TIME.fullmatch(value) is None:
        return None
    return value + ":00" if len(value) == len("09:30") else value


def is_time(value: str) -> bool:
    """Whether it is a time of day without offset; seconds and their fraction may be left out."""
    full = full_time(value)
    if full is None:
        return False
    try:
        msgspec.convert(full, time)
    except msgspec.ValidationError:
        return False
    return True


def strict_pattern(pattern: str) -> re.Pattern[str]:
    r"""A pattern of the document as ECMAScript reads it: `$` is the very end, `\d` and `\w` are ASCII."""
    return re.compile(_TOKEN.sub(lambda found: r"\Z" if found[0] == "$" else found[0], pattern), re.ASCII)
