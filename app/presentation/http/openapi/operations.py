"""Operations: what is asked of them, and every answer they give."""

import inspect
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from app.application.idempotency import KEY_MAX
from app.domain.errors import Refusal, StaleVersion, ValidationFailed
from app.presentation.http.context import REFRESH_COOKIE as COOKIE
from app.presentation.http.idempotency import HEADER as IDEMPOTENCY_KEY
from app.presentation.http.openapi.endpoints import Endpoint
from app.presentation.http.openapi.headers import response_headers
from app.presentation.http.openapi.problems import meaning, one_of, problem_example
from app.presentation.http.openapi.schemas import Json, ref, sample, sample_field
from app.presentation.http.problems import MEDIA_TYPE

JSON: Final = "application/json"
SECURITY: Final = "bearer"

_TAG: Final = '(W/)?"[!#-~]*"'

PARAMETERS: Final[dict[str, Json]] = {
    "IdempotencyKey": {
        "name": IDEMPOTENCY_KEY,
        "in": "header",
        "description": "Makes it safe to send the request again: for 24 hours the same key with the same body gets the "
        "first answer, and has no effect of its own. One key for each request, and the same for its repetitions.",
        "schema": {"type": "string", "minLength": 1, "maxLength": KEY_MAX, "pattern": "^[!-~]+$"},
        "example": "8f14e45f-ceea-467f-9d4a-3f2b1c0d9e8f",
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag of the version you have seen: any other is refused with 412. Without it, or with `*`, "
        "the present version is changed, whichever it is.",
        "schema": {"type": "string", "pattern": rf"^(\*|{_TAG}( *, *{_TAG})*)$"},
        "example": '"1"',
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag of the version you have: while it is the present one, the answer is 304.",
        "schema": {"type": "string"},
        "example": '"1"',
    },
    "RefreshCookie": {
        "name": COOKIE,
        "in": "cookie",
        "description": "The refresh token in browser mode, where the body has none. The request must then come from a "
        "page of this origin, or of one that the service lists.",
        "schema": {"type": "string"},
        "example": "pVQ1oYx2mS0yJpN9bW3cK7rT5uE8hG4fD6aL1zX0vCs",
    },
}


def operation(endpoint: Endpoint, components: Mapping[str, Json], rows: Mapping[str, str], links: Json) -> Json:
    """The operation object; `rows` names the row that stands at a path, `links` lead on from a row that is made."""
    described: Json = {
        "operationId": endpoint.operation_id,
        "tags": sorted(endpoint.handler.resolve_tags()),
        "summary": endpoint.summary,
        "description": _description(endpoint),
        "security": _security(endpoint),
    }
    if parameters := [
        *_path_parameters(endpoint),
        *_query_parameters(endpoint, components),
        *_other_parameters(endpoint),
    ]:
        described["parameters"] = parameters
    if endpoint.body is not None:
        described["requestBody"] = {
            "description": _first_line(endpoint.body),
            "required": True,
            "content": {JSON: _content(endpoint.body, components)},
        }
    described["responses"] = {
        str(status): response
        for status, response in sorted([*_successes(endpoint, components), *_problems(endpoint, components, rows)])
    }
    if links:
        described["responses"][str(HTTPStatus.CREATED.value)]["links"] = links
    return described


def _description(endpoint: Endpoint) -> str:
    if not endpoint.permissions:
        return endpoint.description
    scopes = " and ".join(f"`{permission}`" for permission in endpoint.permissions)
    return f"{endpoint.description}\n\nThe access token needs the scope {scopes}."


def _security(endpoint: Endpoint) -> list[Json]:
    if not endpoint.public:
        return [{SECURITY: []}]
    return [{}, {SECURITY: []}] if endpoint.takes_token else []


