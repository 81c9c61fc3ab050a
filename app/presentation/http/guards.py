"""Guards: what a token may be used for. What a person may do to a row is the service's to decide."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, cast

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.routes import HTTPRoute

from app.application.unit_of_work import UnitOfWork
from app.domain.access import Actor, Permission
from app.domain.auditing import Outcome
from app.domain.errors import Forbidden, Refusal

PUBLIC_KEY: Final = "public"
PUBLIC: Final = {PUBLIC_KEY: True}
"""Marks one handler as open to everybody; anything else needs a token (deny by default)."""


@dataclass(frozen=True, slots=True)
class Requires:
    """A guard that turns away a token without the scope before any work is done; raises `Forbidden`.

    It opens nothing for those who have it; who does not is written down (ASVS 5.0 16.3.2).
    """

    permission: Permission

    # asynchronous, since Litestar hands each other guard to a thread
    async def __call__(self, connection: ASGIConnection[Any, Actor, Any, Any], _: BaseRouteHandler) -> None:
        """Ask the token; what Litestar itself answers to OPTIONS is nobody's secret, and comes without one."""
        scope: Any = connection.scope
        if scope.get("method") == "OPTIONS":
            return
        actor: Actor = scope["user"]
        try:
            actor.require(self.permission)
        except Forbidden:
            # refused all the same where it cannot be written down
            with suppress(Refusal):
                await self._record(connection)
            raise

    def passes(self, scope: Any) -> bool:
        """Whether the token has the scope, of a request that needs one."""
        actor: Actor = scope["user"]
        return self.permission in actor.scopes

    async def _record(self, connection: ASGIConnection[Any, Actor, Any, Any]) -> None:
        unit_of_work: UnitOfWork = connection.app.state.unit_of_work
        async with unit_of_work.begin() as services:
            await services.audit.record("access", Outcome.DENIED, actor=connection.user, detail=self.permission)


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
