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
"""Where the verdicts on a request are, by their limits' names."""


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
        counted: dict[str, Verdict] = scope["state"].setdefault(_VERDICTS, {})
        key = _caller(scope, self.by)
        verdicts = await throttle.hit_all([(limits[name], key) for name in self.names if name not in counted])
        counted.update((verdict.limit.name, verdict) for verdict in verdicts)
        waits = [verdict.retry_after for verdict in verdicts if not verdict.allowed]
        if waits:
            raise TooManyRequests(retry_after=max(waits))

    def passes(self, scope: Any) -> bool:
        """Count the request where that can be done at once, and tell whether it was."""
        requested = scope["state"]
        if len(self.names) != 1 or _VERDICTS in requested:
            return False
        state = scope["litestar_app"].state
        limit: Limit = state["limits"][self.names[0]]
        throttle: Throttle = state["throttle"]
        verdict = throttle.spend(limit, _caller(scope, self.by))
        if verdict is None:
            return False
        requested[_VERDICTS] = {limit.name: verdict}
        return True


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
    verdicts: dict[str, Verdict] | None = scope["state"].get(_VERDICTS)
    if not verdicts:
        return []
    policies = states = b""
    for limit, allowed, remaining, retry_after, reset_after in verdicts.values():
        name, policy = _told(limit.name, limit.quota, limit.window)
        state = b"%b;r=%d;t=%d" % (name, remaining, reset_after if allowed else retry_after)
        # there is nearly always but one
        policies, states = (policies + b", " + policy, states + b", " + state) if policies else (policy, state)
    return [(b"ratelimit-policy", policies), (b"ratelimit", states)]


@cache
def _told(name: str, quota: int, window: int) -> tuple[bytes, bytes]:
    """A limit's name and its policy."""
    return f'"{name}"'.encode(), f'"{name}";q={quota};w={window}'.encode()


def _caller(scope: Scope, by: Literal["address", "user"]) -> str:
    if by == "user" and (user := scope.get("user")) is not None:
        # of whom there is a token, it is written there once
        token = scope.get("auth")
        return f"user:{user.id}" if token is None else token.caller
    client = scope.get("client")
    return f"address:{throttle_key(client[0]) if client else UNKNOWN}"
