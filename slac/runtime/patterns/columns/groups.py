"""Groups as numbers: rows of one key (and of equal values, where conditions ask for them) get the same number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.patterns.columns.codes import coded, same_values
from slac.runtime.patterns.columns.names import HASH
from slac.runtime.patterns.columns.order import placed
from slac.runtime.patterns.columns.runs import Runs
from slac.stream.framing import frame_of
from slac.stream.ids import Ids, hash_hashed, hash_values

__all__ = ["ONE", "Groups", "Held", "grouped", "held_rows"]

Numbers = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]
_CODE: Final = "#code"


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of some frames: each once, with its hash; and the number of each row, by frame, where it is asked."""

    columns: Sequence[str]
    unique: pl.DataFrame
    hashes: npt.NDArray[np.uint64]
    values: Sequence[Ids]
    codes: Sequence[Numbers] = ()

    @classmethod
    def of_unique(cls, unique: pl.DataFrame, columns: Sequence[str], codes: Sequence[Numbers] = ()) -> Groups:
        """Groups that are told by the values of some columns; `values` are these as ids are hashed from them."""
        values = [hash_values(unique[name]) for name in columns]
        return cls(columns, unique, hash_hashed(unique.height, values, 0), values, codes)

    def of(self, rows: pl.DataFrame, hashes: npt.NDArray[np.uint64]) -> Numbers:
        """The numbers of other rows, whose hashes are among these; −1 for a group that is not."""
        if not self.columns:
            return np.zeros(rows.height, np.int64)
        order = np.argsort(self.hashes)
        codes: Numbers = order[np.searchsorted(self.hashes[order], hashes)]
        if same_values(rows, self.unique, self.columns, codes):
            return codes
        # Two groups have one hash.
        numbers = self.unique.with_row_index(_CODE)
        found = rows.select(self.columns).join(
            numbers, on=self.columns, how="left", nulls_equal=True, maintain_order="left"
        )
        return found[_CODE].cast(pl.Int64).fill_null(-1).to_numpy()


ONE: Final = Groups((), pl.DataFrame({_CODE: [0]}), np.zeros(1, np.uint64), ())
"""All rows are one group."""


@dataclass(frozen=True, slots=True)
class Held:
    """Held rows in order; their times (µs) and groups."""

    rows: pl.DataFrame
    times: Numbers
    codes: Numbers


def held_rows(runs: Runs, groups: Groups, used: Marks) -> Held | None:
    """The held rows of the groups that are used; None where there are none."""
    asked = np.sort(groups.hashes[used])
    found = runs.take(asked[np.append(True, asked[1:] != asked[:-1])] if len(asked) else asked)
    if found is None:
        return None
    codes = groups.of(found, found[HASH].to_numpy())
    if (codes < 0).any():
        # Groups of another key that have the same hash: they are put back as they are.
        runs.put(found.filter(codes < 0))
        found, codes = found.filter(codes >= 0), codes[codes >= 0]
    rows, times, order = placed(found)
    return Held(rows, times, codes[order])


def grouped(frames: Sequence[pl.DataFrame], columns: Sequence[str]) -> Groups:
    """The groups of all rows of some frames. Without columns, all rows are one group."""
    heights = [f.height for f in frames]
    if not columns:
        return replace(ONE, codes=[np.zeros(h, np.int64) for h in heights])
    parts = [frame_of([f[name] for name in columns]) for f in frames]
    whole = parts[0] if len(parts) == 1 else pl.concat(parts, rechunk=True)
    numbers, firsts = coded(whole)
    return Groups.of_unique(whole[firsts], columns, np.split(numbers, np.cumsum(heights)[:-1]))
