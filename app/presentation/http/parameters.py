"""Reads what a request says beside its body, before anything is opened for it, and all its faults at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, ParamSpec, TypeVar
from uuid import UUID

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler

from app.application.schemas import Command
from app.domain.errors import Issue, MalformedRequest, ValidationFailed
from app.presentation.http.context import fields_of, sent
from app.presentation.http.decoding import (
    check_content_encoding,
    check_json_content_type,
    check_json_headers,
    parse_uuid,
    read_query,
)
from app.presentation.http.idempotency import FIELD, check_key
from app.presentation.http.negotiation import answers_json, check_accept
from app.presentation.http.preconditions import parse_if_match

QUERY_KEY: Final = "query"
"""Where a handler's options name the Struct of its query parameters."""

VERSIONS: Final = "versions"
"""The argument, or the option, of the handlers that heed `If-Match`: the versions that it names."""

API_PREFIX: Final = "/api/"

P = ParamSpec("P")
T = TypeVar("T")

SHORT_BODY: Final = 64 * 1024

_STATE_KEY: Final = "parameters"


class Parameters(msgspec.Struct):
    """The query as its Struct, the versions a change may meet, the ids of the path, and the faults found on the way."""

    query: Any
    versions: frozenset[int] | None
    ids: dict[str, UUID]
    issues: list[Issue]


class NoQuery(Command, frozen=True):
    """The query of an operation that has no parameters there: any is one too many."""


@dataclass(frozen=True, slots=True)
class Reads:
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
    reads = reads_of(request.route_handler, request.scope["path_template"], request.scope["method"])
    found = read(request, reads)
    if reads.body:
        # Litestar hands an empty body to nobody, who could refuse it together with these faults before it is too late
        _check_announcement(request)
        _present(await request.body())
    elif found.issues:
        raise ValidationFailed(found.issues)


def body_at_once(fields: Mapping[bytes, bytes], at_once: Callable[[], bytes | None]) -> bytes | None:
    """What `announced_body` returns, of a short one that `at_once` gives; None where that has to find it out."""
    length = fields.get(b"content-length", b"")
    plain = fields.get(b"content-type") == b"application/json" and b"content-encoding" not in fields
    return at_once() if plain and length.isdigit() and int(length) <= SHORT_BODY else None


async def announced_body(request: Request[Any, Any, Any]) -> bytes:
    """The body, which is announced to be JSON and is not empty; raises what tells that it is not.

    Nobody may ask for it again.
    """
    fields = _check_announcement(request)
    length = b"" if fields is None else fields.get(b"content-length", b"")
    # of one that is announced to be short there is no need to watch the size
    if not (length.isdigit() and int(length) <= SHORT_BODY):
        return _present(await request.body())
    parts: list[bytes] = []
    while True:
        message = await request.receive()
        if message["type"] != "http.request":
            raise MalformedRequest("The body ended too early")
        parts.append(message["body"])
        if not message.get("more_body"):
            return _present(b"".join(parts))


def _check_announcement(request: Request[Any, Any, Any]) -> Mapping[bytes, bytes] | None:
    """The header fields, which announce JSON; None as of `fields_of`."""
    fields = fields_of(request.scope)
    if fields is None:
        check_json_headers(request.scope["headers"])
    else:
        check_json_content_type(fields.get(b"content-type"))
        check_content_encoding(fields.get(b"content-encoding"))
    return fields


def _present(body: bytes) -> bytes:
    if not body:
        raise MalformedRequest("The request has no body")
    return body


def read(request: Request[Any, Any, Any], reads: Reads) -> Parameters:
    """What there is to be read beside the body, and its faults; raises `NotAcceptable`."""
    scope = request.scope
    # where one is repeated, any may be there
    fields = fields_of(scope)
    if reads.accept and (fields is None or b"accept" in fields):
        check_accept(sent(request, b"accept"))
    found = scope["state"][_STATE_KEY] = Parameters(None, None, {}, [])
    issues = found.issues
    for name, value in scope["path_params"].items():
        if name.endswith("Id"):
            try:
                found.ids[name] = parse_uuid(name, str(value))
            except ValidationFailed as refusal:
                issues += refusal.issues
    if reads.schema is not None and (reads.schema is not NoQuery or scope["query_string"]):
        found.query = _collect(issues, read_query, scope["query_string"], reads.schema)
    if reads.versions and (fields is None or b"if-match" in fields):
        found.versions = _collect(issues, parse_if_match, sent(request, b"if-match"))
    if reads.key and (fields is None or FIELD in fields):
        _collect(issues, check_key, sent(request, FIELD))
    return found


def _collect(issues: list[Issue], parse: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """What one part says; its faults are kept, and the next part is read."""
    try:
        return parse(*args, **kwargs)
    except ValidationFailed as refusal:
        issues.extend(refusal.issues)
        return None


def parameters_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Parameters:
    """What was read of the request."""
    found: Parameters = connection.scope["state"][_STATE_KEY]
    return found


@lru_cache(1024)
def reads_of(handler: HTTPRouteHandler, path: str, method: str) -> Reads:
    """What a handler has read for it."""
    return Reads(
        accept=answers_json(handler),
        schema=query_schema(handler, path),
        versions=heeds_versions(handler),
        key=method == "POST",
        body=handler.parsed_data_field is not None,
    )
