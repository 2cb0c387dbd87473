"""Lateness by rows, not by batches."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from slac.runtime.arrival import Arrival


def late_rows(times: list[int], cuts: list[int], lateness: int) -> list[int]:
    """Indices of the rows that are late when the input is cut at `cuts`."""
    arrival = Arrival(lateness)
    late: list[int] = []
    edges = [0, *sorted({c % (len(times) + 1) for c in cuts}), len(times)]
    for start, end in itertools.pairwise(edges):
        part = np.array(times[start:end], dtype=np.int64)
        met = arrival.take(part)
        if met is not None:
            late += [start + i for i in np.flatnonzero(part < met).tolist()]
    return late


def test_a_row_is_late_when_an_earlier_one_was_ahead_by_more_than_the_lateness() -> None:
    """Out of order within `lateness` is on time."""
    assert late_rows([10, 7, 5, 12, 8], [], lateness=3) == [2, 4]


def test_order_costs_nothing() -> None:
    """Rows in order are not looked at one by one."""
    assert Arrival(0).take(np.arange(5, dtype=np.int64)) is None


def test_a_promise_makes_rows_before_it_late() -> None:
    """What an idle input has promised holds against what comes after."""
    arrival = Arrival(0)
    assert arrival.promise(100)
    assert not arrival.promise(50)

    met = arrival.take(np.array([90, 120], dtype=np.int64))

    assert met is not None
    assert met.tolist() == [100, 100]
    assert arrival.watermark == 120


@given(st.lists(st.integers(0, 60), max_size=40), st.lists(st.integers(0, 40), max_size=5), st.integers(0, 20))
def test_slicing_changes_nothing(times: list[int], cuts: list[int], lateness: int) -> None:
    """Which rows are late does not depend on how the input is cut into batches."""
    assert late_rows(times, cuts, lateness) == late_rows(times, [], lateness)
