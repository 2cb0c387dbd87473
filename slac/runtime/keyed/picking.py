"""Values at places: where NumPy can, it does so in half of the time that Polars takes."""

from __future__ import annotations

import polars as pl

from slac.runtime.keyed.grouping import Longs
from slac.stream.framing import column_of, frame_of, places_of

_NUMBERS = (pl.Int64, pl.UInt64, pl.Float64)


def picked(values: pl.Series, places: Longs) -> pl.Series:
    """Those at these places."""
    if values.dtype in _NUMBERS and not values.null_count():
        return column_of(values.name, values.to_numpy().take(places))
    return values[places_of(places)]


def picked_rows(frame: pl.DataFrame, columns: list[str], places: Longs) -> pl.DataFrame:
    """These columns of the rows at these places."""
    return frame_of([picked(frame[name], places) for name in columns])
