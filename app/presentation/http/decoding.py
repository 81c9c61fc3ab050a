"""From the bytes of a request to values: JSON bodies, query strings, ids in paths, and the headers that announce them.

What cannot be read in exactly one way is refused (`MalformedRequest`, `UnsupportedMediaType`); what can be read but
breaks the schema is `ValidationFailed`, which names every fault.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NoReturn, TypeAlias, TypeVar, cast
from urllib.parse import unquote_to_bytes
from uuid import UUID

import msgspec

from app.application.validation import convert, query_fields
from app.domain.errors import Issue, IssueCode, MalformedRequest, UnsupportedMediaType, ValidationFailed

DEPTH_LIMIT: Final = 32
CONTAINER_LIMIT: Final = 50_000
PARAMETER_LIMIT: Final = 100
UUID_LENGTH: Final = 36
QUERY_REMEMBERED: Final = 128
"""Bytes of a query that is short enough to be kept in mind; those with cursors come once."""

T = TypeVar("T")
_Container: TypeAlias = "dict[str, _Container | str] | list[_Container | str]"

_BLANKS: Final = " \t\n\r"
_JSON_TYPE: Final = re.compile(
    rb'application/json(?:[ \t]*;(?:[ \t]*charset=(?:utf-8|"utf-8"))?)?[ \t]*', re.IGNORECASE
)
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_BAD_QUERY: Final = "The query is not percent-encoded UTF-8"


def check_json_headers(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Both checks below over the headers of an ASGI scope, whose names are in lower case.

    Raises `UnsupportedMediaType`, also where one of the two is sent twice.
    """
    found = [(name, value) for name, value in headers if name in {b"content-type", b"content-encoding"}]
    single = dict(found)
    if len(single) != len(found):
        raise UnsupportedMediaType
    check_json_content_type(single.get(b"content-type"))
    check_content_encoding(single.get(b"content-encoding"))


def check_json_content_type(header: bytes | None) -> None:
    """`Content-Type` must be `application/json`, with no parameter but `charset=utf-8`.

    Raises `UnsupportedMediaType`.
    """
    if header != b"application/json" and (header is None or _JSON_TYPE.fullmatch(header) is None):
        raise UnsupportedMediaType


def check_content_encoding(header: bytes | None) -> None:
    """`Content-Encoding` must be absent or `identity`: a small compressed body may hold gigabytes.

    Raises `UnsupportedMediaType`.
    """
    if header is not None and header.strip().lower() != b"identity":
        raise UnsupportedMediaType("The body is encoded, and only plain bodies are read")


def decode_json(body: bytes) -> object:
    """The one value that the body writes as JSON (RFC 8259), of at most 50,000 objects and arrays, 32 deep.

    Escaped lone surrogates, U+0000 and numbers past every double come through, for `convert` to refuse at their
    place. Raises `MalformedRequest` for anything that is not JSON in UTF-8, for a byte order mark, for repeated keys
    and for integers of more than 4,300 digits.
    """
    if not body:
        raise MalformedRequest("The request has no body")
    # every object and array, hence every level, opens with one of these: few of them are proof enough
    opened = _count_brackets(body)
    if opened > CONTAINER_LIMIT and _count_brackets(_STRING.sub(b"", body)) > CONTAINER_LIMIT:
        raise MalformedRequest("The body has too many objects and arrays")
    value = _decode(body)
    if opened > DEPTH_LIMIT:
        _check_depth(value)
    return value


def decode_query(query_string: bytes, schema: type[T]) -> T:
    """The query parameters as the Struct, which must forbid unknown fields.

    A field that is a list may be repeated or be written with commas; `+` is a space. Raises `MalformedRequest` for
    bytes that are not percent-encoded UTF-8, for a second value of any other field, and for more than 100
    parameters; `ValidationFailed` for the rest.
    """
    values = _read_pairs(query_string, query_fields(schema))
    return convert(schema, values, location="query", lax=True)


def read_query(query_string: bytes, schema: type[T]) -> T:
    """As `decode_query`, for a Struct that nobody changes: most queries come again and again, word for word."""
    return (
        _remembered(query_string, schema)
        if len(query_string) <= QUERY_REMEMBERED
        else decode_query(query_string, schema)
    )


@lru_cache(1024)
def _remembered(query_string: bytes, schema: type[T]) -> T:
    return decode_query(query_string, schema)


def parse_uuid(name: str, text: str) -> UUID:
    """The id that stands in the path under this parameter's name: 36 characters, hyphenated, of any version.

    Raises `ValidationFailed`.
    """
    try:
        # of another length it may be a form without hyphens, which msgspec reads as well
        return msgspec.convert(text if len(text) == UUID_LENGTH else "", UUID)
    except msgspec.ValidationError:
        params = {"origin": "string", "format": "uuid"}
        raise ValidationFailed([Issue(IssueCode.INVALID_FORMAT, (name,), "Expected a UUID", "path", params)]) from None


def _no_constant(_: str) -> NoReturn:
    raise MalformedRequest("NaN and Infinity are not JSON")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedRequest("An object of the body has the same key twice")
    return members


_fast: Final = msgspec.json.Decoder()
_encoder: Final = msgspec.json.Encoder()
_exact: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def _count_brackets(body: bytes) -> int:
    return body.count(b"{") + body.count(b"[")


def _decode(body: bytes) -> object:
    # What comes out again byte for byte cannot have lost a key that was sent twice: most clients' bodies do, and
    # are done at half the price.
    try:
        value = _fast.decode(body)
        if _encoder.encode(value) == body:
            return value
    except (ValueError, RecursionError):
        pass
    try:
        text = body.decode().strip(_BLANKS)
        value, end = _exact.raw_decode(text)
    except RecursionError:
        raise MalformedRequest("The body is nested too deep") from None
    except ValueError:
        raise MalformedRequest("The body is not JSON in UTF-8") from None
    if end != len(text):
        raise MalformedRequest("The body goes on after its JSON value")
    return value


def _check_depth(value: object) -> None:
    level: list[_Container] = [cast("_Container", value)] if isinstance(value, (dict, list)) else []
    for _ in range(DEPTH_LIMIT):
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return
    raise MalformedRequest("The body is nested too deep")


def _read_pairs(query_string: bytes, fields: Mapping[str, bool]) -> dict[str, str | list[str]]:
    if query_string.count(b"&") >= PARAMETER_LIMIT:
        raise MalformedRequest("The query has too many parameters")
    values: dict[str, str | list[str]] = {}
    for pair in query_string.split(b"&"):
        if not pair:
            continue
        left, _, right = pair.partition(b"=")
        name, text = _unescape(left), _unescape(right)
        found = values.get(name)
        if fields.get(name):
            values[name] = [*found, text] if isinstance(found, list) else [text]
        elif found is not None and name in fields:
            raise MalformedRequest("A parameter of the query has two values")
        else:
            values[name] = text
    return values


def _unescape(part: bytes) -> str:
    part = part.replace(b"+", b" ")
    if b"%" in part:
        if _BAD_ESCAPE.search(part) is not None:
            raise MalformedRequest(_BAD_QUERY)
        part = unquote_to_bytes(part)
    try:
        return part.decode()
    except UnicodeDecodeError:
        raise MalformedRequest(_BAD_QUERY) from None
