"""Which traces have ended: the latest end of each key, whatever else is known."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.runtime.operator import BEGINNING
from slac.runtime.traces.known import Ended

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
