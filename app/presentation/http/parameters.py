"""Reads what a request says beside its body, before anything is opened for it, and all its faults at once."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler

from app.application.schemas import Command
from app.domain.errors import Issue, MalformedRequest, ValidationFailed
from app.presentation.http.decoding import check_json_headers, decode_query, parse_uuid
from app.presentation.http.idempotency import HEADER, check_key
from app.presentation.http.negotiation import answers_json, check_accept
from app.presentation.http.preconditions import parse_if_match

QUERY_KEY: Final = "query"
"""Where a handler's options name the Struct of its query parameters."""

VERSIONS: Final = "versions"
"""The argument of the handlers that heed `If-Match`: the versions that it names."""

API_PREFIX: Final = "/api/"

_STATE_KEY: Final = "parameters"


@dataclass(slots=True)
class Parameters:
    """The query as its Struct, the versions a change may meet, and the faults found on the way."""

    query: Any
    versions: frozenset[int] | None
    issues: list[Issue]


class NoQuery(Command, frozen=True):
    """The query of an operation that has no parameters there: any is one too many."""


def query_schema(handler: HTTPRouteHandler, path: str) -> type[Command] | None:
    """The Struct of a handler's query parameters; None where nobody looks at them, as outside the product's paths."""
    schema: type[Command] | None = handler.opt.get(QUERY_KEY)
    # what Litestar answers to OPTIONS is the same whatever is asked with it
    asks = path.startswith(API_PREFIX) and handler.http_methods != {"OPTIONS"}
    return schema or (NoQuery if asks else None)


async def read_parameters(request: Request[Any, Any, Any]) -> None:
    """Litestar's `before_request`: read path, query and preconditions.

    Raises `ValidationFailed`, `NotAcceptable` for those who take no JSON, and what reading the body raises.

    Dependencies only hand out what is read here. Were they to refuse, Litestar would leave a sibling open that has
    begun a transaction. Where a body is to come, its faults are told together with these.
    """
    if answers_json(request.route_handler):
        check_accept(request.headers.getall("accept", []))
    found = Parameters(None, None, [])
    with _collecting(found.issues):
        for name, value in request.path_params.items():
            if name.endswith("Id"):
                parse_uuid(name, str(value))
    schema = query_schema(request.route_handler, request.scope["path_template"])
    if schema is not None and (schema is not NoQuery or request.scope["query_string"]):
        with _collecting(found.issues):
            found.query = decode_query(request.scope["query_string"], schema)
    if VERSIONS in request.route_handler.parsed_fn_signature.parameters:
        with _collecting(found.issues):
            found.versions = parse_if_match(request.headers.getall("if-match", []))
    if request.method == "POST":
        with _collecting(found.issues):
            check_key(request.headers.getall(HEADER, []))
    request.scope["state"][_STATE_KEY] = found
    if request.route_handler.parsed_data_field is not None:
        check_json_headers(request.scope["headers"])
        # Litestar hands an empty body to nobody, who could refuse it together with these faults before it is too late
        if not await request.body():
            raise MalformedRequest("The request has no body")
    elif found.issues:
        raise ValidationFailed(found.issues)


def parameters_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Parameters:
    """What was read of the request."""
    found: Parameters = connection.scope["state"][_STATE_KEY]
    return found


@contextmanager
def _collecting(issues: list[Issue]) -> Generator[None]:
    try:
        yield
    except ValidationFailed as refusal:
        issues.extend(refusal.issues)
