"""Extremes of segments and of stretches: what Python's `max` says."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.aggregation.peaks import LOWEST
from slac.runtime.keyed.grouping import stable_order
from slac.runtime.keyed.segments import (
    Segments,
    cumulative_peaks,
    following_peaks_above,
    last_of_runs,
    peaks_above,
    ranged_peaks,
)
from slac.stream.order import order_of_ids

CODES = st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(CODES, st.data())
def test_peaks_of_segments(values: list[int], data: st.DataObject) -> None:
    """Before and behind each place, within its segment."""
    begins = np.array([True, *(data.draw(st.booleans()) for _ in values[1:])])
    segments, codes = Segments.at(begins), np.array(values)
    bounds = [(segments.starts[s], segments.ends[s]) for s in segments.of]

    floors = np.array([data.draw(st.sampled_from([LOWEST, max(values) - 1, *values])) for _ in segments.starts])
    least = [floors[s] for s in segments.of]

    before, above = cumulative_peaks(codes, segments), peaks_above(codes, floors, segments)
    behind = following_peaks_above(codes, floors, segments)

    assert before.tolist() == [max(values[a : i + 1]) for i, (a, _) in enumerate(bounds)]
    assert above.tolist() == np.maximum(before, least).tolist()
    assert behind.tolist() == [max(least[i], *values[i : b + 1]) for i, (_, b) in enumerate(bounds)]


def test_peaks_of_long_segments() -> None:
    """Many places, of one key mostly, among short segments."""
    lengths = [1, 3, 900, 2, 1, 257, 256, 40]
    codes = (np.arange(sum(lengths)) * 7919) % 1013
    segments = Segments.of_sorted(np.repeat(np.arange(len(lengths)), lengths))

    cut = np.split(np.arange(len(codes)), segments.starts[1:])
    for floor in (LOWEST, 900, 1011):
        floors = np.full(len(lengths), floor)
        before, behind = peaks_above(codes, floors, segments), following_peaks_above(codes, floors, segments)

        assert before.tolist() == [max(floor, codes[each[0] : i + 1].max()) for each in cut for i in each]
        assert behind.tolist() == [max(floor, codes[i : each[-1] + 1].max()) for each in cut for i in each]


@settings(max_examples=60, deadline=None)
@given(CODES, st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=10))
def test_peaks_of_stretches(values: list[int], pairs: list[tuple[int, int]]) -> None:
    """Any stretch."""
    spans = [sorted((a % len(values), b % len(values))) for a, b in pairs]
    low, high = (np.array([s[n] for s in spans], np.int64) for n in (0, 1))

    assert ranged_peaks(np.array(values), low, high).tolist() == [max(values[a : b + 1]) for a, b in spans]


@given(st.lists(st.integers(0, 1 << 20) | st.integers(0, 3), min_size=1))
def test_slots_keep_their_order(slots: list[int]) -> None:
    """Sorting by slot is stable, for slots beyond 16 bits, too."""
    assert stable_order(np.array(slots)).tolist() == sorted(range(len(slots)), key=lambda i: slots[i])


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7) | st.integers(0, (1 << 64) - 1)), min_size=1))
def test_order_by_time_and_id(rows: list[tuple[int, int]]) -> None:
    """Also where ids differ only in the bits that are cut off."""
    rows = sorted(rows, key=lambda row: row[0])
    times, ids = np.array([r[0] for r in rows]), np.array([r[1] for r in rows], np.uint64)
    order = order_of_ids(times, ids)

    assert [rows[i] for i in order] == sorted(rows)


def test_the_last_of_a_run() -> None:
    """Each place is told the end of its run."""
    assert last_of_runs(np.array([False, True, True, False, False, True])).tolist() == [1, 1, 2, 5, 5, 5]
