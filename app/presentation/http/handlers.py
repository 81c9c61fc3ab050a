"""Handlers of the routes that nearly every request is for; they come to the services by `serving.serve`."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, cast

from litestar.connection import ASGIConnection
from litestar.enums import HttpMethod
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

Guarding: TypeAlias = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]


class Route(HTTPRouteHandler):
    """Hands its guards itself, and not a copy for each of them: ours change nothing in it."""

    def guarding(self) -> list[Guarding]:
        """The guards, the outermost first."""
        return cast("list[Guarding]", self.resolve_guards())

    async def authorize_connection(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        """Run the guards."""
        for guard in self.guarding():
            await guard(connection, self)


def get(path: str | None = None, **options: Any) -> Route:
    """A route that reads."""
    return Route(path, http_method=HttpMethod.GET, **options)


def post(path: str | None = None, **options: Any) -> Route:
    """A route that makes."""
    return Route(path, http_method=HttpMethod.POST, **options)


def patch(path: str | None = None, **options: Any) -> Route:
    """A route that changes."""
    return Route(path, http_method=HttpMethod.PATCH, **options)
