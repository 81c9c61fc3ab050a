"""What may be otherwise about a request: in its path and its query, in headers, method and body."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tests.presentation.http.raw import Raw

MEBIBYTE: Final = 1024 * 1024
UNHEARD_OF: Final = "01b77c3e-5c40-7b8e-9d4a-3f2b1c0d9e8f"

Change = Callable[[Raw], Raw]


def header(*pairs: tuple[str, str]) -> Change:
    return lambda raw: raw.having(*pairs)


def also(*pairs: tuple[str, str]) -> Change:
    return lambda raw: raw.also(*pairs)


def without(*names: str) -> Change:
    return lambda raw: raw.without(*names)


def query(text: bytes) -> Change:
    return lambda raw: replace(raw, query=text)


def method(name: str) -> Change:
    return lambda raw: replace(raw, method=name)


def path(change: Callable[[str], str]) -> Change:
    return lambda raw: replace(raw, path=change(raw.path))


def todo_id(text: str) -> Change:
    """Another id where there is one."""
    return path(lambda found: found if found == "/api/todos" else f"/api/todos/{text}")


def body(*chunks: bytes) -> Change:
    return lambda raw: raw.sending(*chunks)


def typed(*chunks: bytes) -> Change:
    """A body that is announced to be JSON, on every method."""
    return lambda raw: raw.sending(*chunks).having(("content-type", "application/json"))


def chunked(*chunks: bytes) -> Change:
    """A body whose length nobody tells."""
    return lambda raw: (
        replace(raw, chunks=chunks)
        .without("content-length")
        .having(("transfer-encoding", "chunked"), ("content-type", "application/json"))
    )


def both(*changes: Change) -> Change:
    def change(raw: Raw) -> Raw:
        for each in changes:
            raw = each(raw)
        return raw

    return change


def capitals(raw: Raw) -> Raw:
    token = dict(raw.headers)[b"authorization"].decode().partition(" ")[2]
    return raw.having(("authorization", f"BEARER {token}"))


def half(*chunks: bytes, length: int) -> Change:
    """The beginning of a body that is told to be so long."""
    return both(typed(*chunks), header(("content-length", str(length))), unfinished)


def unfinished(raw: Raw) -> Raw:
    return replace(raw, unfinished=True)


MAY: Final = header(("origin", "https://app.example.com"))
LARGE: Final = b'{"title":"' + b"a" * (MEBIBYTE - 11) + b'"}'
CHANGES: Final[dict[str, Change]] = {
    "as it is": lambda raw: raw,
    # tokens
    "no token": without("authorization"),
    "no scheme": header(("authorization", "abc")),
    "another scheme": header(("authorization", "Basic YTpi")),
    "a scheme in capitals": capitals,
    "an empty token": header(("authorization", "Bearer ")),
    "a bad token": header(("authorization", "Bearer a.b.c")),
    "an odd token": header(("authorization", "Bearer \xff")),
    "two tokens": also(("authorization", "Bearer a.b.c")),
    "no token and a bad query": both(without("authorization"), query(b"x=1")),
    # paths
    "an id that is unheard of": todo_id(UNHEARD_OF),
    "a malformed id": todo_id("milk"),
    "a short id": todo_id(UNHEARD_OF[:-1]),
    "an id in capitals": path(lambda found: f"/api/todos/{found[11:].upper()}" if found[11:] else found),
    "an id that is unheard of in capitals": todo_id(UNHEARD_OF.upper()),
    "an id in braces": todo_id(f"{{{UNHEARD_OF}}}"),
    "an id without hyphens": todo_id(UNHEARD_OF.replace("-", "")),
    "an id with other digits": todo_id(UNHEARD_OF.replace("1", "\u0661")),
    "an id and a line": todo_id(f"{UNHEARD_OF}\n"),
    "the nil id": todo_id("00000000-0000-0000-0000-000000000000"),
    "a NUL": todo_id(f"{UNHEARD_OF[:-1]}\0"),
    "a slash in the end": path(lambda found: f"{found}/"),
    "two slashes": path(lambda found: found.replace("/todos", "//todos")),
    "two slashes before the id": path(lambda found: found.replace("todos/", "todos//")),
    "an id that is encoded": lambda raw: replace(raw, encoded=raw.path.replace("-", "%2D")),
    "an id that is encoded twice": todo_id(UNHEARD_OF.replace("-", "%2D")),
    "another case": path(lambda found: found.replace("todos", "Todos")),
    "a path below": path(lambda found: f"{found}/nowhere"),
    "a root path": lambda raw: replace(raw, root_path="/api"),
    "a root path elsewhere": lambda raw: replace(raw, root_path="/elsewhere"),
    # queries
    "an unknown parameter": query(b"colour=red"),
    "an empty parameter": query(b"="),
    "a fine parameter": query(b"limit=1"),
    "a bad parameter": query(b"limit=0"),
    "a parameter twice": query(b"limit=1&limit=2"),
    "bad parameters": query(b"limit=x&status=y&colour=red&sort=title"),
    "a query that is not encoded well": query(b"q=%ff"),
    "a query that breaks off": query(b"q=%"),
    "a total": query(b"includeTotal=true&status=open"),
    "a filter that is not in the short statement": query(b"tag=a"),
    "a bad cursor": query(b"cursor=abc"),
    # headers
    "Accept of no JSON": header(("accept", "text/html")),
    "Accept that refuses JSON": header(("accept", "application/json;q=0, */*")),
    "Accept of all": header(("accept", "text/html, */*;q=0.1")),
    "Accept of no JSON with a bad query": both(header(("accept", "text/html")), query(b"x=1")),
    "Accept twice": header(("accept", "text/html"), ("accept", "application/json")),
    "a request id": header(("x-request-id", "trace-0123456789")),
    "a bad request id": header(("x-request-id", "a b")),
    "two request ids": header(("x-request-id", "trace-0123456789"), ("x-request-id", "trace-9876543210")),
    "a proxy": header(("x-forwarded-for", "203.0.113.9")),
    "several proxies": header(("x-forwarded-for", "203.0.113.9, 10.0.0.1"), ("x-forwarded-for", "10.0.0.2")),
    "nobody": lambda raw: replace(raw, client=None),
    "a host in capitals": header(("host", "TestServer")),
    "a host with a port": header(("host", "testserver:8000")),
    "a host by its address": header(("host", "[::1]:8000")),
    "a host with odd characters": header(("host", 'a_b~!$&"<>')),
    "a host of other letters": header(("host", "\xff")),
    "an empty host": header(("host", "")),
    "no host": without("host"),
    "two hosts": also(("host", "testserver")),
    "an origin that may": MAY,
    "an origin that may not": header(("origin", "https://evil.example.com")),
    "an origin of none": header(("origin", "null")),
    "an origin that may, without a token": both(MAY, without("authorization")),
    "an origin that may, with a bad query": both(MAY, query(b"x=1")),
    "a cookie": header(("cookie", "a=b; __Secure-refresh=c")),
    "an agent": header(("user-agent", "\xe9")),
    "a header twice": header(("x-other", "a"), ("x-other", "b")),
    "HTTP/2": lambda raw: replace(raw, http_version="2"),
    # conditions
    "what is known": header(("if-none-match", '"1"')),
    "what is known weakly, among others": header(("if-none-match", '"7", W/"1"')),
    "whatever is known": header(("if-none-match", "*")),
    "what is not known": header(("if-none-match", '"7"')),
    "what is known, twice": header(("if-none-match", '"7"'), ("if-none-match", '"1"')),
    "what was met": header(("if-match", '"1"')),
    "what was met, among others": header(("if-match", '"7", "1"')),
    "whatever was met": header(("if-match", "*")),
    "what is stale": header(("if-match", '"7"')),
    "what was met badly": header(("if-match", "1")),
    "what was met weakly": header(("if-match", 'W/"1"')),
    "what was met badly, with a bad query and body": both(header(("if-match", "1")), query(b"x=1"), typed(b"{}")),
    # methods
    "HEAD": method("HEAD"),
    "HEAD of what is known": both(method("HEAD"), header(("if-none-match", '"1"'))),
    "HEAD without a token": both(method("HEAD"), without("authorization")),
    "HEAD of a bad query": both(method("HEAD"), query(b"x=1")),
    "OPTIONS": method("OPTIONS"),
    "OPTIONS of an origin": both(method("OPTIONS"), MAY, header(("access-control-request-method", "PATCH"))),
    "PUT": method("PUT"),
    "TRACE": method("TRACE"),
    "a method in small letters": lambda raw: replace(raw, method=raw.method.lower()),
    # bodies
    "no body": body(b""),
    "no body and no length": both(body(b""), without("content-length")),
    "no body of any type": both(body(b""), without("content-type")),
    "a body without a type": without("content-type"),
    "an empty type": header(("content-type", "")),
    "another type": header(("content-type", "text/plain")),
    "a type in capitals": header(("content-type", "Application/JSON; charset=UTF-8")),
    "another charset": header(("content-type", "application/json; charset=latin-1")),
    "a form": header(("content-type", "application/x-www-form-urlencoded")),
    "a form of many parts": header(("content-type", "multipart/form-data; boundary=a")),
    "two types": also(("content-type", "application/json")),
    "gzip": header(("content-encoding", "gzip")),
    "no encoding": header(("content-encoding", "identity")),
    "bad JSON": typed(b'{"title":'),
    "JSON of no object": typed(b'"Wine"'),
    "null": typed(b"null"),
    "blanks": typed(b"  "),
    "bad UTF-8": typed(b'{"title":"\xff"}'),
    "a byte order mark": typed(b'\xef\xbb\xbf{"title":"Wine"}'),
    "a name twice": typed(b'{"title":"Wine","title":"Wine"}'),
    "deep JSON": typed(b'{"title":' + b"[" * 33 + b"]" * 33 + b"}"),
    "an invalid body": typed(b'{"title":"","priority":"most","colour":1}'),
    "an invalid body with a bad query": both(typed(b'{"title":""}'), query(b"x=1")),
    "a title of surrogates": typed(b'{"title":"\\ud800"}'),
    "nothing to change": typed(b"{}"),
    "no room for it": typed(json.dumps({"title": "Wine", "listId": UNHEARD_OF, "parentId": UNHEARD_OF}).encode()),
    "an assignee who is none": typed(json.dumps({"title": "Wine", "assigneeId": UNHEARD_OF}).encode()),
    "a bad due date": typed(b'{"title":"Wine","due":{"date":"2030-01-01","time":"09:00:00"}}'),
    "a body in pieces": typed(b'{"tit', b'le":"W', b"", b'ine"}'),
    "a body in pieces of no length": chunked(b'{"tit', b'le":"Wine"}'),
    "a body of no length": chunked(b'{"title":"Wine"}'),
    "an empty body of no length": chunked(b""),
    "a large body that is invalid": typed(LARGE),
    "a body that is too large": typed(LARGE + b"  "),
    "a body that is too large, of no length": chunked(LARGE, b"  "),
    "a body that is said to be too large": both(typed(b"{}"), header(("content-length", str(MEBIBYTE + 1)))),
    "a body that is longer than it is said": both(typed(b'{"title":"Wine"}'), header(("content-length", "3"))),
    "a length that is none": both(typed(b'{"title":"Wine"}'), header(("content-length", "abc"))),
    "a length below none": both(typed(b'{"title":"Wine"}'), header(("content-length", "-1"))),
    "a length that is empty": both(typed(b'{"title":"Wine"}'), header(("content-length", ""))),
    "two lengths": both(typed(b'{"title":"Wine"}'), also(("content-length", "3"))),
    "half a body": half(b'{"title":', length=90),
    "half a body of no length": both(chunked(b'{"title":'), unfinished),
    "half a large body": half(b'{"title":', length=90_000),
    "nothing of a body": half(length=90),
    "a client that waits": header(("expect", "100-continue")),
    "a client that waits, with a body too large": both(typed(LARGE + b"  "), header(("expect", "100-continue"))),
    "a body and no token": both(typed(b'{"title":"Wine"}'), without("authorization")),
    "a bad key": header(("idempotency-key", "a b")),
    "an empty key": header(("idempotency-key", "")),
    "a key twice": header(("idempotency-key", "a"), ("idempotency-key", "b")),
}  # fmt: skip
