"""Schemas of issues: Zod 4's codes and parameters, as the collector gives them."""

from enum import StrEnum
from typing import Any, Final, get_args

from app.domain.errors import IssueCode, Location
from app.presentation.http.openapi.schemas import Json, enumeration, ref


class ExpectedType(StrEnum):
    """What a value should have been; `int` is a whole number, `record` an object with keys of its own."""

    STRING = "string"
    NUMBER = "number"
    INT = "int"
    BOOLEAN = "boolean"
    ARRAY = "array"
    OBJECT = "object"
    RECORD = "record"
    NULL = "null"


class MeasuredType(StrEnum):
    """What was measured: a string's characters, an array's items, an object's keys, or the number itself."""

    STRING = "string"
    NUMBER = "number"
    INT = "int"
    ARRAY = "array"
    OBJECT = "object"


class ExpectedFormat(StrEnum):
    """The format that a string should have had; `unicode` has neither U+0000 nor lone surrogates."""

    UNICODE = "unicode"
    EMAIL = "email"
    UUID = "uuid"
    DATETIME = "datetime"
    DATE = "date"
    TIME = "time"
    REGEX = "regex"
    CURSOR = "cursor"
    ETAG = "etag"


_INCLUSIVE: Final[Json] = {"description": "Whether the bound itself is allowed.", "type": "boolean", "examples": [True]}
_ORIGIN: Final[Json] = ref("MeasuredType")
_STRINGS: Final[Json] = {"type": "array", "items": {"type": "string"}}
_VALUES: Final[Json] = {"type": "array", "items": {"type": ["string", "integer", "null"]}}


def _text(description: str, example: str) -> Json:
    return {"description": description, "type": "string", "examples": [example]}


def _number(description: str, example: int) -> Json:
    return {"description": description, "type": "number", "examples": [example]}


# for each code: what it means, an example's path and message, its parameters, and those it need not have
_ISSUES: Final[dict[IssueCode, tuple[str, list[str], str, Json, Json]]] = {
    IssueCode.INVALID_TYPE: (
        "The value is of another JSON type, or is missing.",
        ["title"],
        "Expected a string, received nothing",
        {"expected": ref("ExpectedType")},
        {"format": {"description": "Of whole numbers: those up to 2^53 - 1.", "type": "string", "const": "safeint"}},
    ),
    IssueCode.TOO_SMALL: (
        "The value has too few characters, items or keys, or is too low.",
        ["password"],
        "Expected at least 8 characters",
        {"origin": _ORIGIN, "minimum": _number("The lower bound.", 8), "inclusive": _INCLUSIVE},
        {},
    ),
    IssueCode.TOO_BIG: (
        "The value has too many characters, items or keys, or is too high.",
        ["title"],
        "Expected at most 500 characters",
        {"origin": _ORIGIN, "maximum": _number("The upper bound.", 500), "inclusive": _INCLUSIVE},
        {},
    ),
    IssueCode.INVALID_FORMAT: (
        "The string is not of its format, or does not match its pattern.",
        ["email"],
        "Expected an e-mail address",
        {
            "origin": {"description": "What has the format.", "type": "string", "const": "string"},
            "format": {**ref("ExpectedFormat"), "examples": ["email"]},
        },
        {"pattern": _text("With `regex`: the pattern, between slashes.", "/\\S/")},
    ),
    IssueCode.INVALID_VALUE: (
        "The value is none of the values that there are.",
        ["role"],
        'Expected one of "admin", "user"',
        {"values": {"description": "The values that there are.", **_VALUES, "examples": [["admin", "user"]]}},
        {},
    ),
    IssueCode.UNRECOGNIZED_KEYS: (
        "The object has keys, or the query parameters, that do not exist.",
        [],
        'Unrecognized key: "colour"',
        {"keys": {"description": "The first 20 of them.", **_STRINGS, "examples": [["colour"]]}},
        {},
    ),
    IssueCode.INVALID_UNION: (
        "The value is of none of the forms that there are.",
        ["due"],
        "Expected one of the documented forms",
        {
            "errors": {
                "description": "For each form, what speaks against it, with paths from here.",
                "type": "array",
                "items": {"type": "array", "items": ref("UnionIssue")},
                "examples": [[]],
            }
        },
        {
            "note": _text("Why no form was tried.", "No matching discriminator"),
            "discriminator": _text("The field that tells the forms apart.", "kind"),
            "options": {"description": "The values it may have.", **_VALUES, "examples": [["date", "instant"]]},
        },
    ),
    IssueCode.CUSTOM: (
        "A rule is broken that no schema tells.",
        ["timeZone"],
        "Expected the name of an IANA time zone",
        {},
        {},
    ),
}


def issue_schemas() -> dict[str, Json]:
    """`Issue`, its kinds, and what they are made of."""
    kinds = {code: f"{''.join(word.title() for word in code.split('_'))}Issue" for code in IssueCode}
    return {
        "Issue": {
            "description": "One fault of one value, in Zod 4's codes and parameters.",
            "oneOf": [ref(name) for name in kinds.values()],
            "discriminator": {
                "propertyName": "code",
                "mapping": {code.value: ref(name)["$ref"] for code, name in kinds.items()},
            },
        },
        **{name: _issue_schema(code) for code, name in kinds.items()},
        "UnionIssue": {
            "description": "An issue within a union: without `in`, and with the parameters of its code.",
            "type": "object",
            "required": ["code", "path", "message"],
            "properties": {
                "code": ref("IssueCode"),
                "path": ref("IssuePath"),
                "message": _message("Expected a string"),
            },
            "additionalProperties": True,
        },
        "IssueCode": enumeration(IssueCode),
        "IssuePath": {
            "description": "Where the value stands: names as they are on the wire, and indexes.",
            "type": "array",
            "items": {"type": ["string", "integer"]},
            "examples": [["title"]],
        },
        "IssueLocation": {
            "description": "Which part of the request has the value.",
            "type": "string",
            "enum": list(get_args(Location)),
        },
        "ExpectedType": enumeration(ExpectedType),
        "MeasuredType": enumeration(MeasuredType),
        "ExpectedFormat": enumeration(ExpectedFormat),
    }


def _issue_schema(code: IssueCode) -> Json:
    description, path, message, parameters, optional = _ISSUES[code]
    required: dict[str, Any] = {
        "code": {"description": "What is wrong, for programs.", "type": "string", "const": code.value},
        "path": {**ref("IssuePath"), "examples": [path]},
        "in": ref("IssueLocation"),
        "message": _message(message),
        **parameters,
    }
    return {
        "description": description,
        "type": "object",
        "required": list(required),
        "properties": {**required, **optional},
    }


def _message(example: str) -> Json:
    return _text("What is wrong, for people; it repeats no input.", example)
