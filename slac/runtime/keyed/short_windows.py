"""The greatest codes of a window that is shorter than a batch: rows leave it that have just come."""

from __future__ import annotations

import numpy as np

from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.log import Rows
from slac.runtime.keyed.segments import Segments, ranged_peaks
from slac.runtime.keyed.turns import Turns
from slac.stream.places import sorted_slots


def wide_peaks(held: Rows, names: list[str], found: Turns, seen: Longs) -> dict[str, Longs]:
    """At `seen` (by `coming.order`); `held` are all rows, those that come being the last of them."""
    order, of = sorted_slots(held.slots)
    segments = Segments.of_sorted(of)
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    high = places[len(held) - len(found.places) + found.coming.order[seen]]
    left = found.gone - found.spread(found.leaving.starts)
    low = segments.starts[segments.of[high]] + left[seen]
    return {name: ranged_peaks(held.worth.peaks[name][order], low, high) for name in names}
