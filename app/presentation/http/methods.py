"""What holds of methods on every path: where there is GET there is HEAD, and OPTIONS and `Allow` name all there are."""

from litestar.plugins.base import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute


class MethodsPlugin(ReceiveRoutePlugin):
    """Has OPTIONS answer for all handlers of a path; Litestar's own knows those that there were when it was made."""

    def receive_route(self, route: BaseRoute) -> None:
        """Renew the handler of OPTIONS; a route that gets another method comes again."""
        if isinstance(route, HTTPRoute):
            if "GET" in route.methods:
                route.methods.add("HEAD")
            handler, _ = route.route_handler_map["OPTIONS"]
            handler(route.create_options_handler(route.path).fn)


def with_head(allow: str) -> str:
    """The value of `Allow`, in order, with HEAD beside GET (RFC 9110 9.3.2)."""
    methods = set(allow.split(", "))
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
