"""Sorting what is mostly sorted already: streams come nearly in order, and looking is cheaper than sorting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl


def in_order(frame: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """The frame sorted by integer or time columns without NULL; itself where it is in order."""
    undecided: npt.NDArray[np.bool_] | None = None
    for name in by:
        column = frame[name]
        # The cast is done in place; `to_physical` would start a query of its own.
        values = (column.cast(pl.Int64) if column.dtype.is_temporal() else column).to_numpy()
        before, after = values[:-1], values[1:]
        falling, equal = after < before, after == before
        if undecided is not None:
            falling, equal = falling & undecided, equal & undecided
        if falling.any():
            return frame.sort(by)
        if not equal.any():
            return frame
        undecided = equal
    return frame


def order_of_ids(times: npt.NDArray[np.int64], ids: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Where the rows are that come first, second, … by time and id, of rows that are in the order of time."""
    runs = np.cumsum(times[1:] != times[:-1], dtype=np.uint64) if len(times) else times.view(np.uint64)
    bits = np.uint64(int(runs[-1]).bit_length() if len(runs) else 0)
    if not len(runs) or not bits:
        return np.argsort(ids)
    # The number of its time and the first bits of its id are one number, which is sorted faster than the two.
    places = np.concatenate([runs[:1] * np.uint64(0), runs]) << (np.uint64(64) - bits) | ids >> bits
    order = np.argsort(places)
    sorted_places = places[order]
    if (sorted_places[1:] == sorted_places[:-1]).any():
        return np.lexsort((ids, times))
    return order
