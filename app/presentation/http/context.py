"""What one request carries along, apart from what it asks for."""

from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.types import Scope

from app.domain.access import Origin

STATE_KEY: Final = "evenstar"

# RFC 6265bis 4.1.3.1: browsers take a cookie of this name only with Secure
REFRESH_COOKIE: Final = "__Secure-refresh"


def request_id(scope: Scope) -> str:
    """The id under which the request is logged and answered."""
    state: dict[str, Any] = scope["state"]
    return str(state.get(STATE_KEY, ""))


def origin_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Origin:
    """Where the request comes from: the address behind our own proxies, the device as it names itself."""
    client = connection.scope["client"]
    return Origin(device=connection.headers.get("user-agent", ""), address=client[0] if client else "")
