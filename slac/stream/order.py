"""Sorting what is mostly sorted already: streams come nearly in order, and looking is cheaper than sorting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl


def in_order(frame: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """The frame sorted by integer or time columns without NULL; itself where it is in order."""
    undecided: npt.NDArray[np.bool_] | None = None
    for name in by:
        values = frame[name].to_physical().to_numpy()
        before, after = values[:-1], values[1:]
        falling, equal = after < before, after == before
        if undecided is not None:
            falling, equal = falling & undecided, equal & undecided
        if falling.any():
            return frame.sort(by)
        if not equal.any():
            return frame
        undecided = equal
    return frame
