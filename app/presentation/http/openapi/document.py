"""The document as a whole, and its place in Litestar."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Final

from litestar import Litestar
from litestar.config.app import AppConfig
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Info, OpenAPI
from litestar.plugins import InitPlugin
from litestar.plugins.base import ReceiveRoutePlugin
from litestar.routes import BaseRoute
from litestar.serialization import encode_json

from app.domain.errors import Refusal, StaleVersion, ValidationFailed
from app.presentation.http.openapi.endpoints import ID_EXAMPLE, METHODS, Endpoint, find_endpoints
from app.presentation.http.openapi.headers import HEADERS
from app.presentation.http.openapi.issues import issue_schemas
from app.presentation.http.openapi.operations import PARAMETERS, SECURITY, operation
from app.presentation.http.openapi.problems import all_refusals, problem_example, problem_name, problem_schemas
from app.presentation.http.openapi.schemas import Json, sample, struct_schemas, without_defaults

TAGS: Final[dict[str, str]] = {
    "Authentication": "Signing up, in, on and out.",
    "Account": "Your own account.",
    "Lists": "Your lists, and those that others share with you.",
    "Sharing": "Who shares a list, and invitations to do so.",
    "Todos": "Your todos.",
    "Administration": "Other people's accounts and the audit log, for admins.",
    "System": "What machines ask: health, keys, and what problems mean.",
}
"""The tags in their order, and what their operations are about; each operation has one of them."""

DESCRIPTION: Final = """\
A to-do product's backend.

**Errors** are problems (RFC 9457) of type `application/problem+json`: `code` says what was refused, for programs, and
`GET /problems/{code}` explains it. A request that breaks the schema is told all of its faults at once, as `issues`
with Zod 4's codes and parameters. A path that does not exist is answered 404, and a method that a path does not have
405 with `Allow`.

**Pages** hold `limit` items and `nextCursor`, which is the `cursor` of the next page, or null on the last one.

**Versions.** Every row has a `version`, which is its ETag. Send it as `If-None-Match` to be spared what you have, and
as `If-Match` to change only what you have seen. A change is a JSON Merge Patch (RFC 7396): what you leave out stays
as it is, and null clears.

**Text** is UTF-8 without U+0000 and without lone surrogates.

**Answers may grow** new fields, which are to be ignored; requests may not have fields that are not documented.
"""


def document(app: Litestar) -> bytes:
    """The application's OpenAPI 3.1 document, as JSON."""
    return encode_json(app.openapi_schema.to_schema())


def find_problem(app: Litestar, code: str) -> tuple[type[Refusal], Json] | None:
    """The refusal of a code in the document, and an example of it."""
    schemas: Mapping[str, Json] = app.openapi_schema.to_schema()["components"]["schemas"]
    for refusal in all_refusals():
        if refusal.code == code and problem_name(refusal) in schemas:
            return refusal, dict(schemas[problem_name(refusal)]["examples"][0])
    return None


def describe(endpoints: Sequence[Endpoint], *, title: str, version: str) -> Json:
    """The document of these operations; raises TypeError or `ValueError` for what lacks a description or example."""
    rows = _rows(endpoints)
    schemas = _schemas(endpoints, rows)
    paths: dict[str, Json] = {}
    for endpoint in sorted(endpoints, key=_place):
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation(
            endpoint, schemas, rows, _links(endpoint, endpoints)
        )
    for endpoint in endpoints:
        if endpoint.query is not None:
            schemas.pop(endpoint.query.__name__, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            "description": DESCRIPTION,
            "contact": {"name": title},
            "license": {"name": "Proprietary, all rights reserved", "identifier": "LicenseRef-Proprietary"},
        },
        "servers": [{"url": "/", "description": "The server of this document."}],
        "security": [{SECURITY: []}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "examples": _examples(endpoints, schemas),
            "headers": HEADERS,
            "parameters": PARAMETERS,
            "securitySchemes": {
                SECURITY: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The access token of a sign-in. An operation tells which scope it needs.",
                }
            },
        },
    }


