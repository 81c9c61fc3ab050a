import gc
import json
import math
from time import thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import MalformedRequest, UnsupportedMediaType
from app.presentation.http.decoding import (
    check_content_encoding,
    check_json_content_type,
    check_json_headers,
    decode_json,
)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b' \t\r\n{"a" : [1, true, null, "x"]}\n', {"a": [1, True, None, "x"]}),
        (b'{"a":[1,true,null,"x"]}', {"a": [1, True, None, "x"]}),
        (b'"\\u00e9"', "é"),
        (b'"\xc3\xa9"', "é"),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\u0000"', "\0"),
        (b'"\\ud800"', "\ud800"),
        (b'{"\\ud800":1}', {"\ud800": 1}),
        (b"1.0", 1.0),
        (b"1e3", 1000.0),
        (b"-0", 0),
        (b"1.5", 1.5),
        (b"9007199254740993", 9007199254740993),
        (b"18446744073709551616", 2**64),
        (b"-9223372036854775809", -(2**63) - 1),
        (b"1e400", math.inf),
        (b"-1e400", -math.inf),
        (b"1" * 400, int("1" * 400)),
        (b'{"__proto__":1,"constructor":2}', {"__proto__": 1, "constructor": 2}),
    ],
)
def test_json_is_read(body: bytes, value: object) -> None:
    found = decode_json(body)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"{",
        b"{}}",
        b"{} {}",
        b"[1,]",
        b'{"a":1,}',
        b"{a:1}",
        b"{'a':1}",
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"1e",
        b"0x10",
        b"1_0",
        b"1" * 5000,
        b"-" + b"1" * 5000,
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b'{"a":NaN}',
        b"nul",
        b"True",
        b'"a',
        b'"\\x"',
        b'"\\u12"',
        b'"\x00"',
        b'"\n"',
        b"// comment\n1",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b'"\xff"',
        b'"\xc0\x80"',
        b'"\xed\xa0\x80"',
        b'"\xf4\x90\x80\x80"',
        b"\x00",
    ],
)
def test_what_is_not_json_in_utf_8_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        decode_json(body)


def test_no_body_is_told_as_such() -> None:
    with pytest.raises(MalformedRequest, match="The request has no body"):
        decode_json(b"")


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"a" :1, "a":2}',
        b'{"a":1,"\\u0061":1}',
        b'{"x":{"a":[{"b":1,"b":1}]}}',
        b'{"a":"a","b":":","a":"a"}',
        b'{"":1,"":1}',
    ],
)
def test_a_key_that_is_sent_twice_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedRequest, match="same key twice"):
        decode_json(body)


@pytest.mark.parametrize(
    ("opening", "leaf", "closing"), [(b"[", b"", b"]"), (b'{"a":', b"1", b"}"), (b"[", b"1", b"]")]
)
def test_thirty_two_levels_are_read_and_no_more(opening: bytes, leaf: bytes, closing: bytes) -> None:
    assert decode_json(opening * 32 + leaf + closing * 32)
    for depth in (33, 34, 500, 5000, 200_000):
        with pytest.raises(MalformedRequest):
            decode_json(opening * depth + leaf + closing * depth)


def test_many_brackets_side_by_side_or_in_strings_are_not_deep() -> None:
    assert decode_json(b"[" + b",".join([b"[]"] * 1000) + b"]") == [[]] * 1000
    assert decode_json(b'"' + b"[{" * 100_000 + b'"') == "[{" * 100_000
    assert decode_json(b'"' + b'\\"[{' * 100_000 + b'"') == '"[{' * 100_000


def test_fifty_thousand_objects_and_arrays_are_read_and_no_more() -> None:
    assert decode_json(b"[" + b",".join([b"{}"] * 49_999) + b"]")
    for part in (b"{}", b"[]"):
        with pytest.raises(MalformedRequest, match="too many objects and arrays"):
            decode_json(b"[" + b",".join([part] * 50_000) + b"]")


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=60) | st.text(alphabet='{}[]",:\\ud0e1.-+tnaflse \n', max_size=30).map(str.encode))
def test_any_bytes_are_read_or_malformed(body: bytes) -> None:
    try:
        value = decode_json(body)
    except MalformedRequest:
        return
    assert value == decode_json(b" " + body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=150, deadline=None)
@given(value=json_values, ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
def test_a_value_is_the_same_however_it_is_written(value: object, ascii_only: bool, indent: int | None) -> None:
    written = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert decode_json(written.encode()) == value


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "part",
    [b'{"title":"Buy milk and bread","notes":"","done":false}', b'"\\u00e9\\n"', b"1.50", b'{ "a": 1 }' + b" " * 30],
)
def test_a_megabyte_takes_time_in_proportion(part: bytes) -> None:
    def quickest(size: int) -> float:
        body = b"[" + b",".join([part] * (size // len(part))) + b"]"
        times: list[float] = []
        for _ in range(5):
            start = thread_time()
            decode_json(body)
            times.append(thread_time() - start)
        return min(times)

    gc.disable()  # its pauses grow with all that pytest keeps, not with the body
    try:
        assert quickest(2**20) < 64 * quickest(2**16)
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "header",
    [
        b"application/json",
        b"application/JSON",
        b"Application/Json; charset=utf-8",
        b"application/json;charset=UTF-8",
        b'application/json; charset="utf-8"',
        b"application/json ; CHARSET=Utf-8 ",
        b"application/json;",
    ],
)
def test_json_in_utf_8_is_read(header: bytes) -> None:
    check_json_content_type(header)
    check_json_headers([(b"host", b"example.org"), (b"content-type", header)])


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"",
        b"text/plain",
        b"text/json",
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=x",
        b"application/merge-patch+json",
        b"application/jsonp",
        b"application/json, text/plain",
        b"application/json; charset=latin-1",
        b"application/json; charset=utf-16",
        b'application/json; charset="utf-8',
        b"application/json; charset=utf-8; charset=utf-8",
        b"application/json; boundary=x",
        b"application/json\n",
        b"application/json; charset=\xff",
        b"*/*",
    ],
)
def test_any_other_media_type_is_unsupported(header: bytes | None) -> None:
    with pytest.raises(UnsupportedMediaType):
        check_json_content_type(header)
    with pytest.raises(UnsupportedMediaType):
        check_json_headers([] if header is None else [(b"content-type", header)])


@pytest.mark.parametrize("header", [b"gzip", b"br", b"deflate", b"identity, gzip", b"", b"\xff"])
def test_a_compressed_body_is_unsupported(header: bytes) -> None:
    with pytest.raises(UnsupportedMediaType):
        check_content_encoding(header)
    with pytest.raises(UnsupportedMediaType):
        check_json_headers([(b"content-type", b"application/json"), (b"content-encoding", header)])


def test_a_plain_body_may_say_so() -> None:
    check_content_encoding(None)
    check_content_encoding(b"Identity")


def test_a_header_that_is_sent_twice_is_unsupported() -> None:
    with pytest.raises(UnsupportedMediaType):
        check_json_headers([(b"content-type", b"application/json")] * 2)
