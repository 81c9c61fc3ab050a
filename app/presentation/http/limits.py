"""Rate limits as guards of handlers, and what their answers tell of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, TypeAlias

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from app.domain.errors import TooManyRequests
from app.domain.ports import Limit, Throttle, Verdict
from app.presentation.http.proxies import UNKNOWN, throttle_key

Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]

_VERDICTS = "rate_limits"


@dataclass(frozen=True, slots=True)
class Limited:
    """A guard that counts the request under every limit of these names, or under none if one of them refuses.

    The limits stand in `app.state.limits` by name, the throttle in `app.state.throttle`. By user is by the
    authenticated actor's id, and by the client's address where there is none. A limit under which an outer
    guard has counted the request does not count it again. Raises `TooManyRequests`.
    """

    names: tuple[str, ...]
    by: Literal["address", "user"]

    async def __call__(self, connection: Connection, _: BaseRouteHandler) -> None:
        """Count the request."""
        scope: Any = connection.scope
        state = scope["litestar_app"].state
        limits: Mapping[str, Limit] = state["limits"]
        throttle: Throttle = state["throttle"]
        counted = _counted(scope)
        key = _caller(scope, self.by)
        if len(self.names) == 1 and not counted:
            limit = limits[self.names[0]]
            verdict = counted[limit.name] = throttle.spend(limit, key) or await throttle.hit(limit, key)
            if not verdict.allowed:
                raise TooManyRequests(retry_after=verdict.retry_after)
            return
        verdicts = await throttle.hit_all([(limits[name], key) for name in self.names if name not in counted])
        counted.update((verdict.limit.name, verdict) for verdict in verdicts)
        waits = [verdict.retry_after for verdict in verdicts if not verdict.allowed]
        if waits:
            raise TooManyRequests(retry_after=max(waits))


def limited(*names: str, by: Literal["address", "user"] = "address") -> Limited:
    """The guard for limits of these names."""
    return Limited(names, by)


ORDINARY: Final = limited("api", by="user")
"""The guard of all routes that are not about signing in."""


def rate_limit_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """RateLimit-Policy and RateLimit of all limits that counted the request; nothing where none did.

    `t` is in seconds: until the quota is whole, or for a limit that refused until it lets the next request
    pass, as Retry-After has it (draft-ietf-httpapi-ratelimit-headers).
    """
    verdicts = _counted(scope).values()
    if not verdicts:
        return []
    policies: list[bytes] = []
    states: list[bytes] = []
    for limit, allowed, remaining, retry_after, reset_after in verdicts:
        policies.append(_policy(limit.name, limit.quota, limit.window))
        states.append(b"%b;r=%d;t=%d" % (_quoted(limit.name), remaining, reset_after if allowed else retry_after))
    return [(b"ratelimit-policy", b", ".join(policies)), (b"ratelimit", b", ".join(states))]


@cache
def _quoted(name: str) -> bytes:
    return f'"{name}"'.encode()


@cache
def _policy(name: str, quota: int, window: int) -> bytes:
    return f'"{name}";q={quota};w={window}'.encode()


def _counted(scope: Scope) -> dict[str, Verdict]:
    """The verdicts on this request so far, by the limit's name."""
    return scope.setdefault("state", {}).setdefault(_VERDICTS, {})


def _caller(scope: Scope, by: Literal["address", "user"]) -> str:
    if by == "user" and (user := scope.get("user")) is not None:
        # the token has the user's id as text
        token = scope.get("auth")
        return f"user:{user.id if token is None else token.sub}"
    client = scope.get("client")
    return f"address:{throttle_key(client[0]) if client else UNKNOWN}"