class DocumentPlugin(InitPlugin, ReceiveRoutePlugin):
    """Puts our document in the place of Litestar's own, for its pages and for `litestar schema openapi` alike."""

    def __init__(self) -> None:
        self._routes: dict[str, BaseRoute] = {}

    def receive_route(self, route: BaseRoute) -> None:
        """Take note of a route; one that gets another method comes again."""
        self._routes[route.path] = route

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Wrap the configuration."""
        given = app_config.openapi_config
        if given is not None:
            app_config.openapi_config = _Config(
                title=given.title,
                version=given.version,
                openapi_router=given.openapi_router,
                render_plugins=given.render_plugins,
                routes=self._routes,
            )
        return app_config


@dataclass
class _Config(OpenAPIConfig):
    routes: dict[str, BaseRoute] = field(default_factory=dict[str, BaseRoute])

    def to_openapi_schema(self) -> OpenAPI:
        """What Litestar then adds to it is its own idea of the routes, and is not shown."""
        return _Document(info=Info(self.title, self.version), servers=self.servers, routes=self.routes)


@dataclass
class _Document(OpenAPI):
    routes: dict[str, BaseRoute] = field(default_factory=dict[str, BaseRoute])

    def to_schema(self) -> Json:
        """The document itself."""
        return self._described

    @cached_property
    def _described(self) -> Json:
        return describe(find_endpoints(self.routes.values()), title=self.info.title, version=self.info.version)


def _place(endpoint: Endpoint) -> tuple[int, int]:
    (tag,) = endpoint.handler.resolve_tags()
    return list(TAGS).index(tag), METHODS.index(endpoint.method)


def _rows(endpoints: Sequence[Endpoint]) -> dict[str, str]:
    """The row that stands at each path whose changes may meet another version."""
    conditional = {endpoint.path for endpoint in endpoints if endpoint.conditional}
    return {
        endpoint.path: endpoint.answer.__name__
        for endpoint in endpoints
        if endpoint.answers_row and endpoint.path in conditional
    }


def _links(made: Endpoint, endpoints: Sequence[Endpoint]) -> Json:
    """From the answer of an operation that makes a row to the operations on it, which take its id."""
    if made.handler.status_code != HTTPStatus.CREATED or not made.answers_row:
        return {}
    return {
        endpoint.operation_id: {
            "operationId": endpoint.operation_id,
            "parameters": {endpoint.parameter_names[-1]: "$response.body#/id"},
        }
        for endpoint in endpoints
        if re.fullmatch(rf"{re.escape(made.rows_at)}/\{{\w+\}}", endpoint.path)
    }


def _schemas(endpoints: Sequence[Endpoint], rows: dict[str, str]) -> dict[str, Json]:
    used = [
        struct
        for endpoint in endpoints
        for struct in (endpoint.body, endpoint.query, endpoint.answer, endpoint.accepted)
    ]
    structs = struct_schemas({struct for struct in used if struct is not None})
    queries = {endpoint.query.__name__ for endpoint in endpoints if endpoint.query is not None}
    structs = {name: schema if name in queries else without_defaults(schema) for name, schema in structs.items()}
    with_body = next(endpoint for endpoint in endpoints if endpoint.body is not None)
    row_names = sorted(set(rows.values()))

    def example(refusal: type[Refusal]) -> Json:
        if issubclass(refusal, ValidationFailed):
            return problem_example(with_body.faults(), with_body.path)
        path = f"/api/todos/{ID_EXAMPLE}"
        if issubclass(refusal, StaleVersion):
            return problem_example(refusal(current=sample(structs[row_names[0]], structs)), path)
        return problem_example(refusal(), path)

    # what any request may meet, and what these operations answer with; no code that nothing gives
    given = _answered(endpoints) | {refusal for refusal in all_refusals() if refusal.__module__ == Refusal.__module__}
    known = sorted(given, key=lambda refusal: refusal.code)
    problems = problem_schemas(row_names, {refusal: example(refusal) for refusal in known})
    return {**structs, **problems, **issue_schemas()}


def _answered(endpoints: Sequence[Endpoint]) -> set[type[Refusal]]:
    return {refusal for endpoint in endpoints for refusals in endpoint.refusals.values() for refusal in refusals}


def _examples(endpoints: Sequence[Endpoint], schemas: dict[str, Json]) -> dict[str, Json]:
    """Of the problems that look the same wherever they are answered; the others are shown in their places."""
    return {
        refusal.code: {"value": schemas[problem_name(refusal)]["examples"][0]}
        for refusal in sorted(_answered(endpoints), key=lambda refusal: refusal.code)
        if not issubclass(refusal, (ValidationFailed, StaleVersion))
    }
