"""What one request carries along, apart from what it asks for."""

from typing import Any, Final

from litestar.types import Scope

STATE_KEY: Final = "evenstar"


def request_id(scope: Scope) -> str:
    """The id under which the request is logged and answered."""
    state: dict[str, Any] = scope["state"]
    return str(state.get(STATE_KEY, ""))
