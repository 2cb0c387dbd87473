"""Groups as numbers: rows of one key (and of equal values, where conditions ask for them) get the same number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.patterns.columns.order import placed
from slac.runtime.patterns.columns.runs import Runs
from slac.stream.ids import hash_columns

__all__ = ["Groups", "Held", "grouped", "held_rows"]

Numbers = npt.NDArray[np.int64]
_CODE = "#code"


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of some frames: each once, with its hash; and the number of each row, by frame."""

    columns: Sequence[str]
    unique: pl.DataFrame
    hashes: npt.NDArray[np.uint64]
    codes: Sequence[Numbers]

    def of(self, frame: pl.DataFrame) -> Numbers:
        """The numbers of the rows of another frame; −1 for a group that is not among these."""
        if not self.columns:
            return np.zeros(frame.height, np.int64)
        found = frame.select(self.columns).join(
            self.unique, on=self.columns, how="left", nulls_equal=True, maintain_order="left"
        )
        return found[_CODE].fill_null(-1).to_numpy()


@dataclass(frozen=True, slots=True)
class Held:
    """Held rows in order, with `ORD`; their times (µs) and groups."""

    rows: pl.DataFrame
    times: Numbers
    codes: Numbers


def held_rows(runs: Runs, groups: Groups, used: Numbers) -> Held | None:
    """The held rows of the groups that are used; None where there are none."""
    found = runs.take(np.unique(groups.hashes[used]))
    if found is None:
        return None
    codes = groups.of(found)
    if (codes < 0).any():
        # Groups of another key that have the same hash: they are put back as they are.
        runs.put(found.filter(codes < 0))
        found = found.filter(codes >= 0)
    rows, times = placed(found)
    return Held(rows, times, groups.of(rows))


def grouped(frames: Sequence[pl.DataFrame], columns: Sequence[str]) -> Groups:
    """The groups of all rows of some frames. Without columns, all rows are one group."""
    heights = [f.height for f in frames]
    if not columns:
        return Groups(
            columns, pl.DataFrame({_CODE: [0]}), np.zeros(1, np.uint64), [np.zeros(h, np.int64) for h in heights]
        )
    whole = pl.concat([f.select(columns) for f in frames])
    unique = whole.unique(maintain_order=True).with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(_CODE))
    found = whole.join(unique, on=columns, how="left", nulls_equal=True, maintain_order="left")
    codes = np.split(found[_CODE].to_numpy(), np.cumsum(heights)[:-1])
    return Groups(columns, unique, hash_columns(unique, columns, 0).to_numpy(), codes)
