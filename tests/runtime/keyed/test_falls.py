"""Behind which rows the greatest code of their slot falls, told from the back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.aggregation.peaks import LOWEST
from slac.runtime.keyed import falls
from slac.runtime.keyed.falls import Falls, falls_of

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6)), min_size=1, max_size=40)


@given(rows=ROWS, cut=st.integers(0, 40), first=st.integers(1, 5))
@settings(max_examples=80, deadline=None)
def test_what_is_left_is_the_greatest_of_all_that_follow(rows: list[tuple[int, int]], cut: int, first: int) -> None:
    """In whatever pieces rows are looked at, whatever has left: where none falls, all that there was is left."""
    slots, codes = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    known = np.full(4, LOWEST, np.int64)
    middle = min(cut, len(rows) - 1)
    parts = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(falls, "_FIRST", first)
        for begin, end in ((middle, len(rows)), (0, middle)):
            if begin < end:
                parts.append(falls_of(codes[begin:end], slots[begin:end], known).moved(begin))
    found = Falls.joined(parts[::-1])
    assert (np.diff(found.places) > 0).all()
    assert (slots[found.places] == found.slots).all()
    whole = [max((c for s, c in rows if s == slot), default=LOWEST) for slot in range(4)]
    assert known.tolist() == whole
    for gone in range(len(rows) + 1):
        left = [max((c for s, c in rows[gone:] if s == slot), default=LOWEST) for slot in range(4)]
        every = np.arange(4)
        assert found.left_of(every, np.full(4, gone), np.array(whole)).tolist() == left
        stepped = np.array(whole)
        part = found.between(0, gone)
        stepped[part.slots] = part.left
        assert stepped.tolist() == left


def test_only_few_rows_are_told() -> None:
    """Those that are greater than all that follow: the others may leave unseen."""
    rows = 20_000
    found = falls_of(np.random.default_rng(7).permutation(rows), np.arange(rows) % 10, np.full(10, LOWEST, np.int64))
    assert len(found) < 200
