"""What counts of rows that come and leave: what Python adds up, in numbers of any size."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.runtime.keyed.integers import Integers, whole, wide
from slac.runtime.keyed.lanes import Worth
from slac.runtime.keyed.log import Rows
from slac.runtime.keyed.moving import moving_counts, moving_sums
from slac.runtime.keyed.turns import turns

SIZE = 10
NUMBERS = st.integers(-(1 << 20), 1 << 20) | st.sampled_from([1 << 60, -(1 << 60), (1 << 61) - 1, 1 << 90])
ROW = st.tuples(st.integers(0, SIZE - 1), st.sampled_from([0, 1, 5, 1 << 31]), NUMBERS)
ROWS = st.lists(ROW, max_size=12).map(lambda rows: sorted(rows, key=lambda row: row[0]))


def rows_of(rows: list[tuple[int, int, int]], begin: int) -> Rows:
    """Instants from `begin` on, and slots."""
    times, slots = (np.array([row[n] for row in rows], np.int64) for n in (0, 1))
    return Rows(times + begin, slots, Worth())


def numbers_of(rows: list[tuple[int, int, int]]) -> Integers:
    """What the rows are worth, in the narrowest form that there is for it."""
    return whole(pl.Series([row[2] for row in rows], dtype=pl.Int128))


@settings(max_examples=150, deadline=None)
@given(ROWS, ROWS.filter(bool), NUMBERS)
def test_what_counts_is_exact(old: list[tuple[int, int, int]], new: list[tuple[int, int, int]], more: int) -> None:
    """At each row that comes, and at the end of each slot; those that leave at an instant have left before."""
    leaving, coming = rows_of(old, 0), rows_of(new, SIZE)
    found = turns(leaving, coming, SIZE)
    seen = found.places
    slots = found.slots.tolist()
    before = numbers_of([(0, 0, more)] * len(slots))

    counts, last = moving_counts(np.full(len(slots), 20), found, seen)
    sums, ends = moving_sums(before, numbers_of(old), numbers_of(new), found, seen)

    for n, (at, slot, _) in enumerate(new):
        gone = [row for row in old if row[1] == slot and row[0] <= at]
        came = [row for row in new[: n + 1] if row[1] == slot]
        assert counts[n] == 20 + len(came) - len(gone)
        assert wide(sums).series()[n] == more + sum(row[2] for row in came) - sum(row[2] for row in gone)
    for n, slot in enumerate(slots):
        gone, came = ([row for row in rows if row[1] == slot] for rows in (old, new))
        assert last[n] == 20 + len(came) - len(gone)
        assert wide(ends).series()[n] == more + sum(row[2] for row in came) - sum(row[2] for row in gone)
