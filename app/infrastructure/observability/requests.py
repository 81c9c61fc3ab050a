"""Each request as one line of the log and one point of the figures."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import msgspec

from app.infrastructure.observability.figures import FIGURES

REQUEST_LOGGER: Final = "app.requests"
FIELDS: Final = ("method", "route", "status", "duration_ms", "request_id", "user_id")
"""What a line of the log tells of a request."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_logger = logging.getLogger(REQUEST_LOGGER)


class Observation(msgspec.Struct, frozen=True, gc=False):
    """What is known of a request once it is answered; nothing in it is a secret or a person's text.

    `route` is the path's template, empty where there is none: paths hold what clients make up.
    """

    method: str
    route: str
    status: int
    seconds: float
    request_id: str
    user_id: str | None


class _Log:
    """Where the lines about requests go: to the logger, unless somebody takes them as they are."""

    take: Callable[[tuple[object, ...]], None] | None = None


def take_requests(take: Callable[[tuple[object, ...]], None] | None) -> None:
    """Have `FIELDS` of each request given to `take`, which costs a fifth of a record; None for the logger."""
    _Log.take = take


def record(observation: Observation) -> None:
    """Count and log the request; health checks are too many to be logged unless they fail."""
    method = observation.method if observation.method in _METHODS else "other"
    route, status = observation.route, observation.status
    FIGURES.count(method, route, status, observation.seconds)
    if (route.startswith("/health") and status < HTTPStatus.BAD_REQUEST) or not _logger.isEnabledFor(logging.INFO):
        return
    # to a hundredth of a millisecond
    told = (
        method,
        route,
        status,
        round(observation.seconds * 100_000) / 100,
        observation.request_id,
        observation.user_id,
    )
    if _Log.take is None:
        _logger.info("request", extra=dict(zip(FIELDS, told, strict=True)))
    else:
        _Log.take(told)
