import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis

from app.domain.ports import MAX_QUOTA, MAX_WINDOW, Limit, Verdict
from app.infrastructure.cache.gcra import SCRIPT, LocalBuckets, capacity, interval, judge, script_arguments
from tests.infrastructure.cache.valkey import running_valkey

SECOND = 1_000_000
NOW = 1_900_000_000 * SECOND
"""A Friday in 2030, in microseconds."""


class Counter(Protocol):
    """Either of the two implementations, at an instant of the test's choice."""

    def reset(self) -> None: ...

    def hit_all(self, now: int, hits: Sequence[tuple[Limit, str]], cost: int) -> list[Verdict]: ...


class InThisProcess:
    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._now = 0
        self._buckets = LocalBuckets(clock=lambda: self._now * 1000)

    def hit_all(self, now: int, hits: Sequence[tuple[Limit, str]], cost: int) -> list[Verdict]:
        self._now = now
        return self._buckets.hit_all(hits, cost=cost)


class InValkey:
    """The script as it ships, but for its first line: there the test tells the time."""

    def __init__(self, client: "Redis") -> None:
        clock = "local time = redis.call('TIME')"
        assert SCRIPT.count("'TIME'") == SCRIPT.count(clock) == 1
        self._script = client.register_script(SCRIPT.replace(clock, "local time = {ARGV[#ARGV - 1], ARGV[#ARGV]}"))
        self._client = client

    def reset(self) -> None:
        self._client.flushdb()

    def hit_all(self, now: int, hits: Sequence[tuple[Limit, str]], cost: int) -> list[Verdict]:
        keys = [f"{limit.name}:{key}" for limit, key in hits]
        arguments = [*script_arguments(hits, cost), *divmod(now, SECOND)]
        return judge(hits, cast("list[int]", self._script(keys=keys, args=arguments)), cost)


@dataclass
class Model:
    """The promise in other words: a bucket of `quota` tokens, each `interval` brings one, in exact fractions."""

    tokens: dict[tuple[Limit, str], Fraction] = field(default_factory=dict[tuple[Limit, str], Fraction])
    last: int = NOW

    def hit_all(self, now: int, hits: Sequence[tuple[Limit, str]], cost: int) -> list[Verdict]:
        for (limit, key), tokens in self.tokens.items():
            self.tokens[limit, key] = min(Fraction(limit.quota), tokens + Fraction(now - self.last, interval(limit)))
        self.last = now
        before = [self.tokens.get(hit, Fraction(hit[0].quota)) for hit in hits]
        passes = all(tokens >= cost for tokens in before)
        return [self._verdict(hit, tokens, cost, passes=passes) for hit, tokens in zip(hits, before, strict=True)]

    def _verdict(self, hit: tuple[Limit, str], before: Fraction, cost: int, *, passes: bool) -> Verdict:
        limit = hit[0]
        after = before - cost if passes else before
        self.tokens[hit] = after
        allowed = before >= cost
        missing = max((1 if allowed else cost) - after, Fraction(0))
        return Verdict(
            limit=limit,
            allowed=allowed,
            remaining=math.floor(after),
            retry_after=math.ceil(min(missing, limit.quota) * interval(limit) / SECOND),
            reset_after=math.ceil((limit.quota - after) * interval(limit) / SECOND),
        )


@pytest.fixture(scope="module", params=["in this process", "in Valkey"])
def counter(request: pytest.FixtureRequest) -> Iterator[Counter]:
    if request.param == "in this process":
        yield InThisProcess()
    else:
        with running_valkey() as valkey, Redis.from_url(valkey.url) as client:
            yield InValkey(client)


# A key lives as long as its debt in real time, whatever time the test tells: no interval is so short that an
# example could outlast it.
def _limit(name: str, quota: int, seconds: int) -> Limit:
    return Limit(name, quota, min(quota * seconds, 86_400))


limits = st.builds(
    _limit,
    st.sampled_from(["login", "login_hour", "register"]),
    st.one_of(st.just(1), st.integers(1, 300)),
    st.integers(30, 86_400),
)
steps = st.tuples(
    st.one_of(st.integers(0, 90_000 * SECOND), st.integers(0, 60 * SECOND), st.just(0)),
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from("ab")), min_size=1, max_size=3, unique=True),
    st.one_of(st.just(1), st.integers(1, 400)),
)


@settings(deadline=None, max_examples=150)
@given(
    limits=st.lists(limits, min_size=3, max_size=3, unique_by=lambda limit: limit.name),
    steps=st.lists(steps, max_size=25),
)
def test_every_sequence_of_hits_gets_the_verdicts_of_the_model(
    counter: Counter, limits: list[Limit], steps: list[tuple[int, list[tuple[int, str]], int]]
) -> None:
    counter.reset()
    model, now = Model(), NOW
    for pause, targets, cost in steps:
        now += pause
        hits = [(limits[index], key) for index, key in targets]
        assert counter.hit_all(now, hits, cost) == model.hit_all(now, hits, cost)


