"""What each left row of a latest-join finds: nothing, the latest row of its key, or one of those that just settled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.audits.held import AT
from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.hashed import AT_ONCE
from slac.runtime.keyed.versions import last_before
from slac.runtime.operator import BEGINNING, ENDED
from slac.runtime.operators.latest_values import LatestValues


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
    # Where there are more rows than keys, each row finds its key among all; otherwise its own copy of it.
    held = slice(0, latest.size) if latest.size <= len(slots) else np.maximum(slots, 0)
    places = slots if isinstance(held, slice) else np.where(slots < 0, -1, np.arange(len(slots)))
    first = 1 + (latest.size if isinstance(held, slice) else len(slots))
    numbers = None
    if settled is not None:
        before = np.searchsorted(at, settled.at, side="right" if strict else "left")
        numbers = last_before(slots, settled.slots, before, latest.heads)
    times = None
    if min(latest.oldest, ENDED if settled is None else int(settled.at[0])) < int(at[-1]) - retain:
        nothing = np.array([BEGINNING])
        times = np.concatenate([nothing, latest.at[held], nothing[:0] if settled is None else settled.at])
    index = np.empty(len(slots), np.uint32)
    for start in range(0, len(slots), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        found = places[part] + 1
        if numbers is not None:
            found = np.where(numbers[part] < 0, found, numbers[part] + first)
        if times is not None:
            found[times[found] < at[part] - retain] = 0
        index[part] = found
    return [_chosen(_candidates(latest, name, held, settled), index) for name in latest.types]


def _candidates(latest: LatestValues, name: str, held: Longs | slice, settled: Settled | None) -> pl.Series:
    parts = [pl.Series(name, [None], latest.types[name]), latest.take(name, held)]
    return pl.concat(parts if settled is None else [*parts, settled.rows[name]], rechunk=True)


def _chosen(candidates: pl.Series, index: npt.NDArray[np.uint32]) -> pl.Series:
    # Not by `gather`, which would start a query.
    return candidates[pl.Series(index)]
