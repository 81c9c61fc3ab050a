"""Time zones by their IANA names."""

from functools import cache
from zoneinfo import available_timezones

from msgspec import UnsetType

from app.domain.errors import Issue, IssueCode, ValidationFailed


def checked_time_zone(name: str | UnsetType) -> str:
    """The name of a zone that exists, UTC when none was given; raises `ValidationFailed`."""
    if isinstance(name, UnsetType):
        return "UTC"
    if name not in _names():
        raise ValidationFailed([Issue(IssueCode.CUSTOM, ("timeZone",), "Expected the name of an IANA time zone")])
    return name


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "posixrules", "Factory"}
