"""Each request as one line of the log and one point of the figures."""

import logging
from dataclasses import dataclass
from functools import cache
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

REQUEST_LOGGER: Final = "app.requests"
FIELDS: Final = ("method", "route", "status", "duration_ms", "request_id", "user_id")
"""What a line of the log tells of a request."""

# by what they count: methods, templates and statuses are few
_counter: Final = cache(REQUESTS.labels)
_histogram: Final = cache(SECONDS.labels)

_LINE: Final = {"name": REQUEST_LOGGER, "msg": "request", "levelno": logging.INFO, "levelname": "INFO"}
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_logger = logging.getLogger(REQUEST_LOGGER)


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
    _counter(method, exchange.route, exchange.status).inc()
    _histogram(method, exchange.route).observe(exchange.seconds)
    if exchange.route.startswith("/health") and exchange.status < HTTPStatus.BAD_REQUEST:
        return
    if _logger.isEnabledFor(logging.INFO):
        # made by hand: to find out which line of ours wrote it, as loggers do, would cost more than to write it
        fields = (method, exchange.route, exchange.status, round(exchange.seconds * 1000, 2))
        told = dict(zip(FIELDS, (*fields, exchange.request_id, exchange.user_id), strict=True))
        _logger.handle(logging.makeLogRecord({**_LINE, **told}))
