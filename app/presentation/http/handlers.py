"""Handlers of the routes that nearly every request is for; they come to the services by `serving.serve`."""

from typing import Any

from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler


class Route(HTTPRouteHandler):
    """Has a way around Litestar's router."""

    @property
    def method(self) -> str:
        """The one that it is for."""
        [method] = self.http_methods
        return method


def get(path: str | None = None, **options: Any) -> Route:
    """A route that reads."""
    return Route(path, http_method=HttpMethod.GET, **options)


def post(path: str | None = None, **options: Any) -> Route:
    """A route that makes."""
    return Route(path, http_method=HttpMethod.POST, **options)


def patch(path: str | None = None, **options: Any) -> Route:
    """A route that changes."""
    return Route(path, http_method=HttpMethod.PATCH, **options)
