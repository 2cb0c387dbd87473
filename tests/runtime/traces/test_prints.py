"""Prints tell shapes apart, those that are nearly alike too, whatever order their records come in."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from slac.runtime.traces.numbered import numbered
from slac.runtime.traces.prints import prints
from slac.runtime.traces.records import END, LEVEL, OPERATION, PLACE, START
from slac.runtime.traces.together import together
from tests.runtime.operators.tracing import node_of

PLACES = 7
ORDERS = np.array(list(permutations(range(PLACES))))


def printed(operations: npt.NDArray[np.int64], levels: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Of traces (rows) the prints, where each has these operations (numbers) and levels at its places."""
    traces = len(operations)
    place = np.tile(np.arange(PLACES), traces)
    names = pl.Series([f"void org.shop.service.Component{n}.operation()" for n in range(PLACES)])
    frame = pl.DataFrame(
        {
            "t": np.repeat(np.arange(traces), PLACES),
            OPERATION: names.gather(operations.ravel()),
            PLACE: place,
            LEVEL: levels.ravel(),
            START: place,
            END: place,
        }
    )
    frame = frame.sample(fraction=1.0, shuffle=True, seed=7)
    records = together([frame], numbered([frame], ["t"]), [])
    return prints(records, node_of("executions").spec)


@pytest.mark.parametrize("bits", [(24, 64), (0, 40)])
@pytest.mark.parametrize("kind", ["operations", "levels", "both"])
def test_shapes_of_the_same_calls_at_other_places_differ(kind: str, bits: tuple[int, int]) -> None:
    """Among all orders of seven operations, or levels, no two have 40 bits alike, at either end of the print."""
    plain = np.broadcast_to(np.arange(PLACES), ORDERS.shape)
    operations = plain if kind == "levels" else ORDERS
    levels = plain if kind == "operations" else ORDERS
    low, high = bits
    found = printed(operations, levels) << np.uint64(64 - high) >> np.uint64(64 - high + low)
    assert len(np.unique(found)) == len(ORDERS)


def test_the_order_in_which_records_come_does_not_matter() -> None:
    """Traces of one shape have one print, wherever their records stand."""
    same = np.broadcast_to(np.arange(PLACES), (100, PLACES))
    assert len(np.unique(printed(same, same))) == 1


def test_a_call_that_comes_twice_is_seen() -> None:
    """A call more at a place that has one already is another shape, and so is one that stands for another."""
    once = np.tile(np.arange(PLACES), (3, 1))
    once[1, 3] = once[1, 2]
    once[2, 2] = once[2, 3]
    assert len(np.unique(printed(once, np.zeros_like(once)))) == 3
