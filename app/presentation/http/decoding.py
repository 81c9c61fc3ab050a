"""From the bytes of a request to values: JSON bodies, query strings, ids in paths, and the headers that announce them.

What cannot be read in exactly one way is refused (`MalformedRequest`, `UnsupportedMediaType`); what can be read but
breaks the schema is `ValidationFailed`, which names every fault.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NoReturn, TypeAlias, TypeVar, cast
from urllib.parse import unquote_to_bytes
from uuid import UUID

import msgspec

from app.application.validation import convert, query_fields
from app.domain.errors import Issue, IssueCode, MalformedRequest, UnsupportedMediaType, ValidationFailed

DEPTH_LIMIT: Final = 32
PARAMETER_LIMIT: Final = 100

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
_Container: TypeAlias = "dict[str, _Container | str] | list[_Container | str]"

_BLANKS: Final = " \t\n\r"
_DIGIT_LIMIT: Final = 310  # a longer whole number is past every double
_JSON_TYPE: Final = re.compile(
    rb'application/json(?:[ \t]*;(?:[ \t]*charset=(?:utf-8|"utf-8"))?)?[ \t]*', re.IGNORECASE
)
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


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
    """The one value that the body writes as JSON (RFC 8259), nested at most 32 deep.

    A number without a fraction is an int however it is written, as JavaScript has it, and one past every double is
    an infinity. Escaped lone surrogates and U+0000 come through, for `convert` to refuse at their place.
    Raises `MalformedRequest` for anything that is not JSON in UTF-8, for a byte order mark and for repeated keys.
    """
    if not body:
        raise MalformedRequest("The request has no body")
    value = _decode(body)
    # every level opens with one of these, so few of them are proof enough
    if body.count(b"{") + body.count(b"[") > DEPTH_LIMIT:
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


def parse_uuid(name: str, text: str) -> UUID:
    """The id that stands in the path under this parameter's name: 36 characters, hyphenated, of any version.

    Raises `ValidationFailed`.
    """
    if _UUID.fullmatch(text) is None:
        params = {"origin": "string", "format": "uuid"}
        raise ValidationFailed([Issue(IssueCode.INVALID_FORMAT, (name,), "Expected a UUID", "path", params)])
    return UUID(text)


def together(first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
    """Both values, or the issues of both in one refusal: a path and a body, say; it nests for more than two.

    Raises `ValidationFailed`; anything else that one of the two raises ends it at once.
    """
    try:
        left = first()
    except ValidationFailed as refused:
        try:
            second()
        except ValidationFailed as also:
            raise ValidationFailed([*refused.issues, *also.issues]) from None
        raise
    return left, second()


def _whole(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= _DIGIT_LIMIT else math.copysign(math.inf, -1 if text[0] == "-" else 1)


def _no_constant(_: str) -> NoReturn:
    raise MalformedRequest("NaN and Infinity are not JSON")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedRequest("An object of the body has the same key twice")
    return members


_fast: Final = msgspec.json.Decoder(float_hook=_whole)
_encoder: Final = msgspec.json.Encoder()
_exact: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_whole, parse_int=_integer, parse_constant=_no_constant
)


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
        name, _, text = map(_unescape, pair.partition(b"="))
        found = values.get(name)
        if fields.get(name):
            values[name] = [*found, text] if isinstance(found, list) else [text]
        elif found is not None and name in fields:
            raise MalformedRequest("A parameter of the query has two values")
        else:
            values[name] = text
    return values


def _unescape(part: bytes) -> str:
    if b"%" in part and _BAD_ESCAPE.search(part) is not None:
        raise MalformedRequest("The query is not percent-encoded UTF-8")
    try:
        return unquote_to_bytes(part.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise MalformedRequest("The query is not percent-encoded UTF-8") from None
