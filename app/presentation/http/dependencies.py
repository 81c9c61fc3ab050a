"""What handlers are handed."""

from collections.abc import AsyncGenerator, Callable
from typing import Any, Final, TypeVar

import msgspec
from litestar import Request
from litestar.di import Provide

from app.application.authentication import Authentication
from app.application.unit_of_work import Services
from app.application.verification import Verification
from app.domain.access import Actor, Origin
from app.presentation.http.context import origin_of
from app.presentation.http.idempotency import idempotent, idempotent_after
from app.presentation.http.parameters import QUERY_KEY, parameters_of

QueryT = TypeVar("QueryT", bound=msgspec.Struct)
AnyRequest = Request[Any, Any, Any]

_READS: Final = frozenset({"GET", "HEAD"})


async def provide_services(request: AnyRequest) -> AsyncGenerator[Services]:
    """The request's one transaction, which ends before a byte of the answer leaves; a read has none."""
    unit_of_work = request.app.state.unit_of_work
    opened = unit_of_work.read() if request.method in _READS else unit_of_work.begin()
    async with opened as services, idempotent(request, services):
        yield services


async def provide_authentication(request: AnyRequest) -> AsyncGenerator[Authentication]:
    """Sign-in, which opens its own transactions."""
    state = request.app.state
    async with idempotent_after(request, state.unit_of_work):
        yield state.authentication


async def provide_verification(request: AnyRequest) -> AsyncGenerator[Verification]:
    """Proofs by mail, which open their own transactions."""
    state = request.app.state
    async with idempotent_after(request, state.unit_of_work):
        yield state.verification


async def provide_actor(request: AnyRequest) -> Actor:
    """Whoever the access token speaks for."""
    actor: Actor = request.user
    return actor


async def provide_origin(request: AnyRequest) -> Origin:
    """Where a sign-in comes from."""
    return origin_of(request)


async def provide_versions(request: AnyRequest) -> frozenset[int] | None:
    """The versions of the row that `If-Match` lets a change meet; None for any."""
    return parameters_of(request).versions


def query_of(schema: type[QueryT]) -> dict[str, Any]:
    """Handler arguments that make `parameters` the request's query parameters as the Struct, checked as one."""

    async def provide_query(request: AnyRequest) -> QueryT:
        query: QueryT = parameters_of(request).query
        return query

    return {"dependencies": {"parameters": Provide(provide_query)}, "opt": {QUERY_KEY: schema}}


COMMON: Final[dict[str, Callable[..., Any]]] = {
    "services": provide_services,
    "authentication": provide_authentication,
    "verification": provide_verification,
    "actor": provide_actor,
    "origin": provide_origin,
}
