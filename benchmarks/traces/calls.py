"""The input: executions of ten nested and following calls, of traces that overlap, in the order of their ends."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

CALLS: Final = 10
KINDS: Final = 50
"""Different entry points, which make different classes."""
EPOCH_US: Final = 1_700_000_000_000_000
DEPTHS: Final = np.array([0, 1, 2, 3, 4, 4, 3, 2, 1, 1])
NAMES: Final = pl.Series(
    [f"public void org.shop.service.Component{i:02d}.operation(int)" for i in range(KINDS + CALLS)]
)


def calls(traces: int) -> pl.DataFrame:
    """`timestamp` (µs, the call's end), `trace_id`, `operation`, `eoi`, `ess`, `tin` and `tout` (µs)."""
    draw = np.random.default_rng(20_112)
    trace, place = np.repeat(np.arange(traces), CALLS), np.tile(np.arange(CALLS), traces)
    depth = DEPTHS[place]
    step = np.repeat(draw.integers(5, 200, traces), CALLS)
    begin = EPOCH_US + trace * 100 + place * step
    end = EPOCH_US + trace * 100 + (2 * CALLS - depth) * step
    kind = np.where(place == 0, trace % KINDS, KINDS + place)
    frame = pl.DataFrame(
        {
            "timestamp": end,
            "trace_id": trace,
            "operation": NAMES.gather(kind),
            "eoi": place,
            "ess": depth,
            "tin": begin,
            "tout": end,
        }
    )
    instant = pl.Datetime("us", "UTC")
    return frame.sort("timestamp").with_columns(pl.col("tin", "tout").cast(instant))
