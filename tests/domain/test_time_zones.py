from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.domain.time_zones import find_time_zone, time_zone_names


def test_every_name_on_offer_is_that_of_a_zone() -> None:
    assert {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"} <= time_zone_names()
    assert len(time_zone_names()) > 500
    for name in time_zone_names():
        assert find_time_zone(name) == ZoneInfo(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Europe",
        "europe/berlin",
        "Europe/Berlin ",
        "Europe/Berlin\x00",
        "\ud800",
        "localtime",
        "posixrules",
        "Factory",
        "posix/Europe/Berlin",
        "right/Europe/Berlin",
        "../../etc/passwd",
        str(Path("/usr/share/zoneinfo/UTC")),
        "x" * 5_000,
        "+02:00",
        "CET-1CEST",
    ],
)
def test_nothing_else_is(name: str) -> None:
    assert find_time_zone(name) is None
