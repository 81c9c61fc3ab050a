"""The body of one request on its way in: in time, to its end, and out of the way where nobody wants it."""

import asyncio
from collections.abc import Mapping
from typing import Final

import msgspec
from litestar.types import HTTPReceiveMessage, Receive, WebSocketReceiveMessage

from app.domain.errors import MalformedRequest, RequestTimeout
from app.infrastructure.serving.exchange import Exchange
from app.presentation.http.deadlines import Deadlines

DISCARDED_MAX: Final = 8 * 1024 * 1024


class Upload(msgspec.Struct):
    """Receives the body as long as it comes fast enough: within so many seconds, and one more for each KiB.

    The header fields are given by their names, in lower case.
    """

    _receive: Receive
    _fields: Mapping[bytes, bytes]
    _seconds: float
    _deadlines: Deadlines
    _exchange: Exchange | None = None
    _deadline: float | None = None
    _whole: bool = False
    _expected: bool = True

    async def receive(self) -> HTTPReceiveMessage | WebSocketReceiveMessage:
        """The next message; raises `RequestTimeout` for a body that is too slow, `MalformedRequest` for half of one."""
        if self._whole:
            # what comes now is word that the client has gone, which may take as long as it likes
            return await self._receive()
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            message = await self._deadlines.meet(self._deadline, self._receive())
        except TimeoutError:
            self._expected = False
            raise RequestTimeout(f"A body must come within {self._seconds:g} s and 1 s for each KiB") from None
        if message["type"] == "http.request":
            self._deadline += len(message["body"]) / 1024
            self._whole = not message["more_body"]
        elif not self.is_over:
            self._expected = False
            raise MalformedRequest("The body ended too early")
        return message

    def at_once(self) -> bytes | None:
        """The body, where the server has all of it by now; None where it has to be received."""
        if self._exchange is None or (body := self._exchange.whole_body()) is None:
            return None
        self._whole = True
        return body

    @property
    def is_over(self) -> bool:
        """Whether nothing of the body is to come any more."""
        fields = self._fields
        return self._whole or (fields.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in fields)

    async def discard(self) -> bool:
        """Read what is left of the body, so that the client comes to read the answer; False when it is left unread.

        A client that is still sending when its connection is closed sees a broken connection, and no answer. More
        than `DISCARDED_MAX` bytes are not waited for, nor a client that waits itself to be told to go on.
        """
        if self.is_over:
            return True
        if not self._expected or b"expect" in self._fields:
            return False
        left = DISCARDED_MAX
        try:
            async with asyncio.timeout(self._seconds):
                while not self._whole and left > 0:
                    message = await self.receive()
                    left -= len(message["body"]) if message["type"] == "http.request" else 0
        except (TimeoutError, RequestTimeout, MalformedRequest):
            self._expected = False
        return self._whole
