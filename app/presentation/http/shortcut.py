"""The short way from a request to its handler, for the routes that nearly every request is for.

Litestar goes from router to middleware to injection to handler, with a layer for exceptions around each, which costs
several times what the handlers do. Here the same parts are called one after the other: Litestar's JWT middleware, the
handler's guards, parameters and body, the handler, its response, and the application's exception handlers. What is not
plainly for one of those routes goes to Litestar, which answers it in the same bytes.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, cast

from litestar import Litestar, Request, Response
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from app.application.schemas import View
from app.domain.errors import ValidationFailed
from app.presentation.http.auth import BearerMiddleware, ended
from app.presentation.http.bodies import read_body
from app.presentation.http.context import fields_of
from app.presentation.http.decoding import UUID_LENGTH
from app.presentation.http.guards import PUBLIC_KEY
from app.presentation.http.handlers import Route
from app.presentation.http.idempotency import FIELD
from app.presentation.http.parameters import announced_body, body_at_once, read, reads_of
from app.presentation.http.responses import answer_of

AnyRequest = Request[Any, Any, Any]
AtOnce = Callable[[], bytes | None]
ExceptionHandlers = Mapping[type[Exception], Callable[[AnyRequest, Any], Response[Any]]]

_HOST: Final = re.compile(rb"[a-z0-9.:-]+")


class _Asked(AnyRequest):
    """Litestar's request, which becomes one when it is asked for what only that has."""

    __slots__ = ()

    def __init__(self, scope: HTTPScope, receive: Receive) -> None:
        # instead of Litestar's, which prepares for much that is rarely wanted
        self.scope = scope
        self.receive = receive

    def __getattr__(self, name: str) -> Any:
        """Called for what is not there yet; raises `AttributeError` for what never will be."""
        super().__init__(self.scope, self.receive)
        return object.__getattribute__(self, name)

    @property
    def user(self) -> Any:
        """Whoever asks."""
        return self.scope["user"]


class _Way:
    """One operation, with what Litestar would look up for each request."""

    __slots__ = ("_app", "_authentication", "_body", "_fn", "_guards", "_handler", "_handlers", "_reads", "_route")

    def __init__(
        self,
        app: Litestar,
        route: HTTPRoute,
        handler: Route,
        authentication: BearerMiddleware,
        handlers: ExceptionHandlers,
    ) -> None:
        """`handlers` are the application's exception handlers."""
        self._app = app
        self._route = route
        self._handler = handler
        # those that can tell at once that they pass need not be waited for
        guards = cast("list[Any]", handler.resolve_guards())
        self._guards: list[tuple[Any, Callable[[Scope], bool]]] = [
            (guard, getattr(guard, "passes", _never)) for guard in guards
        ]
        self._authentication = authentication
        self._handlers = handlers
        self._reads = reads_of(handler, route.path_format, handler.method)
        field = handler.parsed_data_field
        self._body: Any = None if field is None else field.annotation
        self._fn: Callable[..., Awaitable[Any]] = handler.fn

    async def answer(
        self, request: AnyRequest, fields: Mapping[bytes, bytes], at_once: AtOnce, identifier: str
    ) -> ASGIApp:
        """Do what a request with these header fields asks for, and answer with whatever any part of it raises too."""
        scope, handler = request.scope, self._handler
        scope["path_template"] = self._route.path_format
        scope["route_handler"] = handler
        scope["path_params"] = dict.fromkeys(self._route.path_parameters, identifier)
        try:
            authentication = self._authentication
            token = authentication.known(fields, ended(request)) or await authentication.token_of(request)
            client = scope["client"]
            origin = fields.get(b"user-agent", b"").decode("latin-1"), client[0] if client else ""
            scope["auth"], scope["user"] = token, token.actor(origin)
            for guard, passes in self._guards:
                if not passes(scope):
                    await guard(request, handler)
            faults = read(request, self._reads).issues
            if self._body is not None:
                sent = body_at_once(fields, at_once)
                body = read_body(self._body, request, await announced_body(request) if sent is None else sent)
                found = await self._fn(request=request, data=body)
            elif faults:
                raise ValidationFailed(faults)  # noqa: TRY301 -- it is answered as what others raise
            else:
                found = await self._fn(request=request)
            if isinstance(found, View):
                return answer_of(found, handler.status_code, request)
            return await handler.to_response(app=self._app, data=found, request=request)
        except Exception as error:  # noqa: BLE001 -- as Litestar's outermost layer does
            respond = next(respond for kind, respond in self._handlers.items() if isinstance(error, kind))
            return respond(request, error).to_asgi_response(None, request)


class Shortcut:
    """Stands before Litestar's router, and lets pass what has no short way."""

    __slots__ = ("_next", "_ways")

    def __init__(
        self, app: Litestar, router: ASGIApp, authentication: BearerMiddleware, handlers: ExceptionHandlers
    ) -> None:
        """`handlers` are the application's exception handlers."""
        self._next = router
        self._ways: dict[tuple[str, str], _Way] = {}
        for route in app.routes:
            if not isinstance(route, HTTPRoute):
                continue
            path, _, identifier = route.path_format.partition("{")
            for handler in route.route_handlers:
                # found are paths that are fixed, and those whose last part alone is not
                if isinstance(handler, Route) and not handler.opt.get(PUBLIC_KEY) and "/" not in identifier:
                    self._ways[handler.method, path] = _Way(app, route, handler, authentication, handlers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        answering = self.answer(scope, receive, _nothing) if scope["type"] == "http" else None
        await (self._next if answering is None else await answering)(scope, receive, send)

    def answer(self, scope: HTTPScope, receive: Receive, at_once: AtOnce) -> Awaitable[ASGIApp] | None:
        """The answer to a request that is plainly for one of the operations; None for any other.

        `at_once` gives a body that need not be received, if it can.
        """
        method, path = scope["method"], scope["path"]
        # what ends in a slash may stand for what would without one
        way = None if path.endswith("/") else self._ways.get((method, path))
        identifier = ""
        if way is None:
            head, slash, identifier = path.rpartition("/")
            way = self._ways.get((method, head + slash))
            if way is None or len(identifier) != UUID_LENGTH:
                return None
        # what may be sent twice is for Litestar, and so is what repeats a header, or is told to stand beneath a path
        fields = fields_of(scope)
        if fields is None or FIELD in fields or scope.get("root_path") or not _HOST.fullmatch(fields.get(b"host", b"")):
            return None
        return way.answer(_Asked(scope, receive), fields, at_once, identifier)


def _nothing() -> None:
    return None


def _never(_: Scope) -> bool:
    return False
