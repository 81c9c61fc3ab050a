"""Handlers of the routes that nearly every request is for; they come to the services by `serving.serve`."""

from typing import Any, Final, cast

from litestar.connection import ASGIConnection
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler

from app.presentation.http.guards import Requires
from app.presentation.http.limits import Limited

_AT_ONCE: Final = (Limited, Requires)


class Route(HTTPRouteHandler):
    """Hands its guards itself, and not a copy for each of them: ours change nothing in it."""

    async def authorize_connection(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        """Run the guards, the outermost first; those are not waited for that can tell at once that they pass."""
        for guard in cast("list[Any]", self.resolve_guards()):
            if not (isinstance(guard, _AT_ONCE) and guard.passes(connection.scope)):
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
