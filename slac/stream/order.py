"""Sorting what is mostly sorted already: streams come nearly in order, and looking is cheaper than sorting."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

Times = npt.NDArray[np.int64]
Ids = npt.NDArray[np.uint64]

_MOST_BITS: Final = 40
"""So many of 64 bits are not those of ids: a few equal ones among those of one time are unlikely then."""
_SHORT: Final = 32
_HIGH: Final = int(sys.byteorder == "little")
"""Which half of 64 bits is the one with the first of them."""
_MANY: Final = 1 << 13
"""Of fewer rows a sort takes less time than what makes it shorter."""
_MOST_ALIKE: Final = 64


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


def order_of_ids(times: Times, ids: Ids) -> Times:
    """Where the rows are that come first, second, … by time and id, of rows that are in the order of time."""
    order = reordered(times, ids)
    return np.arange(len(times)) if order is None else order


def reordered(times: Times, ids: Ids) -> Times | None:
    """The same; None where no two rows have one time, so that they are in order as they stand."""
    is_new = times[1:] != times[:-1]
    if is_new.all():
        return None
    if len(times) >= _MANY:
        order = _by_short_numbers(np.flatnonzero(is_new), ids)
        if order is not None:
            return order
    span, place_bits = int(times[-1]) - int(times[0]), (len(times) - 1).bit_length()
    if span.bit_length() + place_bits <= _MOST_BITS:
        order = _by_numbers((times - times[0]).view(np.uint64), ids, place_bits)
        if order is not None:
            return order
    # Times one behind the other take fewer bits, and leave more to the ids.
    runs = np.zeros(len(times), np.uint64)
    np.cumsum(is_new, out=runs[1:])
    order = _by_numbers(runs, ids, place_bits)
    return np.lexsort((ids, times)) if order is None else order


def _by_short_numbers(lasts: Times, ids: Ids) -> Times | None:
    """By runs of equal times, of which all but the last end at `lasts`; None where 32 bits are not enough.

    The number of its run, the first bits of its id and its place in the run are one number, half as wide as with all
    that could be: values of 32 bits are sorted in half of the time. The few of one run whose bits are alike are looked
    at again.
    """
    starts = np.zeros(len(lasts) + 1, np.int64)
    np.add(lasts, 1, out=starts[1:])
    lengths = np.diff(starts, append=len(ids))
    longest = int(lengths.max())
    place_bits = (longest - 1).bit_length()
    bits = _SHORT - place_bits - (len(starts) - 1).bit_length()
    if bits <= 0 or (len(ids) * longest) >> (bits + 1) > _MOST_ALIKE // 2:
        return None
    first = np.repeat(starts.astype(np.uint32), lengths)
    # Columns of 32 bits throughout: what does not stay in the cache costs more than what is done with it.
    numbers = np.right_shift(ids.view(np.uint32)[_HIGH::2], _SHORT - bits)
    numbers <<= place_bits
    numbers |= np.repeat(np.arange(len(starts), dtype=np.uint32) << (bits + place_bits), lengths)
    places = np.arange(len(ids), dtype=np.uint32)
    places -= first
    numbers |= places
    numbers.sort()
    np.bitwise_and(numbers, (1 << place_bits) - 1, out=places)
    places += first
    order = places.astype(np.int64)
    numbers >>= place_bits
    alike = np.flatnonzero(numbers[1:] == numbers[:-1])
    if len(alike) > _MOST_ALIKE:
        return None
    for run in np.unique(np.searchsorted(starts, alike, side="right") - 1).tolist():
        begin, end = int(starts[run]), int(starts[run] + lengths[run])
        order[begin:end] = begin + np.argsort(ids[begin:end], kind="stable")
    return order


def _by_numbers(times: Ids, ids: Ids, place_bits: int) -> Times | None:
    """By ascending numbers for times, and ids; None where bits of these are alike that all of them might not be.

    The number of its time, bits of its id and its place are one number: values are sorted faster than places.
    """
    bits, below = int(times[-1]).bit_length(), np.uint64((1 << place_bits) - 1)
    numbers = ids >> np.uint64(bits)
    if bits:
        numbers |= times << np.uint64(64 - bits)
    numbers &= ~below
    numbers |= np.arange(len(times), dtype=np.uint64)
    numbers.sort()
    alike = numbers >> np.uint64(place_bits)
    if (alike[1:] == alike[:-1]).any():
        return None
    numbers &= below
    return numbers.view(np.int64)
