from collections.abc import Iterator

import pytest

from tests.servers import Servers


@pytest.fixture
def blank(servers: Servers) -> Iterator[str]:
    """A database in which nothing was made yet."""
    with servers.blank() as url:
        yield url
