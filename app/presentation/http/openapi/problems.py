"""Schemas of problems (RFC 9457), one for each code of the catalogue, and their examples, made by what answers them."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from litestar import Request

import app.domain
from app.domain.errors import Kind, NotFound, Refusal, ValidationFailed, catalogue
from app.presentation.http.context import STATE_KEY
from app.presentation.http.middleware import REQUEST_ID
from app.presentation.http.openapi.schemas import Json, ref
from app.presentation.http.problems import STATUS, TYPE_BASE, problem

REQUEST_ID_PATTERN: Final = f"^{REQUEST_ID.pattern.decode()}$"
REQUEST_ID_EXAMPLE: Final = "01b77c3e5c407b8e9d4a3f2b1c0d9e8f"


def all_refusals() -> list[type[Refusal]]:
    """The whole catalogue, whether or not anything has asked for the columns that it is spread over."""
    for module in pkgutil.iter_modules(app.domain.__path__, f"{app.domain.__name__}."):
        importlib.import_module(module.name)
    return [refusal for refusal in catalogue() if refusal.__module__.startswith(app.domain.__name__)]


def problem_name(refusal: type[Refusal]) -> str:
    """The component of a refusal."""
    return f"{refusal.__name__}Problem"


def problem_schemas(rows: Sequence[str], examples: Mapping[type[Refusal], Json]) -> dict[str, Json]:
    """A component for each refusal, and `Problem` for any of them; `rows` are what a stale write may have met."""
    refusals = list(examples)
    schemas = {problem_name(refusal): _problem_schema(refusal, rows, examples[refusal]) for refusal in refusals}
    return {
        **schemas,
        "Problem": {
            "description": "Any refusal, told by its code (RFC 9457).",
            **one_of(refusals),
            "examples": [examples[NotFound]],
        },
        "ProblemCode": {
            "description": "The codes of all refusals; a code keeps its meaning.",
            "type": "string",
            "enum": [refusal.code for refusal in refusals],
        },
    }


def one_of(refusals: Iterable[type[Refusal]]) -> Json:
    """Exactly one of these problems, told apart by `code`."""
    references = {refusal.code: ref(problem_name(refusal)) for refusal in refusals}
    if len(references) == 1:
        return next(iter(references.values()))
    return {
        "oneOf": list(references.values()),
        "discriminator": {
            "propertyName": "code",
            "mapping": {code: reference["$ref"] for code, reference in references.items()},
        },
    }


def problem_example(refusal: Refusal, path: str) -> Json:
    """The problem as it is answered at this path."""
    scope: Any = {
        "type": "http",
        "path": path,
        "raw_path": path.encode(),
        "headers": [],
        "state": {STATE_KEY: REQUEST_ID_EXAMPLE},
    }
    answer: Json = msgspec.json.decode(problem(Request(scope), refusal).content)
    return answer


def meaning(refusal: type[Refusal]) -> str:
    """What the refusal stands for, for readers."""
    return inspect.cleandoc(refusal.__doc__ or "")


def _problem_schema(refusal: type[Refusal], rows: Sequence[str], example: Json) -> Json:
    properties: Json = {
        "type": {
            "description": "Where the code is explained.",
            "type": "string",
            "format": "uri-reference",
            "const": f"{TYPE_BASE}{refusal.code}",
        },
        "title": {"description": "The code in words.", "type": "string", "const": refusal.title},
        "status": {"description": "The HTTP status.", "type": "integer", "const": STATUS[refusal.kind].value},
        "code": {"description": "What was refused, for programs.", "type": "string", "const": refusal.code},
        "detail": {
            "description": "What was refused, for people; it repeats no input.",
            "type": "string",
            "minLength": 1,
            "examples": [example["detail"]],
        },
        "instance": {
            "description": "The path of the request, percent-encoded.",
            "type": "string",
            "format": "uri-reference",
            "examples": [example["instance"]],
        },
        "requestId": {
            "description": "The id of the request, under which the logs know it.",
            "type": "string",
            "pattern": REQUEST_ID_PATTERN,
            "examples": [example["requestId"]],
        },
    }
    if issubclass(refusal, ValidationFailed):
        properties["issues"] = {
            "description": "Every fault of the request, 100 at the most.",
            "type": "array",
            "items": ref("Issue"),
            "minItems": 1,
            "maxItems": 100,
        }
    if refusal.kind is Kind.STALE:
        properties["current"] = {
            "description": "The row as it is now.",
            **(ref(rows[0]) if len(rows) == 1 else {"anyOf": [ref(row) for row in rows]}),
        }
    return {
        "description": meaning(refusal),
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "examples": [example],
    }
