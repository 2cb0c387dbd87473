"""From each sample of a column to the one before it, in NumPy: rows stand by key, and by time within a key.

Integers are subtracted as they are, modulo 2⁶⁴, which is right wherever the difference is not negative; only then they
become floats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.audits.slots import Longs, Mask
from slac.runtime.operator import BEGINNING

Floats = npt.NDArray[np.float64]
_SECOND = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a row says (`value`, where `known`: else NULL), and how many counters began anew."""

    value: Floats
    known: Mask
    resets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Samples and what came before them: `sample` says which rows are samples, `odd` which are NaN or infinite.

    `before` and `before_at` are value and time (µs) of the sample before, BEGINNING where there is none. Values are
    Int64 or Float64; a key's state holds their 64 bits.
    """

    value: npt.NDArray[np.int64] | Floats
    at: Longs
    sample: Mask
    odd: Mask
    before: npt.NDArray[np.int64] | Floats
    before_at: Longs
    slots: Longs

    @classmethod
    def of(
        cls, values: pl.Series, order: Longs, slots: Longs, at: Longs, state_at: Longs, state_value: Longs
    ) -> Column:
        """`values` in the order of rows; `order` brings them by key and time, as `slots` and `at` already are."""
        present = ~values.is_null().to_numpy()[order]
        value = values.fill_null(0).to_numpy()[order]
        odd = present & ~np.isfinite(value)
        sample = present & ~odd
        place = np.arange(len(order))
        begins = np.append(True, slots[1:] != slots[:-1])
        begin = np.maximum.accumulate(np.where(begins, place, 0))
        latest = np.maximum.accumulate(np.where(sample, place, -1))
        left = np.append(-1, latest[:-1])
        inside = left >= begin
        held = state_value[slots].view(value.dtype)
        return cls(
            value=value,
            at=at,
            sample=sample,
            odd=odd,
            before=np.where(inside, value[left], held),
            before_at=np.where(inside, at[left], state_at[slots]),
            slots=slots,
        )

    def remember(self, state_at: Longs, state_value: Longs) -> None:
        """Bring the state of the keys to the last sample of each."""
        # Of several rows of a slot the last one is written last.
        slots = self.slots[self.sample]
        state_at[slots] = self.at[self.sample]
        state_value[slots] = np.ascontiguousarray(self.value[self.sample]).view(np.int64)


def said(function: str, column: Column, retain: int) -> Step:
    """What RATE, INCREASE or DELTA is for each row."""
    value, before = column.value, column.before
    elapsed = column.at - column.before_at
    known = column.sample & (column.before_at > BEGINNING) & (elapsed <= retain)
    falls = value < before
    if function == "delta":
        result = np.where(falls, -_distance(value, before), _distance(before, value))
    else:
        # A counter that fell stands where it got to from 0; below 0 no counter can be.
        result = np.where(falls, np.maximum(value, 0).astype(np.float64), _distance(before, value))
    if function == "rate":
        known = known & (elapsed > 0)
        result = result * _SECOND / np.where(elapsed > 0, elapsed, 1)
    result = np.where(column.odd, np.nan, result)
    return Step(value=result, known=known | column.odd, resets=int((known & falls).sum()) if function != "delta" else 0)


def _distance(low: npt.NDArray[np.int64] | Floats, high: npt.NDArray[np.int64] | Floats) -> Floats:
    """`high − low` as floats, right where it is not negative."""
    if low.dtype == np.float64:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(high - low, np.float64)
    with np.errstate(over="ignore"):
        return (high.view(np.uint64) - low.view(np.uint64)).astype(np.float64)
