"""The class of each event, the group that it belongs to, and what is counted of what is dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.plan.lowering import lower
from slac.plan.shedding import GateSpec
from slac.runtime.keyed.grouping import by_key
from slac.shedding.admission import BUCKETS
from slac.stream.ids import hash_columns

_SALT: Final = 0x6275_636B

Longs = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Cells:
    """By row: the class, the number of its group in this frame, and the bucket of that group."""

    classes: Longs
    groups: Longs
    buckets: Longs

    def head(self, count: int) -> Cells:
        """Those of the first rows."""
        return Cells(self.classes[:count], self.groups[:count], self.buckets[:count])


class Classifier:
    """Tells events apart as the gate of an input does."""

    def __init__(self, spec: GateSpec) -> None:
        self._strata = [
            (lower(s.when).fill_null(value=False).cast(pl.Int64) * (1 << n)).alias(f"{n}")
            for n, s in enumerate(spec.strata)
        ]
        several = (spec.groups or (), *(n.groups for n in spec.needs))
        self.groups: Sequence[str] = max(several, key=len)

    def cells(self, frame: pl.DataFrame) -> Cells:
        """Of a frame with the input's columns."""
        grouped = by_key(frame, self.groups)
        count = len(grouped.lengths)
        of = hash_columns(grouped.keys, self.groups, _SALT).to_numpy() if self.groups else np.zeros(1, np.uint64)
        return Cells(
            classes=self.classes(frame),
            groups=grouped.spread(np.arange(count)),
            buckets=grouped.spread((of % np.uint64(BUCKETS)).astype(np.int64)),
        )

    def classes(self, frame: pl.DataFrame) -> Longs:
        """The class of each row alone."""
        if not self._strata:
            return np.zeros(frame.height, np.int64)
        found: Longs = frame.select(pl.sum_horizontal(self._strata)).to_series().to_numpy()
        return found


def counted(cells: Cells, panes: Longs, kept: Mask, latest: Longs | None = None) -> tuple[Longs, Mask]:
    """Counts by row, and which rows carry nothing else.

    Of each class, group and pane the first row that was kept takes on the dropped ones, or where none was, the first of
    them carries them all. With `latest` (times) it is the latest row, and if the earliest was dropped it stays for
    itself: a silence is as long as it was. Rows that neither were kept nor carry anything have a count of 0.
    """
    codes = cells.groups * (int(cells.classes.max(initial=0)) + 1) + cells.classes
    first = int(panes.min(initial=0))
    codes = codes * (int(panes.max(initial=0)) - first + 1) + (panes - first)
    order = np.argsort(codes * 2 + ~kept, kind="stable") if latest is None else np.lexsort((-latest, codes))
    sorted_codes = codes[order]
    starts = np.flatnonzero(np.append(True, sorted_codes[1:] != sorted_codes[:-1]))
    dropped = np.add.reduceat((~kept)[order].astype(np.int64), starts)
    leaders = order[starts]
    counts = kept.astype(np.int64)
    counts[leaders] += dropped
    carriers = np.zeros(len(kept), np.bool_)
    carriers[leaders] = ~kept[leaders]
    if latest is not None:
        earliest = order[np.append(starts[1:], len(order)) - 1]
        alone = ~kept[earliest] & (earliest != leaders)
        counts[leaders[alone]] -= 1
        counts[earliest[alone]] = 1
        carriers[earliest[alone]] = True
    return counts, carriers
