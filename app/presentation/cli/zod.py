"""Zod 4 schemas of the bodies that an OpenAPI document's operations take, as a TypeScript module.

What they find in a body is what the service finds in it: null beside a type is `.nullable()` and no union, closed
objects are strict, tagged unions are `z.discriminatedUnion`.
"""

import json
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]

_PREFIX: Final = "#/components/schemas/"
_NULL: Final[Json] = {"type": "null"}
_FORMATS: Final = {
    "date": "z.iso.date()",
    "date-time": "z.iso.datetime({ offset: true })",
    "email": "z.email()",
    "partial-time": "z.iso.time()",
    "uri": "z.url()",
    "uuid": "z.uuid()",
}
_CHECKS: Final = {
    "minLength": "min",
    "maxLength": "max",
    "minimum": "gte",
    "exclusiveMinimum": "gt",
    "maximum": "lte",
    "exclusiveMaximum": "lt",
    "minItems": "min",
    "maxItems": "max",
}
_KNOWN: Final = frozenset(
    {
        *_CHECKS,
        *("$ref", "additionalProperties", "anyOf", "const", "description", "discriminator", "enum", "examples"),
        *("format", "items", "oneOf", "pattern", "properties", "required", "type"),
    }
)


class UnknownSchema(Exception):
    """The document holds what has no counterpart here."""


def zod_module(document: Json) -> str:
    """The module: a schema for each component that a body needs, and `bodies` by operation; raises `UnknownSchema`."""
    writer = _Writer(document["components"]["schemas"])
    bodies = {name: writer.expression(schema) for name, schema in sorted(_bodies(document))}
    lines = [
        "import { z } from 'zod';",
        "import type * as types from './generated/types.gen.js';",
        *(f"\n{component}" for component in writer.components()),
        "\n/** The schema of the body that an operation takes. */",
        "export const bodies = {",
        *(f"  {name}: {schema}," for name, schema in bodies.items()),
        "};",
    ]
    return "\n".join(lines) + "\n"


def _bodies(document: Json) -> Iterator[tuple[str, Json]]:
    for item in document["paths"].values():
        for operation in item.values():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                yield operation["operationId"], content["application/json"]["schema"]


class _Writer:
    """Writes components in an order in which each has those before it that it needs."""

    def __init__(self, components: Json) -> None:
        self._components = components
        self._begun: set[str] = set()
        self._recursive: set[str] = set()
        self._written: dict[str, str] = {}

    def components(self) -> Iterator[str]:
        for name, schema in self._written.items():
            if name in self._recursive:
                yield f"export const {name}: z.ZodType<types.{name}> = {schema};"
            else:
                yield f"export const {name} = {schema} satisfies z.ZodType<types.{name}>;"

    def expression(self, schema: Json) -> str:
        if unknown := schema.keys() - _KNOWN:
            raise UnknownSchema(f"no Zod schema says what these do: {', '.join(sorted(unknown))}")
        match schema:
            case {"$ref": str(reference)}:
                return self._component(reference.removeprefix(_PREFIX))
            case {"const": value}:
                return f"z.literal({_text(value)})"
            case {"enum": [*values]}:
                return f"z.enum({_text(values)})" if _are_texts(values) else f"z.literal({_text(values)})"
            case {"type": [str(name), "null"]}:
                return f"{self.expression({**schema, 'type': name})}.nullable()"
            case {"anyOf": [*options]} | {"oneOf": [*options]}:
                return self._union(options, schema.get("discriminator"))
            case {"type": str(name)}:
                return self._typed(name, schema) + _checks(schema)
            case _:
                raise UnknownSchema(f"no Zod schema for {_text(sorted(schema))}")

    def _component(self, name: str) -> str:
        if name in self._begun and name not in self._written:
            self._recursive.add(name)
            return f"z.lazy(() => {name})"
        if name not in self._begun:
            self._begun.add(name)
            self._written[name] = self.expression(self._components[name])
        return name

    def _union(self, options: list[Json], discriminator: Json | None) -> str:
        others = [self.expression(option) for option in options if option != _NULL]
        if len(others) == 1:
            union = others[0]
        elif discriminator is not None:
            union = f"z.discriminatedUnion({_text(discriminator['propertyName'])}, [{', '.join(others)}])"
        else:
            union = f"z.union([{', '.join(others)}])"
        return union if len(others) == len(options) else f"{union}.nullable()"

    def _typed(self, name: str, schema: Json) -> str:
        match name:
            case "string" if "format" not in schema:
                return "z.string()"
            case "string" if schema["format"] in _FORMATS:
                return _FORMATS[schema["format"]]
            case "integer":
                return "z.int()"
            case "number" | "boolean" | "null":
                return f"z.{name}()"
            case "array":
                return f"z.array({self.expression(schema['items'])})"
            case "object":
                return self._object(schema)
            case _:
                raise UnknownSchema(f"no Zod schema for the type {name} {schema.get('format', '')}".strip())

    def _object(self, schema: Json) -> str:
        others: Json | bool = schema.get("additionalProperties", True)
        if "properties" not in schema and not isinstance(others, bool):
            return f"z.record(z.string(), {self.expression(others)})"
        required = schema.get("required", ())
        fields = [
            f"{_key(name)}: {self.expression(field)}{'' if name in required else '.optional()'},"
            for name, field in schema.get("properties", {}).items()
        ]
        shape = "\n".join(["{", *(f"  {line}" for field in fields for line in field.split("\n")), "}"])
        return f"z.{'object' if others else 'strictObject'}({shape})"


def _checks(schema: Json) -> str:
    checks = [f".{check}({_text(schema[name])})" for name, check in _CHECKS.items() if name in schema]
    if "pattern" in schema:
        checks.append(f".regex(new RegExp({_text(schema['pattern'])}, 'u'))")
    return "".join(checks)


def _are_texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _key(name: str) -> str:
    return name if name.isascii() and name.isidentifier() else _text(name)


def _text(value: Any) -> str:
    """JSON is JavaScript."""
    return json.dumps(value, ensure_ascii=False)
