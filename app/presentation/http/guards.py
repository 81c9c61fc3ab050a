"""Guards: what a token may be used for. What a person may do to a row is the service's to decide."""

from dataclasses import dataclass
from typing import Any, Final, cast

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.routes import HTTPRoute

from app.domain.access import Actor, Permission

PUBLIC_KEY: Final = "public"
PUBLIC: Final = {PUBLIC_KEY: True}
"""Marks one handler as open to everybody; anything else needs a token (deny by default)."""


@dataclass(frozen=True, slots=True)
class Requires:
    """A guard that turns away a token without the scope before any work is done; raises `Forbidden`."""

    permission: Permission

    # asynchronous, since Litestar hands each other guard to a thread
    async def __call__(self, connection: ASGIConnection[Any, Actor, Any, Any], _: BaseRouteHandler) -> None:
        """Ask the token; what Litestar itself answers to OPTIONS is nobody's secret, and comes without one."""
        if connection.scope.get("method") != "OPTIONS":
            connection.user.require(self.permission)


def requires(permission: Permission) -> Requires:
    """The guard for one permission."""
    return Requires(permission)


def assert_guarded(app: Litestar) -> None:
    """Refuse to start with a handler that is neither guarded nor marked public; raises `RuntimeError`."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                # Litestar answers OPTIONS itself, with the methods of the path and nothing else
                if handler.http_methods == {"OPTIONS"} or handler.opt.get(PUBLIC_KEY):
                    continue
                # a guard that only counts requests authorizes nobody
                guards = (
                    guard for layer in handler.ownership_layers for guard in cast("list[object]", layer.guards or [])
                )
                if not any(isinstance(guard, Requires) for guard in guards):
                    raise RuntimeError(f"{route.path} {handler.handler_name} is neither guarded nor marked public")
