"""Header fields that came before: a client that keeps its token says the same with every request, bit by bit.

Only what llhttp has read is known here, by its bytes. What header fields say is the same whatever the request line
before them: they alone tell whether a body follows, and how long it is (RFC 9112 6.3).
"""

import re
from typing import Final, TypeAlias

KNOWN_MAX: Final = 2048
"""Heads that are kept in mind; the first that was learnt is forgotten, and learnt again when it comes again."""

LENGTH_MAX: Final = 2048
"""Bytes of one that is; all of them take 16 MB together at the most, 5 MB where each has little but a token."""

DATA_MAX: Final = 64 * 1024
"""Bytes of a request that is looked at here."""

Fields: TypeAlias = list[tuple[bytes, bytes]]

_LINE_END: Final = b"\r\n"
_HEAD_END: Final = b"\r\n\r\n"
_METHODS: Final = {name.encode(): name for name in ("GET", "POST", "PUT", "PATCH", "DELETE")}
# what can be read in one way alone, wherever it stands in a target
_PLAIN: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz/._~-%:,=&+?"
_LENGTH: Final = re.compile(rb"[0-9]{1,5}")
# where one of these stands, the bytes do not tell what is to come, or will not come again
_OTHERS: Final = frozenset(
    {
        b"connection",
        b"expect",
        b"idempotency-key",
        b"traceparent",
        b"transfer-encoding",
        b"upgrade",
        b"x-request-id",
    }
)


class Heads:
    """What header fields say, by their bytes."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Fields, int]] = {}

    def find(self, data: bytes) -> tuple[str, bytes, Fields, bytes] | None:
        """Method, target, fields and body of the request that these bytes are, no more and no less, if it is known.

        It is of HTTP/1.1, and keeps the connection alive.
        """
        if len(data) > DATA_MAX:
            return None
        line, _, rest = data.partition(_LINE_END)
        head, _, body = rest.partition(_HEAD_END)
        known = self._known.get(head)
        if known is None or len(body) != known[1]:
            return None
        name, _, asked = line.partition(b" ")
        target, _, version = asked.partition(b" ")
        method = _METHODS.get(name)
        if method is None or version != b"HTTP/1.1" or target[:1] != b"/" or target.translate(None, _PLAIN):
            return None
        return method, target, known[0], body

    def learn(self, data: bytes, fields: Fields) -> None:
        """Keep in mind what was read of the head that these bytes begin with."""
        line, _, rest = data.partition(_LINE_END)
        head, whole, _ = rest.partition(_HEAD_END)
        found = dict(fields)
        length = found.get(b"content-length", b"0")
        if (
            whole
            and line
            and len(head) <= LENGTH_MAX
            and head.count(b"\n") == len(fields) - 1
            and _LENGTH.fullmatch(length)
            and _OTHERS.isdisjoint(found)
        ):
            self._known[head] = fields, int(length)
            if len(self._known) > KNOWN_MAX:
                del self._known[next(iter(self._known))]
