"""Time zones by their IANA names, the same ones on every machine."""

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo


@cache
def time_zone_names() -> frozenset[str]:
    """Every name that a person may choose.

    Read from the `tzdata` package, since what a system offers besides differs from one machine to the next
    (`localtime`, `posix/...`) and takes a walk through a directory to find out.
    """
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="ascii").split()) - {"Factory"}


def find_time_zone(name: str) -> ZoneInfo | None:
    """The zone of this name; None where there is none, however hostile the name."""
    return ZoneInfo(name) if name in time_zone_names() else None
