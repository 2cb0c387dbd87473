"""Sorting what is mostly sorted already: streams come nearly in order, and looking is cheaper than sorting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl


def in_order(frame: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """The frame sorted by integer or time columns without NULL; itself where it is in order."""
    columns = [_numbers(frame[name]) for name in by]
    # Mostly no column falls anywhere: ids ascend as times do. That is told without a look at which times are equal.
    if not any((values[1:] < values[:-1]).any() for values in columns):
        return frame
    undecided: npt.NDArray[np.bool_] | None = None
    for values in columns:
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


def _numbers(column: pl.Series) -> npt.NDArray[np.integer[Any]]:
    """The cast is done in place; `to_physical` would start a query of its own."""
    return (column.cast(pl.Int64) if column.dtype.is_temporal() else column).to_numpy()


def order_of_ids(times: npt.NDArray[np.int64], ids: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Where the rows are that come first, second, … by time and id, of rows that are in the order of time."""
    is_new = times[1:] != times[:-1]
    if is_new.all():
        return np.arange(len(times))
    runs = np.concatenate([[np.uint64(0)], np.cumsum(is_new, dtype=np.uint64)])
    bits, place_bits = int(runs[-1]).bit_length(), (len(times) - 1).bit_length()
    # The number of its time, bits of its id and its place are one number: values are sorted faster than places.
    numbers = ids >> np.uint64(bits)
    if bits:
        numbers |= runs << np.uint64(64 - bits)
    below = np.uint64((1 << place_bits) - 1)
    numbers &= ~below
    numbers |= np.arange(len(times), dtype=np.uint64)
    numbers.sort()
    alike = numbers >> np.uint64(place_bits)
    if (alike[1:] == alike[:-1]).any():
        return np.lexsort((ids, times))
    numbers &= below
    return numbers.view(np.int64)
