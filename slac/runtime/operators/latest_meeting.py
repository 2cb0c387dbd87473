"""What each left row of a latest-join finds: nothing, the latest row of its key, or one of those that just settled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from slac.runtime.audits.held import AT
from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.versions import holding
from slac.runtime.operator import BEGINNING, ENDED
from slac.runtime.operators.latest_values import LatestValues
from slac.stream.framing import column_of

_NONE: Final = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Right rows that the watermark has passed, in the total order, with times (µs) and the slots of their keys."""

    rows: pl.DataFrame
    at: Longs
    slots: Longs


def met(
    left: pl.DataFrame, latest: LatestValues, settled: Settled | None, *, strict: bool, retain: int
) -> list[pl.Series]:
    """The values for each row of `left` (keys and `_at`, in order); NULL where there are none, or older than `retain`.

    The latest rows are those before all of `left`; `settled` may lie anywhere.
    """
    at, slots = left[AT].to_numpy(), latest.find(left)
    held: Longs | slice = slice(0, latest.size)
    versions = _NONE if settled is None else settled.slots
    if latest.size > len(slots) + len(versions):
        # Few rows among many keys: theirs are numbered anew.
        held, slots, versions = latest.among(slots, versions)
    places = _NONE if settled is None else np.searchsorted(at, settled.at, side="right" if strict else "left")
    index = holding(slots, len(latest.at[held]), versions, places)
    if min(latest.oldest, ENDED if settled is None else int(settled.at[0])) < int(at[-1]) - retain:
        times = np.concatenate([[BEGINNING], latest.at[held], _NONE if settled is None else settled.at])
        index[times.astype(np.int64)[index] < at - retain] = 0
    # Not by `gather`, which would start a query for each column.
    chosen = column_of("", index)
    return [_candidates(latest, name, held, settled)[chosen] for name in latest.types]


def _candidates(latest: LatestValues, name: str, held: Longs | slice, settled: Settled | None) -> pl.Series:
    parts = [latest.nothing[name], latest.take(name, held)]
    return pl.concat(parts if settled is None else [*parts, settled.rows[name]], rechunk=True)
