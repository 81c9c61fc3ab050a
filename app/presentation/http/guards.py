"""Guards: what a token may be used for. What a person may do to a row is the service's to decide."""

from collections.abc import Callable
from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from app.domain.access import Actor, Permission

Guard = Callable[[ASGIConnection[Any, Actor, Any, Any], BaseRouteHandler], None]

PUBLIC_KEY: Final = "public"
PUBLIC: Final = {PUBLIC_KEY: True}
"""Marks one handler as open to everybody; anything else needs a token (deny by default)."""


def requires(permission: Permission) -> Guard:
    """Turn away a token without the scope before any work is done; raises `Forbidden`."""

    def guard(connection: ASGIConnection[Any, Actor, Any, Any], _: BaseRouteHandler) -> None:
        connection.user.require(permission)

    return guard


def assert_guarded(handlers: list[BaseRouteHandler]) -> None:
    """Refuse to start with a handler that is neither guarded nor marked public."""
    for handler in handlers:
        if not handler.opt.get(PUBLIC_KEY) and not handler.resolve_guards():
            raise RuntimeError(f"{handler} is neither guarded nor marked public")
