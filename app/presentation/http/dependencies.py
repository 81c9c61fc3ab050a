"""What handlers are handed."""

from collections.abc import AsyncGenerator, Callable
from typing import Any, Final, TypeVar

import msgspec
from litestar import Request
from litestar.di import Provide

from app.application.accounts.sessions import Origin
from app.application.authentication import Authentication
from app.application.unit_of_work import Services
from app.domain.access import Actor
from app.presentation.http.decoding import decode_query

QueryT = TypeVar("QueryT", bound=msgspec.Struct)
AnyRequest = Request[Any, Any, Any]

QUERY_KEY: Final = "query"
"""Where a handler's options name the Struct of its query parameters."""

_READS: Final = frozenset({"GET", "HEAD"})


async def provide_services(request: AnyRequest) -> AsyncGenerator[Services]:
    """The request's one transaction, which ends before a byte of the answer leaves; a read has none."""
    unit_of_work = request.app.state.unit_of_work
    opened = unit_of_work.read() if request.method in _READS else unit_of_work.begin()
    async with opened as services:
        yield services


async def provide_authentication(request: AnyRequest) -> Authentication:
    """Sign-in, which opens its own transactions."""
    authentication: Authentication = request.app.state.authentication
    return authentication


async def provide_actor(request: AnyRequest) -> Actor:
    """Whoever the access token speaks for."""
    actor: Actor = request.user
    return actor


async def provide_origin(request: AnyRequest) -> Origin:
    """Where a sign-in comes from."""
    client = request.scope["client"]
    return Origin(device=request.headers.get("user-agent", ""), address=client[0] if client else "")


def query_of(schema: type[QueryT]) -> dict[str, Any]:
    """Handler arguments that make `parameters` the request's query parameters as the Struct, checked as one."""

    async def provide_query(request: AnyRequest) -> QueryT:
        return decode_query(request.scope["query_string"], schema)

    return {"dependencies": {"parameters": Provide(provide_query)}, "opt": {QUERY_KEY: schema}}


COMMON: Final[dict[str, Callable[..., Any]]] = {
    "services": provide_services,
    "authentication": provide_authentication,
    "actor": provide_actor,
    "origin": provide_origin,
}
