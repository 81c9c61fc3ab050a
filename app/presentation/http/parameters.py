"""Reads what a request says beside its body, before anything is opened for it, and all its faults at once."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler

from app.application.schemas import Command
from app.domain.errors import Issue, MalformedRequest, ValidationFailed
from app.presentation.http.decoding import check_json_headers, parse_uuid, read_query
from app.presentation.http.idempotency import HEADER, check_key
from app.presentation.http.negotiation import answers_json, check_accept
from app.presentation.http.preconditions import parse_if_match

QUERY_KEY: Final = "query"
"""Where a handler's options name the Struct of its query parameters."""

VERSIONS: Final = "versions"
"""The argument, or the option, of the handlers that heed `If-Match`: the versions that it names."""

API_PREFIX: Final = "/api/"

_STATE_KEY: Final = "parameters"


@dataclass(slots=True)
class Parameters:
    """The query as its Struct, the versions a change may meet, the ids of the path, and the faults found on the way."""

    query: Any
    versions: frozenset[int] | None
    ids: dict[str, UUID]
    issues: list[Issue]


class NoQuery(Command, frozen=True):
    """The query of an operation that has no parameters there: any is one too many."""


@dataclass(frozen=True, slots=True)
class _Reads:
    """What there is to be read for a handler, found out once."""

    accept: bool
    schema: type[Command] | None
    versions: bool
    key: bool
    body: bool


def query_schema(handler: HTTPRouteHandler, path: str) -> type[Command] | None:
    """The Struct of a handler's query parameters; None where nobody looks at them, as outside the product's paths."""
    schema: type[Command] | None = handler.opt.get(QUERY_KEY)
    # what Litestar answers to OPTIONS is the same whatever is asked with it
    asks = path.startswith(API_PREFIX) and handler.http_methods != {"OPTIONS"}
    return schema or (NoQuery if asks else None)


def heeds_versions(handler: HTTPRouteHandler) -> bool:
    """Whether a handler heeds `If-Match`: it takes the versions as an argument, or its options say so."""
    return VERSIONS in handler.parsed_fn_signature.parameters or VERSIONS in handler.opt


async def read_parameters(request: Request[Any, Any, Any]) -> None:
    """Litestar's `before_request`: read path, query and preconditions.

    Raises `ValidationFailed`, `NotAcceptable` for those who take no JSON, and what reading the body raises.

    Dependencies only hand out what is read here. Were they to refuse, Litestar would leave a sibling open that has
    begun a transaction. Where a body is to come, its faults are told together with these.
    """
    scope, headers = request.scope, request.headers
    reads = _reads(request.route_handler, scope["path_template"], scope["method"])
    if reads.accept:
        check_accept(headers.getall("accept", []))
    found = scope["state"][_STATE_KEY] = Parameters(None, None, {}, [])
    for name, value in scope["path_params"].items():
        if name.endswith("Id"):
            with _Collecting(found.issues):
                found.ids[name] = parse_uuid(name, str(value))
    if reads.schema is not None and (reads.schema is not NoQuery or scope["query_string"]):
        with _Collecting(found.issues):
            found.query = read_query(scope["query_string"], reads.schema)
    if reads.versions and "if-match" in headers:
        with _Collecting(found.issues):
            found.versions = parse_if_match(headers.getall("if-match"))
    if reads.key and HEADER in headers:
        with _Collecting(found.issues):
            check_key(headers.getall(HEADER))
    if reads.body:
        check_json_headers(scope["headers"])
        # Litestar hands an empty body to nobody, who could refuse it together with these faults before it is too late
        if not await request.body():
            raise MalformedRequest("The request has no body")
    elif found.issues:
        raise ValidationFailed(found.issues)


def parameters_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Parameters:
    """What was read of the request."""
    found: Parameters = connection.scope["state"][_STATE_KEY]
    return found


@lru_cache(1024)
def _reads(handler: HTTPRouteHandler, path: str, method: str) -> _Reads:
    return _Reads(
        accept=answers_json(handler),
        schema=query_schema(handler, path),
        versions=heeds_versions(handler),
        key=method == "POST",
        body=handler.parsed_data_field is not None,
    )


class _Collecting:
    """Keeps the faults of one part, and goes on with the next."""

    __slots__ = ("_issues",)

    def __init__(self, issues: list[Issue]) -> None:
        self._issues = issues

    def __enter__(self) -> None:
        """Read the part."""

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: object) -> bool:
        if isinstance(error, ValidationFailed):
            self._issues.extend(error.issues)
            return True
        return False
