import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.ordering import POSITION_MAX, aside, between, key_of, needs_rebalance, rebalanced, spread

LEAST = "A" + 26 * "0"
GREATEST = 27 * "z"


@pytest.mark.parametrize(
    ("after", "before", "key"),
    [
        # the vectors that David Greenspan's algorithm is published with
        (None, None, "a0"),
        (None, "a0", "Zz"),
        (None, "Zz", "Zy"),
        ("a0", None, "a1"),
        ("a1", None, "a2"),
        ("a0", "a1", "a0V"),
        ("a1", "a2", "a1V"),
        ("a0V", "a1", "a0l"),
        ("Zz", "a0", "ZzV"),
        ("Zz", "a1", "a0"),
        (None, "Y00", "Xzzz"),
        ("bzz", None, "c000"),
        ("a0", "a0V", "a0G"),
        ("a0", "a0G", "a08"),
        ("b125", "b129", "b127"),
        ("a0", "a1V", "a1"),
        ("Zz", "a01", "a0"),
        (None, "a0V", "a0"),
        (None, "b999", "b99"),
        (None, LEAST + "1", LEAST + "0V"),
        (GREATEST[:-1] + "y", None, GREATEST),
        (GREATEST, None, GREATEST + "V"),
        # and where they are silent
        (GREATEST, GREATEST + "V", GREATEST + "G"),
        (None, LEAST[:-1] + "1", LEAST + "V"),
        (LEAST + "V", LEAST[:-1] + "1", LEAST + "l"),
        ("a0", "a001", "a000V"),
        ("a0z", "a1", "a0zV"),
        ("a04", "a05", "a04V"),
        ("a04z", "a05", "a04zV"),
        ("a04", "a0504", "a05"),
    ],
)
def test_a_key_between_two_is_the_published_one(after: str | None, before: str | None, key: str) -> None:
    assert between(after, before) == key
    assert after is None or after < key
    assert before is None or key < before


@pytest.mark.parametrize(
    "key",
    [
        "",
        "a",
        "0",
        "00",
        "b1",
        "a00",
        "a0V0",
        "a0 ",
        "a0\n",
        "a-",
        "ä0",
        "a\u0661",
        "a\x00",
        LEAST,
        "a0" + "V" * POSITION_MAX,
    ],
)
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"position"):
        between(key, None)
    with pytest.raises(ValueError, match=r"position|order"):
        between("A" + "0" * 25 + "1", key)
    with pytest.raises(ValueError, match=r"position"):
        spread(2, None, key)


@pytest.mark.parametrize(("after", "before"), [("a1", "a0"), ("a0", "a0"), ("a0V", "a0")])
def test_nothing_lies_between_keys_in_the_wrong_order(after: str, before: str) -> None:
    with pytest.raises(ValueError, match="order"):
        between(after, before)
    with pytest.raises(ValueError, match="order"):
        spread(3, after, before)


@settings(deadline=None, max_examples=150)
@given(places=st.lists(st.floats(0, 1), max_size=120))
def test_rows_stay_in_the_order_in_which_they_were_put(places: list[float]) -> None:
    keys: list[str] = []
    for place in places:
        at = round(place * len(keys))
        keys.insert(at, between(keys[at - 1] if at else None, keys[at] if at < len(keys) else None))
    assert keys == sorted(set(keys), key=str.encode)
    assert all(len(key) <= POSITION_MAX for key in keys)


@settings(deadline=None, max_examples=60)
@given(seed=st.randoms(use_true_random=False), count=st.integers(0, 40))
def test_a_spread_lies_in_order_between_its_ends(seed: random.Random, count: int) -> None:
    keys = spread(30)
    for _ in range(10):
        at = seed.randrange(len(keys) + 1)
        after, before = keys[at - 1] if at else None, keys[at] if at < len(keys) else None
        new = spread(count, after, before)
        assert len(new) == count
        whole = [*([after] if after else []), *new, *([before] if before else [])]
        assert all(low < high for low, high in pairwise(whole))
        # halving spends a character on every five or six doublings
        assert max(map(len, new), default=0) <= max(len(after or ""), len(before or "")) + 2
        keys.insert(at, between(after, before))


def test_adding_at_an_end_all_the_time_leaves_keys_short() -> None:
    last = first = between(None, None)
    for _ in range(20_000):
        last, first = between(last, None), between(None, first)
    assert len(last) == len(first) == 4
    assert first < "a0" < last


@pytest.mark.parametrize("downwards", [True, False])
def test_a_gap_used_all_the_time_asks_for_fresh_keys_long_before_the_column_is_full(*, downwards: bool) -> None:
    low, high = "a0", "a1"
    inserted = 0
    while not needs_rebalance(key := between(low, high)):
        low, high = (low, key) if downwards else (key, high)
        inserted += 1
    assert inserted >= 300
    assert len(key) <= POSITION_MAX // 2 + 1


def is_whole(key: str) -> bool:
    """Whether it has as many digits as its first letter tells and no more."""
    letters = "ZYXWVUTSRQPONMLKJIHGFEDCBA", "abcdefghijklmnopqrstuvwxyz"
    return any(key[0] in row and len(key) == row.index(key[0]) + 2 for row in letters)


@settings(deadline=None, max_examples=150)
@given(numbers=st.lists(st.integers(-(2**80), 2**100), min_size=1, max_size=6), places=st.lists(st.floats(0, 1)))
def test_a_key_beside_those_of_new_rows_is_none_that_a_new_row_may_get(numbers: list[int], places: list[float]) -> None:
    keys = sorted(key_of(number) for number in {*numbers, *(number + 1 for number in numbers)})
    for place in places:
        at = round(place * len(keys))
        after, before = keys[at - 1] if at else None, keys[at] if at < len(keys) else None
        key = aside(after, before)
        assert (after or "") < key < (before or "~")
        assert not is_whole(key)
        keys.insert(at, key)


@pytest.mark.parametrize(
    ("after", "before", "key"),
    [
        (None, None, "ZzV"),
        ("a0", None, "a1V"),
        ("a1V", None, "a2V"),
        (None, "a0", "ZyV"),
        (None, "ZyV", "ZxV"),
        ("a0", "a1", "a0V"),
        ("a0", "a2", "a0V"),
        ("a0V", "a2", "a0l"),
        ("a0", "a1V", "a0V"),
        ("b125", "b129", "b127"),
    ],
)
def test_a_key_aside_is_no_whole_number_and_at_the_ends_grows_no_longer(
    after: str | None, before: str | None, key: str
) -> None:
    assert aside(after, before) == key


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_key_is_at_most_one_character_longer_than_its_neighbours(data: st.DataObject) -> None:
    heads = st.sampled_from(["Zz", "a0", "a1", "b00", GREATEST])
    fractions = st.text("019AVZaz", max_size=8).map(lambda digits: digits.rstrip("0"))
    keys = st.tuples(heads, fractions).map("".join)
    low, high = sorted(data.draw(st.lists(keys, min_size=2, max_size=2, unique=True)))
    key = between(low, high)
    assert low < key < high
    assert len(key) <= max(len(low), len(high)) + 1


def test_fresh_keys_are_short_and_can_all_lie_behind_those_in_use() -> None:
    assert rebalanced(4) == ["a0", "a1", "a2", "a3"]
    assert rebalanced(0) == []
    worn = between("a0", "a1")
    while not needs_rebalance(worn):
        worn = between(worn, "a1")
    fresh = rebalanced(1_000, worn)
    assert fresh == sorted(set(fresh))
    assert worn < fresh[0]
    assert max(map(len, fresh)) <= 3
