"""Rate limits as guards of handlers, and what their answers tell of them."""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, cast

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
        limits = cast("Mapping[str, Limit]", connection.app.state.limits)
        throttle = cast("Throttle", connection.app.state.throttle)
        scope = cast("MutableMapping[str, Any]", connection.scope)
        counted = _counted(scope)
        key = _caller(scope, self.by)
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
    verdicts = _counted(cast("MutableMapping[str, Any]", scope)).values()
    if not verdicts:
        return []
    policies = [f'"{told.limit.name}";q={told.limit.quota};w={told.limit.window}' for told in verdicts]
    states = [
        f'"{told.limit.name}";r={told.remaining};t={told.reset_after if told.allowed else told.retry_after}'
        for told in verdicts
    ]
    return [
        (b"ratelimit-policy", ", ".join(policies).encode()),
        (b"ratelimit", ", ".join(states).encode()),
    ]


def _counted(scope: MutableMapping[str, Any]) -> dict[str, Verdict]:
    """The verdicts on this request so far, by the limit's name."""
    return scope.setdefault("state", {}).setdefault(_VERDICTS, {})


def _caller(scope: MutableMapping[str, Any], by: Literal["address", "user"]) -> str:
    user = getattr(scope.get("user"), "id", None) if by == "user" else None
    if user is not None:
        return f"user:{user}"
    client = scope.get("client")
    return f"address:{throttle_key(client[0]) if client else UNKNOWN}"
