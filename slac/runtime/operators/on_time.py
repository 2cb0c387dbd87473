"""Which rows of a batch an operator still takes that works in order."""

from __future__ import annotations

import polars as pl

from slac.stream.batch import Batch, instants


def on_time(batch: Batch, reached: int) -> pl.DataFrame:
    """The rows that are not behind `reached` (µs), how far the operator has worked; of a late batch none."""
    frame = batch.frame
    if batch.late:
        return frame.clear()
    return frame if not frame.height or batch.lowest >= reached else frame.filter(instants(frame) >= reached)
