"""Parts of records, in whatever form they came; columns of Arrow are read as late as that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.adapters.decoding import frame_of_body, take_lines
from slac.stream.ports import Records

Mask = npt.NDArray[np.bool_]


def part(records: Records, begin: int, end: int, of: int) -> Records:
    """Those from number `begin` to before `end`, of `of`; without the number of the first."""
    numbers = np.arange(of)
    return thinned(records, (begin <= numbers) & (numbers < end))


def thinned(records: Records, mask: Mask) -> Records:
    """Those whose place in `mask` is true; without the number of the first."""
    frame = records.frame if records.arrow is None else frame_of_body(records.arrow)
    if frame is not None:
        return replace(records, first=None, arrow=None, frame=frame.filter(pl.Series(mask)))
    return replace(records, first=None, ndjson=take_lines(records.ndjson or b"", mask))
