"""From the bytes of a connection to requests, by llhttp, the parser of Node."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

import httptools

from app.infrastructure.serving.exchange import BUFFERED_MAX, Connection, Exchange
from app.infrastructure.serving.heads import Fields, Heads

HEAD_MAX: Final = 64 * 1024
"""Bytes of the request line and the header fields together; more is answered with 431."""

FIELDS_MAX: Final = 100

_EXPECTS: Final = (b"expect", b"100-continue")

_HEADS: Final = Heads()
"""Of all connections, for clients open new ones."""


class Unreadable(Exception):
    """What came is no request that can be answered but with this status."""

    def __init__(self, status: int) -> None:
        self.status = status


class Reader:
    """Makes exchanges of what comes, and gives them their bodies; llhttp calls what begins with `on_`."""

    __slots__ = (
        "_admit",
        "_base",
        "_connection",
        "_fed",
        "_fields",
        "_fresh",
        "_in_head",
        "_parser",
        "_since",
        "_url",
        "last",
    )

    def __init__(self, connection: Connection, base: dict[str, Any], admit: Callable[[Exchange], None]) -> None:
        """`base` is what the scopes of all its requests have in common, and `admit` is called with each of them."""
        self._connection = connection
        self._base = base
        self._admit = admit
        self._parser = httptools.HttpRequestParser(self)
        # what comes after the last request that will be answered is nobody's fault
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._url = b""
        self._fields: Fields = []
        self._fed = 0
        # what begins with the next request, until that is read
        self._fresh = b""
        self._in_head = False
        self._since = 0.0
        self.last: Exchange | None = None
        """The exchange whose request came last, be it answered or not."""

    @property
    def head_since(self) -> float | None:
        """When the head began that is not whole yet, by the loop's clock."""
        return self._since if self._in_head else None

    @property
    def is_amid(self) -> bool:
        """Whether a request has begun whose end has not come."""
        return self._in_head or (self.last is not None and self.last.more)

    def feed(self, data: bytes) -> None:
        """Read some more; raises `Unreadable`."""
        last = self.last
        if not self._in_head and (last is None or (last.keeps_alive and not last.more)):
            known = _HEADS.find(data)
            if known is not None:
                self._take(*known)
                return
            self._fresh = data
        else:
            self._fresh = b""
        while data:
            in_head = self._in_head
            self._fed = self._fed + len(data) if in_head else len(data)
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                # no other protocol is spoken here, so the next request may follow (RFC 9110 7.8), but for CONNECT
                data = data[upgrade.args[0] :] if self.last is not None and self.last.keeps_alive else b""
                continue
            except httptools.HttpParserCallbackError as error:
                within = error.__context__
                raise within if isinstance(within, Unreadable) else Unreadable(400) from None
            except httptools.HttpParserError:
                raise Unreadable(400) from None
            if in_head and self._in_head and self._fed > HEAD_MAX:
                raise Unreadable(431)
            return

    def on_message_begin(self) -> None:
        """A request begins."""
        self._url, self._fields = b"", []
        self._in_head = True
        self._since = self._connection.loop.time()

    def on_url(self, url: bytes) -> None:
        """Some of its target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of its fields."""
        self._fields.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """Its head is whole, and may be answered."""
        self._in_head = False
        parser, target, fields = self._parser, self._url, self._fields
        if len(fields) > FIELDS_MAX or (self._fed > HEAD_MAX and _size(target, fields) > HEAD_MAX):
            raise Unreadable(431)
        fresh, self._fresh = self._fresh, b""
        if fresh:
            _HEADS.learn(fresh, fields)
        version, method = parser.get_http_version(), parser.get_method()
        is_modern = version == "1.1"
        keeps_alive = is_modern and parser.should_keep_alive() and method != b"CONNECT"
        exchange = self._exchange(version, method.decode(), target, fields, keeps_alive=keeps_alive)
        exchange.awaits_continue = is_modern and _EXPECTS in fields
        self._admit(exchange)

    def _take(self, method: str, target: bytes, fields: Fields, body: bytes) -> None:
        """Do what llhttp would have done for a whole request."""
        exchange = self._exchange("1.1", method, target, fields, keeps_alive=True)
        if body:
            exchange.feed(body)
        exchange.more = False
        self._admit(exchange)

    def _exchange(self, version: str, method: str, target: bytes, fields: Fields, *, keeps_alive: bool) -> Exchange:
        path, query = _split(target)
        text = path.decode("ascii")
        scope: Any = {
            **self._base,
            "http_version": version,
            "method": method,
            "path": unquote(text) if "%" in text else text,
            "raw_path": path,
            "query_string": query,
            "headers": fields,
            # the application's own, of which each request has a copy
            "state": self._base["state"].copy(),
        }
        exchange = self.last = Exchange(self._connection, scope, keeps_alive=keeps_alive)
        return exchange

    def on_body(self, body: bytes) -> None:
        """Some of its body."""
        if self.last is not None:
            self.last.feed(body)
            if self.last.buffered > BUFFERED_MAX:
                self._connection.regulate()

    def on_message_complete(self) -> None:
        """It is whole."""
        if self.last is not None:
            self.last.more = False
            self.last.wake()


def _size(target: bytes, fields: Fields) -> int:
    return len(target) + sum(len(name) + len(value) for name, value in fields)


def _split(target: bytes) -> tuple[bytes, bytes]:
    """Path and query of a request target (RFC 9112 3.2); what follows a `#` is nobody's business here."""
    if target.startswith(b"/"):
        path, _, query = target.partition(b"#")[0].partition(b"?")
        return path, query
    if b"://" not in target:
        # that of CONNECT is a host and a port, and that of OPTIONS may be the whole server
        return b"/", b""
    parsed = httptools.parse_url(target)
    return parsed.path or b"/", parsed.query or b""
