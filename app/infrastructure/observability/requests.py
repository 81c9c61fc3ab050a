"""Each request as one line of the log and one point of the figures."""

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from prometheus_client import Counter, Histogram

REQUESTS: Final = Counter("evenstar_http_requests", "Requests answered.", ["method", "route", "status"])
SECONDS: Final = Histogram(
    "evenstar_http_request_seconds",
    "Time to answer, in seconds.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_logger = logging.getLogger("app.requests")


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is known of a request once it is answered; nothing in it is a secret or a person's text.

    `route` is the path's template, empty where there is none: paths hold what clients make up.
    """

    method: str
    route: str
    status: int
    seconds: float
    request_id: str
    user_id: str | None


def record(exchange: Exchange) -> None:
    """Count and log the request; health checks are too many to be logged unless they fail."""
    method = exchange.method if exchange.method in _METHODS else "other"
    REQUESTS.labels(method, exchange.route, exchange.status).inc()
    SECONDS.labels(method, exchange.route).observe(exchange.seconds)
    if exchange.route.startswith("/health") and exchange.status < HTTPStatus.BAD_REQUEST:
        return
    _logger.info(
        "request",
        extra={
            "method": method,
            "route": exchange.route,
            "status": exchange.status,
            "duration_ms": round(exchange.seconds * 1000, 2),
            "request_id": exchange.request_id,
            "user_id": exchange.user_id,
        },
    )