def _successes(endpoint: Endpoint, components: Mapping[str, Json]) -> list[tuple[int, Json]]:
    status = int(endpoint.handler.status_code)
    headers = response_headers(endpoint, status)
    if endpoint.answer is None:
        return [(status, {"description": "It is done; there is nothing more to say.", "headers": headers})]
    content = {JSON: _content(endpoint.answer, components)}
    answers: list[tuple[int, Json]] = [
        (status, {"description": _first_line(endpoint.answer), "headers": headers, "content": content})
    ]
    if endpoint.accepted is not None:
        accepted = HTTPStatus.ACCEPTED.value
        content = {JSON: _content(endpoint.accepted, components)}
        headers = response_headers(endpoint, accepted)
        answers.append(
            (accepted, {"description": _first_line(endpoint.accepted), "headers": headers, "content": content})
        )
    if endpoint.revalidates:
        not_modified = HTTPStatus.NOT_MODIFIED.value
        headers = response_headers(endpoint, not_modified)
        answers.append((not_modified, {"description": "You have the present version.", "headers": headers}))
    return answers


def _problems(endpoint: Endpoint, components: Mapping[str, Json], rows: Mapping[str, str]) -> list[tuple[int, Json]]:
    path = endpoint.path
    for parameter in endpoint.path_parameters:
        path = path.replace(f"{{{parameter.name}}}", parameter.example)

    def example(refusal: type[Refusal]) -> Json:
        if issubclass(refusal, ValidationFailed):
            return {"value": problem_example(endpoint.faults(), path)}
        if issubclass(refusal, StaleVersion):
            current = sample(components[rows[endpoint.path]], components)
            return {"value": problem_example(refusal(current=current), path)}
        return {"$ref": f"#/components/examples/{refusal.code}"}

    def schema(refusals: list[type[Refusal]]) -> Json:
        if refusals != [StaleVersion]:
            return one_of(refusals)
        # of the rows that the component allows, only this one stands here
        narrowed = {"type": "object", "properties": {"current": ref(rows[endpoint.path])}}
        return {"allOf": [one_of(refusals), narrowed]}

    return [
        (
            status,
            {
                "description": _meanings(refusals),
                "headers": response_headers(endpoint, status),
                "content": {
                    MEDIA_TYPE: {
                        "schema": schema(refusals),
                        "examples": {refusal.code: example(refusal) for refusal in refusals},
                    }
                },
            },
        )
        for status, refusals in endpoint.refusals.items()
    ]


def _meanings(refusals: list[type[Refusal]]) -> str:
    if len(refusals) == 1:
        return meaning(refusals[0])
    return "\n".join(f"- `{refusal.code}`: {meaning(refusal)}" for refusal in refusals)


def _path_parameters(endpoint: Endpoint) -> list[Json]:
    return [
        {
            "name": parameter.name,
            "in": "path",
            "required": True,
            "description": parameter.description,
            "schema": {"type": "string", "format": "uuid"} if parameter.is_id else {"type": "string"},
            "example": parameter.example,
        }
        for parameter in endpoint.path_parameters
    ]


def _query_parameters(endpoint: Endpoint, components: Mapping[str, Json]) -> list[Json]:
    if endpoint.query is None:
        return []
    struct = components[endpoint.query.__name__]
    return [
        _query_parameter(
            name, field, sample_field(name, field, components), required=name in struct.get("required", ())
        )
        for name, field in struct["properties"].items()
    ]


def _query_parameter(name: str, field: Json, example: Any, *, required: bool) -> Json:
    schema = {key: value for key, value in field.items() if key not in {"description", "examples"}}
    if isinstance(schema.get("type"), list):
        # a text of the query cannot be null: to leave it out is
        schema["type"] = schema["type"][0]
    if schema.get("default", ...) is None:
        del schema["default"]
    parameter: Json = {
        "name": name,
        "in": "query",
        "required": required,
        "description": field["description"],
        "schema": schema,
        "example": example,
    }
    if schema.get("type") == "array":
        parameter |= {"style": "form", "explode": False}
    return parameter


def _other_parameters(endpoint: Endpoint) -> list[Json]:
    heeded = {
        "IdempotencyKey": endpoint.repeatable,
        "IfMatch": endpoint.conditional,
        "IfNoneMatch": endpoint.revalidates,
        "RefreshCookie": endpoint.reads_cookie,
    }
    return [{"$ref": f"#/components/parameters/{name}"} for name, heeds in heeded.items() if heeds]


def _content(struct: Any, components: Mapping[str, Json]) -> Json:
    name: str = struct.__name__
    return {"schema": ref(name), "example": sample_field(name, components[name], components)}


def _first_line(struct: Any) -> str:
    return inspect.cleandoc(struct.__doc__).splitlines()[0]
