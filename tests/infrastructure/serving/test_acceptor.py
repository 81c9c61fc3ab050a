"""How workers that share a socket come to their connections."""

import asyncio
import errno
import socket
import ssl
from pathlib import Path
from typing import cast

import pytest

from app.infrastructure.serving import acceptor
from app.infrastructure.serving.acceptor import Acceptor
from tests.certificates import Certificate

pytestmark = pytest.mark.anyio


class Greeter(asyncio.Protocol):
    """Says a word to whoever comes."""

    def __init__(self, word: bytes) -> None:
        self._word = word

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        writing = cast("asyncio.WriteTransport", transport)
        writing.write(self._word)
        writing.close()


class Exhausted(socket.socket):
    """Has no descriptor left for the first that comes."""

    refusals = 1

    def accept(self) -> tuple[socket.socket, object]:
        if self.refusals:
            self.refusals -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def listening(kind: type[socket.socket] = socket.socket) -> socket.socket:
    listener = kind()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    return listener


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


async def greeting(port: int, **options: object) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, **options)  # type: ignore[arg-type]
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_who_shares_a_socket_shares_what_comes_at_once() -> None:
    listener = listening()
    port = port_of(listener)
    # all wait before anybody is there to take them
    waiting = [asyncio.create_task(greeting(port)) for _ in range(100)]
    await asyncio.sleep(0.2)
    workers = [
        Acceptor(shared, lambda word=word: Greeter(word), None)
        for shared, word in ((listener.dup(), b"a"), (listener, b"b"))
    ]
    words = await asyncio.gather(*waiting)
    for worker in workers:
        worker.close()
        await worker.wait_closed()
    assert min(words.count(b"a"), words.count(b"b")) >= 30
    with pytest.raises(ConnectionRefusedError):
        await greeting(port)


async def test_a_lack_of_descriptors_passes(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(acceptor, "EXHAUSTED_SECONDS", 0.1)
    listener = listening(Exhausted)
    port = port_of(listener)
    worker = Acceptor(listener, lambda: Greeter(b"at last"), None)
    assert await greeting(port) == b"at last"
    assert [record.message for record in caplog.records] == ["no connection can be taken"]
    worker.close()


async def test_what_lacks_descriptors_can_be_closed() -> None:
    listener = listening(Exhausted)
    port = port_of(listener)
    worker = Acceptor(listener, lambda: Greeter(b"never"), None)
    waiting = asyncio.create_task(greeting(port))
    await asyncio.sleep(0.1)
    worker.close()
    with pytest.raises(ConnectionError):
        await waiting


async def test_a_handshake_that_fails_keeps_nobody_else_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "HANDSHAKE_SECONDS", 0.5)
    certificate = Certificate.make(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    listener = listening()
    port = port_of(listener)
    worker = Acceptor(listener, lambda: Greeter(b"hello"), context)
    silent, rude = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    rude[1].write(b"GET / HTTP/1.1\r\n\r\n")
    trusting = ssl.create_default_context(cafile=certificate.certificate)
    assert await greeting(port, ssl=trusting, server_hostname="localhost") == b"hello"
    # whoever says nothing is not waited for for long
    assert await asyncio.wait_for(silent[0].read(), 10) == b""
    worker.close()
    await asyncio.wait_for(worker.wait_closed(), 5)
    for _, writer in (silent, rude):
        writer.close()
