"""Litestar's application, as it is called."""

from types import CoroutineType
from typing import Any

from litestar import Litestar


class Application(Litestar):
    """Has its outermost layer answer, with no coroutine around it; nothing here asks for hooks before sending."""

    def __call__(self, scope: Any, receive: Any, send: Any) -> "CoroutineType[Any, Any, None]":
        """Serve one ASGI connection, or its own start and end."""
        if scope["type"] == "lifespan":
            return super().__call__(scope, receive, send)
        scope["app"] = scope["litestar_app"] = self
        scope.setdefault("state", {})
        answering: Any = self.asgi_handler(scope, receive, send)
        return answering
