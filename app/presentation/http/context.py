"""What one request carries along, apart from what it asks for."""

from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.types import Scope

from app.domain.access import Origin

STATE_KEY: Final = "evenstar"
FIELDS_KEY: Final = "fields"

# RFC 6265bis 4.1.3.1: browsers take a cookie of this name only with Secure
REFRESH_COOKIE: Final = "__Secure-refresh"


def fields_of(scope: Scope) -> dict[bytes, bytes] | None:
    """The header fields by their names, in lower case; None where one is repeated, and `connection.headers` tells."""
    fields: dict[bytes, bytes] | None = scope["state"].get(FIELDS_KEY)
    return fields


def sent(connection: ASGIConnection[Any, Any, Any, Any], name: bytes) -> list[str]:
    """The values of the header fields of this name, which is in lower case."""
    fields = fields_of(connection.scope)
    if fields is None:
        return connection.headers.getall(name.decode(), [])
    value = fields.get(name)
    return [] if value is None else [value.decode("latin-1")]


def request_id(scope: Scope) -> str:
    """The id under which the request is logged and answered."""
    state: dict[str, Any] = scope["state"]
    return str(state.get(STATE_KEY, ""))


def origin_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Origin:
    """Where the request comes from: the address behind our own proxies, the device as it names itself."""
    device = sent(connection, b"user-agent")
    client = connection.scope["client"]
    return Origin(device[0] if device else "", client[0] if client else "")
