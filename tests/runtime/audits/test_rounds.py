"""Rounds: the k-th row of every key that can make a difference."""

from __future__ import annotations

import numpy as np

from slac.runtime.audits.rounds import rounds
from slac.runtime.operator import BEGINNING


def test_rows_that_repeat_a_condition_are_left_out() -> None:
    """Unless the key was forgotten before them; the row before is told even when it was left out."""
    slots = np.array([0, 1, 0, 0, 0, 1, 0])
    conditions = np.array([5, 5, 5, 6, 6, 5, 6])
    times = np.array([1, 2, 3, 4, 5, 6, 99])
    last = np.array([BEGINNING, 0])

    found = [(r.tolist(), b.tolist()) for r, b in rounds(slots, conditions, times, last, retain=50)]
    assert found == [([0, 1], [BEGINNING, 0]), ([3], [3]), ([6], [5])]


def test_all_rows_count_where_conditions_lead_on() -> None:
    """A machine that counts repeats needs them all."""
    zeros, times = np.zeros(3, np.int64), np.arange(3)
    found = [r.tolist() for r, _ in rounds(zeros, zeros, times, np.array([BEGINNING]), retain=9, repeats=True)]

    assert found == [[0], [1], [2]]
