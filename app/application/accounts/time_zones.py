"""The time zone of an account."""

from msgspec import UnsetType

from app.domain.errors import Issue, IssueCode, ValidationFailed
from app.domain.time_zones import time_zone_names


def checked_time_zone(name: str | UnsetType) -> str:
    """The name of a zone that exists, UTC when none was given; raises `ValidationFailed`."""
    if isinstance(name, UnsetType):
        return "UTC"
    if name not in time_zone_names():
        raise ValidationFailed([Issue(IssueCode.CUSTOM, ("timeZone",), "Expected the name of an IANA time zone")])
    return name
