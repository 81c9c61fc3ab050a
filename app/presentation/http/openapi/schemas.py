"""Schemas of values: msgspec's own for the Structs, in the form that OpenAPI 3.1 and TypeScript like best."""

import enum
from collections.abc import Mapping
from typing import Any, Final, TypeAlias, cast

import msgspec

Json: TypeAlias = dict[str, Any]

_PREFIX: Final = "#/components/schemas/"
_SCALARS: Final = frozenset({"string", "integer", "number", "boolean"})
_JSON_TYPES: Final[Mapping[type, str]] = {str: "string", int: "integer"}


def ref(name: str) -> Json:
    """A reference to the component of this name."""
    return {"$ref": _PREFIX + name}


def enumeration(members: type[enum.StrEnum], description: str = "") -> Json:
    """A component for a set of strings."""
    return {
        "description": description or (members.__doc__ or "").strip(),
        "type": "string",
        "enum": [member.value for member in members],
    }


def struct_schemas(structs: set[type[msgspec.Struct]]) -> dict[str, Json]:
    """The components of Structs and of all that they hold, by name."""
    ordered = sorted(structs, key=lambda struct: struct.__name__)
    _, components = msgspec.json.schema_components(ordered, ref_template=_PREFIX + "{name}")
    # where the examples of all fields together make no good one, the Struct has its own
    own: dict[str, Json] = {
        struct.__name__: {"examples": [example]} for struct in ordered if (example := getattr(struct, "EXAMPLE", None))
    }
    return {name: {**_refined(schema), **own.get(name, {})} for name, schema in components.items()}


def without_defaults(schema: Json) -> Json:
    """The same, with defaults told in words: TypeScript's generators would take a field that has one for required."""
    if "properties" not in schema:
        return schema
    return {**schema, "properties": {name: _told(field) for name, field in schema["properties"].items()}}


def _told(field: Json) -> Json:
    if "default" not in field:
        return field
    default = msgspec.json.encode(field["default"]).decode()
    told = {name: value for name, value in field.items() if name != "default"}
    return {**told, "description": f"{field.get('description', '')} Left out, it is `{default}`.".strip()}


def sample(schema: Json, components: Mapping[str, Json]) -> Any:
    """The example of a schema, put together from those of its fields; raises `ValueError` where one has none."""
    match schema:
        case {"examples": [value, *_]} | {"const": value} | {"enum": [value, *_]}:
            example = value
        case {"type": "boolean" | ["boolean", "null"]}:
            example = True
        case {"$ref": str(reference)}:
            example = sample(components[reference.removeprefix(_PREFIX)], components)
        case {"oneOf": [first, *_]} | {"anyOf": [first, *_]}:
            example = sample(first, components)
        case {"type": "array", "items": items}:
            example = [sample(items, components)]
        case {"properties": properties}:
            example = {name: sample_field(name, field, components) for name, field in properties.items()}
        case _:
            raise ValueError("no example")
    return example


def sample_field(name: str, field: Json, components: Mapping[str, Json]) -> Any:
    """The same, of a named part; the error then tells where."""
    try:
        return sample(field, components)
    except ValueError as error:
        raise ValueError(f"{name}.{error}" if str(error) != "no example" else f"{name} has no example") from None


def _refined(schema: Json) -> Json:
    """Without titles that repeat names; a null beside a scalar is a type."""
    refined = {name: _refined_part(name, part) for name, part in schema.items() if name != "title"}
    if not refined.get("required", True):
        del refined["required"]
    if "$ref" in refined:
        refined.pop("type", None)
    if "enum" in refined:
        values = refined["enum"]
        refined = {"type": _JSON_TYPES[type(values[0])], **refined}
    if "anyOf" in refined:
        refined = _union(refined)
    return refined


def _constant(field: Json) -> Json:
    """A choice of one is a constant; the one that tells the options of a union apart has no words of its own."""
    if len(field.get("enum", ())) != 1:
        return field
    others = {name: part for name, part in field.items() if name != "enum"}
    return {"description": "Tells what this is.", **others, "const": field["enum"][0]}


def _refined_part(name: str, part: Any) -> Any:
    match name, part:
        case "properties", dict():
            fields = cast("dict[str, Json]", part)
            return {key: _constant(_refined(field)) for key, field in fields.items()}
        case "anyOf", list():
            return [_refined(option) for option in cast("list[Json]", part)]
        case "items" | "additionalProperties", dict():
            return _refined(cast("Json", part))
        case _:
            return part


def _union(schema: Json) -> Json:
    options: list[Json] = schema.pop("anyOf")
    if "discriminator" in schema:
        return {"oneOf": options, **schema}
    others = [option for option in options if option != {"type": "null"}]
    if len(others) == len(options) or len(others) != 1:
        return {"anyOf": options, **schema}
    inner = others[0]
    if inner.get("type") in _SCALARS and "enum" not in inner and "const" not in inner:
        return {**inner, "type": [inner["type"], "null"], **schema}
    # what is said of the value is said of the field
    said = {name: inner.pop(name) for name in ("description", "examples") if "$ref" in inner and name in inner}
    return {"anyOf": [inner, {"type": "null"}], **said, **schema}
