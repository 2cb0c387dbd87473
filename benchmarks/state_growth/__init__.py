"""What a batch of 1 000 rows costs, and what a key weighs, when little and when much state is held.

Each batch touches 1 000 distinct keys, whatever their number. A directory that is searched by the keys of a batch costs
the same then; one that is copied, sorted or scanned does not.
"""

from __future__ import annotations

from typing import Final

from benchmarks.measure import on_one_core
from benchmarks.report import Bar, Row, row

KINDS: Final = ("window", "sliding", "join", "audit", "pattern")
FEW: Final = 1_000
SIZES: Final = (FEW, 100_000, 1_000_000)
BATCHES: Final = 1_200
GROWTH: Final = Bar("under", 2.0, "ratio")
SPIKES: Final = Bar("under", 5.0, "ratio")
WEIGHT: Final = Bar("under", 250.0)


def run() -> list[Row]:
    """Three rows a kind and size: the mean cost against that at 1 000 keys, the 99.9th percentile, and bytes a key."""
    return [each for kind in KINDS for each in _rows(kind)]


def _rows(kind: str) -> list[Row]:
    few = 0.0
    rows: list[Row] = []
    for size in SIZES:
        got = on_one_core("benchmarks.state_growth.worker", kind, str(size), str(BATCHES))
        mean, worst = got["mean"] * 1e3, got["worst"] * 1e3
        few = few or mean
        name, last = f"{kind}, {size // 1_000} k keys", size == SIZES[-1]
        growth, spikes = (GROWTH, SPIKES) if last else (None, None)
        rows += [
            row(f"{name}: mean of a batch", mean, "ms", peer="1 k keys", peer_value=few, bar=growth),
            row(f"{name}: 99.9th percentile", worst, "ms", peer="the mean", peer_value=mean, bar=spikes),
        ]
        if last:
            rows.append(row(f"{name}: a key", got["bytes"], "B", bar=WEIGHT if kind == "window" else None))
    return rows
