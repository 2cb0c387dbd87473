"""Which traces have ended: the latest end of each key, whatever else is known."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.runtime.operator import BEGINNING
from slac.runtime.traces.known import Ended
from slac.stream.ids import hash_columns

# Keys that differ in their last bits only, and such that have nothing in common.
KEYS = st.sampled_from([0, 1, 2, 3, 1 << 63, (1 << 64) - 1]) | st.integers(0, (1 << 64) - 1)
WAVES = st.lists(st.lists(st.tuples(KEYS, st.integers(0, 9)), max_size=20), max_size=6)


@settings(max_examples=80, deadline=None)
@given(WAVES, st.lists(KEYS, max_size=20))
def test_the_latest_end_of_each_key_is_found(waves: list[list[tuple[int, int]]], asked: list[int]) -> None:
    """Keys may come again in one wave or in several, and stand in any order."""
    ended, latest = Ended(), dict[int, int]()
    for wave in waves:
        ended.add(np.array([k for k, _ in wave], np.uint64), np.array([t for _, t in wave], np.int64))
        for key, time in wave:
            latest[key] = max(latest.get(key, BEGINNING), time)
    keys = [*asked, *latest]

    found = ended.latest(np.array(keys, np.uint64))

    assert found.tolist() == [latest.get(key, BEGINNING) for key in keys]


INTEGERS = st.integers(0, 40) | st.integers(20_000, 20_010) | st.sampled_from([-(1 << 63), (1 << 63) - 1, -1])
STEPS = st.lists(
    st.tuples(
        st.lists(st.tuples(INTEGERS, st.integers(0, 9)), max_size=20), st.sampled_from(["", "forget", "restart"])
    ),
    max_size=8,
)


@settings(max_examples=120, deadline=None)
@given(STEPS, st.lists(INTEGERS, max_size=20))
def test_integers_are_known_however_they_lie(waves: list[tuple[list[tuple[int, int]], str]], asked: list[int]) -> None:
    """Side by side or far apart, with restarts, which know hashes only; what is forgotten is that which is too old."""
    ended, latest = Ended(), dict[int, int]()
    for wave, then in waves:
        keys = np.array([k for k, _ in wave], np.int64)
        ended.add(hashed(keys), np.array([t for _, t in wave], np.int64), keys)
        for key, time in wave:
            latest[key] = max(latest.get(key, BEGINNING), time)
        if then == "forget":
            ended._crowded = 0
            ended.forget(5)
            latest = {key: time for key, time in latest.items() if time >= 5}
        if then == "restart":
            held, ended = ended.frame(), Ended()
            assert held["key"].n_unique() == len(latest)
            ended.restore(held)
        assert len(ended) >= len(latest)
    keys = np.array([*asked, *latest], np.int64)

    assert ended.latest(hashed(keys), keys).tolist() == [latest.get(key, BEGINNING) for key in keys.tolist()]


def hashed(keys: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """As waves hash keys."""
    return hash_columns(pl.DataFrame({"k": keys}), ["k"], 0).to_numpy()
