"""Ids of what was said: (document, block, key, kind, due time), told apart where a key says a thing twice at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from slac.stream.ids import row_ids, splitmix64


def occurrence_ids(frame: pl.DataFrame, document: str, block: str, columns: Sequence[str]) -> pl.Series:
    """`row_ids`, with the occurrence number mixed in from the second of equal ones on; rows of a key in their order."""
    ids = row_ids(frame, document, block, columns)
    nth = ids.to_frame("id").select(pl.int_range(pl.len()).over("id")).to_series().to_numpy().astype(np.uint64)
    if not nth.any():
        return ids
    plain = ids.to_numpy()
    return pl.Series(ids.name, np.where(nth > 0, splitmix64(plain ^ nth), plain), pl.UInt64)
