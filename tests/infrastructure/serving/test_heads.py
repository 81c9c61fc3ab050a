"""A request whose header fields came before is the same to the application as when llhttp reads them."""

import json

import pytest
from litestar.types import Receive, Scope, Send

from app.infrastructure.serving import heads
from app.infrastructure.serving.heads import Heads
from tests.infrastructure.serving.conftest import Serve, answering, body_of, echo

FIELDS = b"Host: x\r\nAuthorization:  Bearer a.b.c \r\nX-Odd: \xe4"
GET = b"GET /todos?limit=2 HTTP/1.1\r\n" + FIELDS + b"\r\n\r\n"
POST = b"POST /todos HTTP/1.1\r\nContent-Length: 2\r\n" + FIELDS + b"\r\n\r\n{}"
READ = [(b"host", b"x"), (b"authorization", b"Bearer a.b.c"), (b"x-odd", b"\xe4")]


def learnt(data: bytes, fields: list[tuple[bytes, bytes]] = READ) -> Heads:
    known = Heads()
    known.learn(data, fields)
    return known


async def telling(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with all that the application is told of the request."""
    told = {name: repr(value) for name, value in scope.items() if name not in {"client", "extensions"}}
    told["body"] = repr(await body_of(receive))
    await answering(json.dumps(told).encode())(scope, receive, send)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "request_",
    [
        GET,
        POST,
        GET.replace(b"/todos?limit=2", b"/a%20b/?q=%ff"),
        GET.replace(b"/todos?limit=2", b"/todos?"),
        GET.replace(b"/todos?limit=2", b"/todos?a=b?c#d"),
        GET.replace(b"/todos?limit=2", b"http://y/todos?z"),
        GET.replace(b"GET", b"HEAD"),
        POST.replace(b"POST", b"PATCH"),
        POST.replace(b"Content-Length: 2\r\n", b"Transfer-Encoding: chunked\r\n").replace(
            b"{}", b"2\r\n{}\r\n0\r\n\r\n"
        ),
        POST.replace(b"Host: x", b"Host: x\r\nExpect: 100-continue"),
        GET.replace(b"Host: x", b"Host: x\r\nX-Request-Id: 12345678"),
    ],
)
async def test_a_request_is_the_same_however_often_it_comes(serve: Serve, request_: bytes) -> None:
    async with serve(telling) as served:
        answers: list[object] = []
        for wire in [await served.connect(), await served.connect()]:
            for _ in range(3):
                await wire.send(request_)
                answer = await wire.answer(to=request_.partition(b" ")[0].decode())
                if answer[0] == 100:
                    answer = await wire.answer()
                answers.append({**json.loads(answer[2] or b"{}"), "status": answer[0]})
    assert answers == answers[:1] * 6


@pytest.mark.anyio
async def test_known_requests_and_others_may_follow_each_other_in_any_pieces(serve: Serve) -> None:
    async with serve(echo) as served:
        wire = await served.connect()
        answers: list[bytes] = []
        for piece, ends in [(GET, 1), (POST, 1), (GET + POST[:-1], 1), (POST[-1:], 1), (GET + POST, 2), (POST, 1)]:
            await wire.send(piece)
            answers += [(await wire.answer())[2] for _ in range(ends)]
    assert answers == [b"", b"{}", b"", b"{}", b"", b"{}", b"{}"]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (GET, ("GET", b"/todos?limit=2", b"")),
        (GET.replace(b"GET", b"DELETE"), ("DELETE", b"/todos?limit=2", b"")),
        (GET.replace(b"/todos?limit=2", b"/"), ("GET", b"/", b"")),
        (GET + b"G", None),
        (GET[:-1], None),
        (GET.replace(b"1.1\r\n", b"1.0\r\n"), None),
        (GET.replace(b"GET", b"get"), None),
        (GET.replace(b"GET", b"HEAD"), None),
        (GET.replace(b"/todos", b"todos"), None),
        (GET.replace(b"/todos", b"/todos "), None),
        (GET.replace(b"/todos", b"/to\tdos"), None),
        (GET.replace(b"/todos", b"/to#dos"), None),
        (GET.replace(b"/todos", b"/to\x00dos"), None),
        (GET.replace(b"/todos", b"/to\xe4dos"), None),
        (GET.replace(b"Bearer", b"bearer"), None),
        (b"\r\n" + GET, None),
        (b"", None),
        (b"\r\n\r\n", None),
        (GET.replace(b"/todos", b"/" + b"a" * heads.DATA_MAX), None),
    ],
)
def test_only_what_can_be_read_in_one_way_is_found_by_its_head(
    data: bytes, found: tuple[str, bytes, bytes] | None
) -> None:
    told = learnt(GET).find(data)
    assert told == (None if found is None else (*found[:2], READ, found[2]))


@pytest.mark.parametrize(
    ("data", "is_found"), [(POST, True), (POST + b" ", False), (POST[:-1], False), (POST[:-2], False)]
)
def test_a_body_is_found_where_it_is_as_long_as_announced(data: bytes, is_found: bool) -> None:
    fields = [(b"content-length", b"2"), *READ]
    assert (learnt(POST, fields).find(data) == ("POST", b"/todos", fields, b"{}")) is is_found


@pytest.mark.parametrize(
    "field",
    [
        (b"connection", b"close"),
        (b"expect", b"100-continue"),
        (b"transfer-encoding", b"chunked"),
        (b"upgrade", b"websocket"),
        (b"idempotency-key", b"1"),
        (b"x-request-id", b"1"),
        (b"traceparent", b"00-1-1-01"),
        (b"content-length", b"+1"),
        (b"content-length", b"123456"),
        (b"x-long", b"a" * heads.LENGTH_MAX),
    ],
)
def test_a_head_that_tells_more_than_its_bytes_is_not_kept_in_mind(field: tuple[bytes, bytes]) -> None:
    data = GET.replace(b"Host: x", b"Host: x\r\n%b: %b" % field)
    assert learnt(data, [*READ, field]).find(data) is None


@pytest.mark.parametrize(
    "data", [b"\r\n" + GET, GET.replace(b"X-Odd", b" X-Odd"), GET.replace(b"X-Odd", b"X-Even: 1\nX-Odd"), GET[:-2]]
)
def test_a_head_whose_lines_are_not_its_fields_is_not_kept_in_mind(data: bytes) -> None:
    known = learnt(data, READ if data == b"\r\n" + GET else READ[:2])
    assert known.find(data) is None
    assert known.find(GET) is None


def test_the_head_that_was_learnt_first_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "KNOWN_MAX", 2)
    known = Heads()
    requests = [GET.replace(b"a.b.c", name) for name in (b"1", b"2", b"3")]
    for request in requests:
        known.learn(request, READ)
    assert [known.find(request) is not None for request in requests] == [False, True, True]
