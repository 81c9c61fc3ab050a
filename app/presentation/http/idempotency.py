"""`Idempotency-Key` on every POST, in one place: whoever hands a handler its services begins and ends it here."""

import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from litestar import Request, Response
from litestar.response.base import ASGIResponse

from app.application.idempotency import KEY_MAX, Claim, StoredAnswer
from app.application.unit_of_work import Services, UnitOfWork
from app.domain.errors import Issue, IssueCode, MalformedRequest, Refusal, ValidationFailed
from app.presentation.http.context import REFRESH_COOKIE
from app.presentation.http.proxies import UNKNOWN, throttle_key

HEADER: Final = "Idempotency-Key"
FIELD: Final = b"idempotency-key"
REPLAYED: Final = "Idempotent-Replayed"

_KEY: Final = re.compile(rf"[\x21-\x7e]{{1,{KEY_MAX}}}")
_ANSWER: Final = "answer"

AnyRequest = Request[Any, Any, Any]


class Replay(Exception):
    """Raised to answer with what was answered before, in place of calling the handler."""

    def __init__(self, answer: StoredAnswer) -> None:
        super().__init__()
        self.answer = answer


def check_key(fields: list[str]) -> None:
    """Refuse a key that is empty, too long, or not of visible ASCII; raises `ValidationFailed`, `MalformedRequest`."""
    if len(fields) > 1:
        raise MalformedRequest(f"{HEADER} is sent twice")
    if fields and _KEY.fullmatch(fields[0]) is None:
        issue = Issue(
            IssueCode.INVALID_FORMAT,
            (HEADER,),
            f"Expected 1 to {KEY_MAX} visible ASCII characters",
            location="header",
            params={"origin": "string", "format": "regex", "pattern": f"^{_KEY.pattern}$"},
        )
        raise ValidationFailed([issue])


@asynccontextmanager
async def idempotent(request: AnyRequest, services: Services) -> AsyncGenerator[None]:
    """Around the work, in its transaction: raises `Replay` for a repeated request, remembers a first one's answer."""
    claim = await _claim(request)
    if claim is None:
        yield
        return
    answer = await services.idempotency.begin(claim)
    if answer is not None:
        raise Replay(answer)
    yield
    await services.idempotency.finish(claim, _given(request))


@asynccontextmanager
async def idempotent_after(request: AnyRequest, unit_of_work: UnitOfWork) -> AsyncGenerator[None]:
    """The same around work that has transactions of its own, none of which may be open all the while."""
    claim = await _claim(request)
    if claim is None:
        yield
        return
    async with unit_of_work.begin() as services:
        answer = await services.idempotency.reserve(claim)
    if answer is not None:
        raise Replay(answer)
    try:
        yield
    except Exception:
        # where the database is away, the key is free again by itself before long
        with suppress(Refusal):
            async with unit_of_work.begin() as services:
                await services.idempotency.release(claim)
        raise
    async with unit_of_work.begin() as services:
        await services.idempotency.finish(claim, _given(request))


def remember_answer(request: AnyRequest, answer: ASGIResponse) -> None:
    """Keep the answer at hand for as long as the request's transaction is open."""
    request.scope["state"][_ANSWER] = answer


def on_replay(_: AnyRequest, replay: Replay) -> Response[bytes]:
    """Answer again as the first time, and say so."""
    headers = dict(replay.answer.headers)
    media_type = headers.pop("content-type", None)
    return Response(
        replay.answer.body,
        status_code=replay.answer.status,
        media_type=media_type,
        headers={**headers, REPLAYED: "true"},
    )


async def _claim(request: AnyRequest) -> Claim | None:
    key = request.headers.get(HEADER)
    if request.method != "POST" or key is None:
        return None
    user = request.scope.get("user")
    caller = _stranger(request) if user is None else f"user:{user.id}"
    # the path and not its template, for the row it names is part of what is asked
    return Claim(f"{caller} {request.scope['path']}", key, await request.body())


def _stranger(request: AnyRequest) -> str:
    """Who sends what needs no access token: the address, which many share, and what tells one of them from another.

    Were it the address alone, a neighbour who guesses the key would be handed an answer that a cookie was asked for.
    """
    client = request.scope["client"]
    shown = (*request.headers.getall("authorization", []), request.cookies.get(REFRESH_COOKIE, ""))
    return f"address:{throttle_key(client[0]) if client else UNKNOWN} {json.dumps(shown)}"


def _given(request: AnyRequest) -> StoredAnswer:
    answer: ASGIResponse = request.scope["state"][_ANSWER]
    headers = [
        (name.decode("latin-1").lower(), value.decode("latin-1"))
        for name, value in answer.encode_headers()
        if name.lower() != b"content-length"
    ]
    return StoredAnswer(answer.status_code, headers, bytes(answer.body))
