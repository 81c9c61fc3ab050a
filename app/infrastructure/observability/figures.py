"""How many requests were answered, and how fast: counted here, and made into figures when Prometheus asks.

The client's own counters take a lock for each of the three numbers that a request changes. Here only the event loop's
thread counts.
"""

import time
from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate
from math import inf
from typing import Final

from prometheus_client import REGISTRY, Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

REQUESTS: Final = "evenstar_http_requests"
SECONDS: Final = "evenstar_http_request_seconds"
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, inf)
"""The most seconds that each of them holds."""

_BOUNDS: Final = [str(most) if most < inf else "+Inf" for most in BUCKETS]


class _Times:
    __slots__ = ("began", "buckets", "total")

    def __init__(self) -> None:
        self.began = time.time()
        self.buckets = [0] * len(BUCKETS)
        self.total = 0.0


class _Answers:
    __slots__ = ("began", "count", "times")

    def __init__(self, times: _Times) -> None:
        self.began = time.time()
        self.count = 0
        self.times = times


class RequestFigures(Collector):
    """Counts by method, route and status, and times by method and route."""

    def __init__(self) -> None:
        self._times: dict[tuple[str, str], _Times] = {}
        self._answers: dict[tuple[str, str, int], _Answers] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request more."""
        answers = self._answers.get((method, route, status))
        if answers is None:
            times = self._times.setdefault((method, route), _Times())
            answers = self._answers[method, route, status] = _Answers(times)
        answers.count += 1
        times = answers.times
        times.total += seconds
        times.buckets[bisect_left(BUCKETS, seconds)] += 1

    def collect(self) -> Iterable[Metric]:
        """The figures as the client's own counter and histogram would have them."""
        requests = CounterMetricFamily(REQUESTS, "Requests answered.", labels=("method", "route", "status"))
        for (method, route, status), answers in self._answers.copy().items():
            requests.add_metric((method, route, str(status)), answers.count, created=answers.began)
        seconds = HistogramMetricFamily(SECONDS, "Time to answer, in seconds.", labels=("method", "route"))
        for (method, route), times in self._times.copy().items():
            bounds = list(zip(_BOUNDS, accumulate(times.buckets), strict=True))
            seconds.add_metric((method, route), bounds, times.total)
            seconds.add_sample(f"{SECONDS}_created", {"method": method, "route": route}, times.began)
        return [requests, seconds]


FIGURES: Final = RequestFigures()
REGISTRY.register(FIGURES)