@settings(deadline=None, max_examples=100)
@given(limit=limits, data=st.data())
def test_waiting_as_told_lets_the_request_pass(counter: Counter, limit: Limit, data: st.DataObject) -> None:
    counter.reset()
    cost = data.draw(st.integers(1, limit.quota))
    now = NOW
    for _ in range(limit.quota // cost):
        verdict = counter.hit_all(now, [(limit, "a")], cost)[0]
        assert verdict.allowed
    refused = counter.hit_all(now, [(limit, "a")], limit.quota)[0]
    assert not refused.allowed
    assert 0 < refused.retry_after <= refused.reset_after <= limit.window + 1
    # A second is what the answer can say; just under it less, the request is still refused.
    early = now + (refused.retry_after - 1) * SECOND
    assert not counter.hit_all(early, [(limit, "a")], limit.quota)[0].allowed
    assert counter.hit_all(now + refused.retry_after * SECOND, [(limit, "a")], limit.quota)[0].allowed


@pytest.mark.parametrize(("quota", "window"), [(1, 1), (1, 86_400), (7, 60), (300, 3600), (1_000_000, 86_400)])
def test_a_whole_quota_passes_at_once_and_not_one_more(counter: Counter, quota: int, window: int) -> None:
    counter.reset()
    limit = Limit("login", quota, window)
    assert counter.hit_all(NOW, [(limit, "a")], quota)[0] == Verdict(
        limit,
        allowed=True,
        remaining=0,
        retry_after=-(-interval(limit) // SECOND),
        reset_after=-(-capacity(limit) // SECOND),
    )
    assert not counter.hit_all(NOW, [(limit, "a")], 1)[0].allowed
    assert not counter.hit_all(NOW + interval(limit) - 1, [(limit, "a")], 1)[0].allowed
    assert counter.hit_all(NOW + interval(limit), [(limit, "a")], 1)[0].allowed


@given(quota=st.integers(1, MAX_QUOTA), window=st.integers(1, MAX_WINDOW))
def test_no_rounding_lets_more_pass_than_promised(quota: int, window: int) -> None:
    assert 0 <= capacity(Limit("login", quota, window)) - window * SECOND < quota


def test_a_cost_above_the_quota_never_passes_and_takes_nothing(counter: Counter) -> None:
    counter.reset()
    limit = Limit("login", 10, 60)
    refused = counter.hit_all(NOW, [(limit, "a")], 11)[0]
    assert refused == Verdict(limit, allowed=False, remaining=10, retry_after=6, reset_after=0)
    assert counter.hit_all(NOW, [(limit, "a")], 10)[0].allowed
    assert 0 < counter.hit_all(NOW, [(limit, "a")], 10**6)[0].retry_after <= 60


def test_a_refusal_by_one_limit_takes_nothing_from_the_others(counter: Counter) -> None:
    counter.reset()
    minute, hour = Limit("login", 2, 60), Limit("login_hour", 100, 3600)
    for _ in range(2):
        counter.hit_all(NOW, [(minute, "a"), (hour, "a")], 1)
    for _ in range(50):
        refused, untouched = counter.hit_all(NOW, [(minute, "a"), (hour, "a")], 1)
        assert (refused.allowed, refused.remaining) == (False, 0)
        assert (untouched.allowed, untouched.remaining) == (True, 98)


def test_a_clock_set_back_locks_nobody_out_for_longer_than_a_window(counter: Counter) -> None:
    counter.reset()
    limit = Limit("login", 10, 60)
    counter.hit_all(NOW, [(limit, "a")], 10)
    refused = counter.hit_all(NOW - 86_400 * SECOND, [(limit, "a")], 1)[0]
    assert not refused.allowed
    assert refused.retry_after == 6
    assert counter.hit_all(NOW - 86_394 * SECOND, [(limit, "a")], 1)[0].allowed


def test_a_limit_made_smaller_locks_nobody_out_for_longer_than_its_window(counter: Counter) -> None:
    counter.reset()
    counter.hit_all(NOW, [(Limit("login", 100, 3600), "a")], 100)
    smaller = Limit("login", 5, 60)
    refused = counter.hit_all(NOW, [(smaller, "a")], 1)[0]
    assert (refused.allowed, refused.remaining, refused.retry_after) == (False, 0, 12)
    assert counter.hit_all(NOW + 12 * SECOND, [(smaller, "a")], 1)[0].allowed


def test_this_process_remembers_the_last_ten_thousand_keys_only() -> None:
    buckets, limit = LocalBuckets(), Limit("login", 1, 86_400)
    buckets.hit_all([(limit, "loud")])
    for number in range(30_000):
        buckets.hit_all([(limit, f"address-{number}")])
        if number % 5_000 == 0:
            assert not buckets.hit_all([(limit, "loud")])[0].allowed, "who keeps asking is not forgotten"
    assert len(buckets) == 10_000
    assert buckets.hit_all([(limit, "address-0")])[0].allowed
    assert not buckets.hit_all([(limit, "address-29999")])[0].allowed
    assert len(buckets) == 10_000


def test_refused_strangers_take_no_place_in_the_memory() -> None:
    buckets, limit = LocalBuckets(), Limit("login", 2, 60)
    for number in range(100):
        buckets.hit_all([(limit, f"address-{number}")], cost=3)
    assert len(buckets) == 0
