"""What a route says of itself: all that the document tells of an operation is read here."""

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, cast
from uuid import UUID

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg
from litestar.routes import BaseRoute, HTTPRoute

from app.application.schemas import Row
from app.application.validation import convert
from app.domain.errors import (
    Forbidden,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    InternalError,
    MalformedRequest,
    NotAcceptable,
    NotFound,
    PayloadTooLarge,
    Refusal,
    RequestTimeout,
    StaleVersion,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
    ValidationFailed,
)
from app.presentation.http.decoding import decode_query, parse_uuid
from app.presentation.http.guards import PUBLIC_KEY, Requires
from app.presentation.http.handlers import Route
from app.presentation.http.idempotency import check_key
from app.presentation.http.limits import Limited
from app.presentation.http.negotiation import answers_json
from app.presentation.http.parameters import heeds_versions, query_schema
from app.presentation.http.problems import STATUS
from app.presentation.http.responses import ROWS_AT

READS_COOKIE: Final = {"reads_cookie": True}
"""Handler options: the refresh token may come in the cookie."""

SETS_COOKIE: Final = {"sets_cookie": True}
"""Handler options: the answer may set or clear the cookie."""

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""The methods of operations, in the order in which they are told; HEAD goes without saying where there is GET."""

RAISES_KEY: Final = "raises"
ID_EXAMPLE: Final = "01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e8f"

# whoever is handed one of these asks the database
_WORKERS: Final = frozenset({"services", "authentication", "verification"})


def raises(*refusals: type[Refusal]) -> dict[str, Any]:
    """Handler options that declare the refusals which are the handler's own.

    Those that come with a token, a permission, a limit, a body, a parameter, a precondition or the database are
    declared by these.
    """
    return {RAISES_KEY: refusals}


@dataclass(frozen=True)
class PathParameter:
    """A variable segment of a path."""

    name: str
    description: str
    example: str
    is_id: bool


@dataclass(frozen=True)
class Endpoint:
    """One method of one path, and what its handler, guards and dependencies make of it."""

    path: str
    method: str
    handler: HTTPRouteHandler
    parameter_names: tuple[str, ...]

    @property
    def operation_id(self) -> str:
        """The name by which clients call it."""
        if not isinstance(self.handler.operation_id, str):
            raise TypeError(f"{self.handler.handler_name} has no operation_id")
        return self.handler.operation_id

    @property
    def summary(self) -> str:
        """The operation in a few words."""
        if self.handler.summary is None:
            raise TypeError(f"{self.operation_id} has no summary")
        return self.handler.summary

    @property
    def description(self) -> str:
        """The handler's docstring."""
        return inspect.cleandoc(self.handler.fn.__doc__ or "")

    @cached_property
    def public(self) -> bool:
        """Whether it is open to everybody."""
        return bool(self.handler.opt.get(PUBLIC_KEY))

    @cached_property
    def takes_token(self) -> bool:
        """Whether it can make use of an access token, for an endpoint that is open to everybody."""
        return Unauthenticated in self.handler.opt.get(RAISES_KEY, ())

    @cached_property
    def reads_cookie(self) -> bool:
        """Whether the refresh token may come in the cookie."""
        return self.handler.opt.keys() >= READS_COOKIE.keys()

    @cached_property
    def sets_cookie(self) -> bool:
        """Whether the answer may set or clear the cookie."""
        return self.handler.opt.keys() >= SETS_COOKIE.keys()

    @cached_property
    def body(self) -> Any:
        """The Struct of the request's body, or None."""
        field = self.handler.parsed_data_field
        return None if field is None else field.annotation

    @cached_property
    def query(self) -> Any:
        """The Struct of the query parameters, or None."""
        return query_schema(self.handler, self.path)

    @cached_property
    def answer(self) -> Any:
        """The Struct of the answer, or None when it has no body."""
        return self._answers[0]

    @cached_property
    def accepted(self) -> Any:
        """The Struct of the answer 202 that a handler with two kinds of answers may give instead, or None."""
        return self._answers[1] if len(self._answers) > 1 else None

    @cached_property
    def answers_row(self) -> bool:
        """Whether the answer is one stored row, which has an entity tag."""
        return isinstance(self.answer, type) and issubclass(self.answer, Row)

    @property
    def rows_at(self) -> str:
        """The path beneath which the rows stand that it makes."""
        return str(self.handler.opt.get(ROWS_AT, self.path))

    @cached_property
    def permissions(self) -> list[str]:
        """The scopes that a token must have."""
        return [guard.permission.value for guard in self._guards if isinstance(guard, Requires)]

    @cached_property
    def limited(self) -> bool:
        """Whether it is under a rate limit."""
        return any(isinstance(guard, Limited) for guard in self._guards)

    @cached_property
    def conditional(self) -> bool:
        """Whether it heeds `If-Match`."""
        return heeds_versions(self.handler)

    @cached_property
    def repeatable(self) -> bool:
        """Whether it heeds `Idempotency-Key`."""
        return self.method == "POST" and self.works

    @cached_property
    def revalidates(self) -> bool:
        """Whether it heeds `If-None-Match`."""
        return self.method == "GET" and self.answers_row

    @cached_property
    def works(self) -> bool:
        """Whether it asks the database."""
        served = isinstance(self.handler, Route)
        return served or not _WORKERS.isdisjoint(self.handler.parsed_fn_signature.parameters)

    @cached_property
    def path_parameters(self) -> list[PathParameter]:
        """The variable segments of the path, in their order."""
        return [self._path_parameter(name) for name in self.parameter_names]

    @cached_property
    def refusals(self) -> dict[int, list[type[Refusal]]]:
        """Every refusal that it can answer with, by status."""
        found: dict[int, list[type[Refusal]]] = {}
        for refusal in sorted(set(self._refusals()), key=lambda refusal: (STATUS[refusal.kind], refusal.code)):
            found.setdefault(STATUS[refusal.kind].value, []).append(refusal)
        return found

    def faults(self) -> ValidationFailed:
        """What the collector says of a request that breaks the schema; raises TypeError where nothing can."""
        ids = [parameter.name for parameter in self.path_parameters if parameter.is_id]
        try:
            if self.body is not None:
                convert(self.body, {"colour": "red"})
            if self.query is not None:
                decode_query(b"colour=red", self.query)
            for name in ids:
                parse_uuid(name, "7")
            if self.repeatable:
                check_key([" "])
        except ValidationFailed as refusal:
            return refusal
        raise TypeError(f"{self.operation_id} has nothing to validate")

    def _refusals(self) -> Iterator[type[Refusal]]:
        yield MalformedRequest  # any request may name a host that is not served
        if not self.public:
            yield Unauthenticated
        if self.permissions:
            yield Forbidden
        if answers_json(self.handler):
            yield NotAcceptable
        if self.path_parameters:
            yield NotFound
        if self.conditional:
            yield StaleVersion
        if self.limited:
            yield TooManyRequests
        if self.works:
            yield from (InternalError, Unavailable)
        yield from self._refusals_of_input()
        yield from self.handler.opt.get(RAISES_KEY, ())

    def _refusals_of_input(self) -> Iterator[type[Refusal]]:
        if self.body is not None:
            yield UnsupportedMediaType
        # who sends a key may send a body with it, wanted or not: it is part of what is repeated
        if self.body is not None or self.repeatable:
            yield from (PayloadTooLarge, RequestTimeout)
        if self.repeatable:
            yield from (IdempotencyKeyInUse, IdempotencyKeyReused)
        checked = self.body is not None or self.query is not None or self.repeatable or self.conditional
        if checked or any(found.is_id for found in self.path_parameters):
            yield ValidationFailed

    @cached_property
    def _answers(self) -> list[Any]:
        field = self.handler.parsed_return_field
        fields = [
            each.inner_types[0] if each.is_subclass_of(Response) else each
            for each in (field.inner_types if field.is_union else [field])
        ]
        return [None if each.is_none_type else each.annotation for each in fields]

    @cached_property
    def _guards(self) -> list[object]:
        # as they were given: resolved ones may be wrapped
        return [guard for layer in self.handler.ownership_layers for guard in cast("list[object]", layer.guards or [])]

    def _path_parameter(self, name: str) -> PathParameter:
        own = self.handler.parsed_fn_signature.parameters.get(name)
        if own is not None:
            marker = own.kwarg_definition
            if not isinstance(marker, ParameterKwarg) or marker.description is None or not marker.examples:
                raise TypeError(f"{self.operation_id} does not describe {name}")
            return PathParameter(name, marker.description, str(marker.examples[0].value), is_id=False)
        # of all that the handler may take: some read the id by a shorter way
        for provide in self.handler.resolve_dependencies().values():
            signature = provide.parsed_fn_signature
            if name in signature.parameters:
                description = inspect.cleandoc(provide.dependency.__doc__ or "")
                if signature.return_type.annotation is UUID:
                    return PathParameter(name, description, ID_EXAMPLE, is_id=True)
        raise TypeError(f"{self.operation_id} does not read {name}")


def find_endpoints(routes: Iterable[BaseRoute]) -> list[Endpoint]:
    """The operations of the document, in the order of their routes, and of the methods that they are known by."""
    return [
        Endpoint(route.path_format, method, handler, tuple(route.path_parameters))
        for route in routes
        if isinstance(route, HTTPRoute)
        # Litestar keeps a path's handlers in no order
        for method, (handler, _) in sorted(route.route_handler_map.items(), key=_rank)
        if handler.resolve_include_in_schema() and method in METHODS
    ]


def _rank(served: tuple[str, Any]) -> int:
    return METHODS.index(served[0]) if served[0] in METHODS else len(METHODS)
