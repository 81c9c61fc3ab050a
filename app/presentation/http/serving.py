"""From a request to the services, without Litestar's injection, which costs more than they do."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
from litestar import Request

from app.application.unit_of_work import Services, UnitOfWork
from app.presentation.http.context import fields_of, sent
from app.presentation.http.idempotency import FIELD, idempotent
from app.presentation.http.parameters import parameters_of

AnswerT = TypeVar("AnswerT")
QueryT = TypeVar("QueryT", bound=msgspec.Struct)
AnyRequest = Request[Any, Any, Any]

READS: Final = frozenset({"GET", "HEAD"})


def serve(request: AnyRequest, ask: Callable[[Services], Awaitable[AnswerT]]) -> Awaitable[AnswerT]:
    """Ask the services in the request's one unit of work, which ends before a byte of the answer leaves."""
    scope = request.scope
    unit_of_work: UnitOfWork = scope["litestar_app"].state["unit_of_work"]
    if scope["method"] in READS:
        return unit_of_work.read().ask(ask)
    fields = fields_of(scope)
    if FIELD in fields if fields is not None else sent(request, FIELD):
        return _serve_once(request, unit_of_work, ask)
    return unit_of_work.begin().ask(ask)


async def _serve_once(
    request: AnyRequest, unit_of_work: UnitOfWork, ask: Callable[[Services], Awaitable[AnswerT]]
) -> AnswerT:
    async with unit_of_work.begin() as services, idempotent(request, services):
        found = await ask(services)
        # what is remembered is the answer, which is made while it can still be undone
        await request.route_handler.to_response(app=request.app, data=found, request=request)
        return found


def query(request: AnyRequest, schema: type[QueryT]) -> QueryT:
    """The query parameters, as the Struct that the route's options name."""
    found = parameters_of(request).query
    if not isinstance(found, schema):
        raise TypeError(schema)
    return found


def path_id(request: AnyRequest, name: str) -> UUID:
    """The id that stands in the path under this name."""
    return parameters_of(request).ids[name]


def versions(request: AnyRequest) -> frozenset[int] | None:
    """The versions of the row that `If-Match` lets a change meet; None for any."""
    return parameters_of(request).versions
