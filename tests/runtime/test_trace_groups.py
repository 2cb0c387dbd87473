"""Groups of rows, and which traces have ended, against plain Python."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from slac.runtime.operator import BEGINNING
from slac.runtime.traces.groups import Groups
from slac.runtime.traces.known import Ended, meeting

COUNTS = st.lists(st.integers(1, 4), min_size=1, max_size=6)


@given(COUNTS, st.data(), st.sampled_from([9, 1 << 61]))
def test_running_values_begin_anew_with_each_group(counts: list[int], data: st.DataObject, top: int) -> None:
    """Highest and sum so far, also where group and value do not fit into one number."""
    groups = Groups.sized(np.array(counts))
    values = np.array(data.draw(st.lists(st.integers(0, 9), min_size=sum(counts), max_size=sum(counts))))
    pieces = np.split(values, groups.first[1:])

    assert groups.running_max(values, top).tolist() == [max(p[: i + 1]) for p in pieces for i in range(len(p))]
    assert groups.running_sum(values).tolist() == [sum(p[: i + 1]) for p in pieces for i in range(len(p))]
    assert groups.position().tolist() == [i for p in pieces for i in range(len(p))]


@given(st.lists(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 50)), max_size=6), max_size=8))
def test_the_latest_end_of_a_trace_is_known(waves: list[list[tuple[int, int]]]) -> None:
    """However many ends came together, and through a snapshot."""
    ended, expected = Ended(), dict.fromkeys(range(10), BEGINNING)
    for wave in waves:
        keys, times = [k for k, _ in wave], [t for _, t in wave]
        ended.add(np.array(keys, np.uint64), np.array(times, np.int64))
        for key, time in wave:
            expected[key] = max(expected[key], time)
    again = Ended()
    again.restore(ended.frame())

    asked = np.arange(10, dtype=np.uint64)
    assert ended.latest(asked).tolist() == again.latest(asked).tolist() == list(expected.values())


def test_what_ended_long_ago_is_forgotten() -> None:
    """Once so much is known that it is worth looking."""
    ended = Ended()
    ended.add(np.arange(5000, dtype=np.uint64), np.arange(5000))
    ended.forget(4000)

    assert len(ended) == 1000


@given(st.sets(st.integers(0, (1 << 64) - 1), min_size=1, max_size=9), st.data())
def test_few_keys_are_found_among_many(hashes: set[int], data: st.DataObject) -> None:
    """Where each stands, also beside others that begin with the same bits."""
    among = data.draw(st.permutations(sorted(hashes | {h ^ 1 for h in hashes})))
    keys = data.draw(st.lists(st.sampled_from(sorted(hashes | {h ^ 2 for h in hashes})), unique=True))
    found = meeting(np.array(keys, np.uint64), np.array(among, np.uint64))

    assert found.tolist() == [among.index(k) if k in among else -1 for k in keys]
