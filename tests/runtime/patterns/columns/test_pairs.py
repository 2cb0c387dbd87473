"""From which first row on a second one meets those that still listen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from slac.runtime.patterns.columns.arranged import Arranged, Side
from slac.runtime.patterns.columns.pairs import first_open
from slac.runtime.patterns.columns.sides import HeldAndNew


def _side(groups: list[int], times: list[int]) -> Side:
    places = np.arange(len(groups))
    return Side(
        rows=HeldAndNew(pl.DataFrame()),
        at=places,
        entries=places,
        groups=np.array(groups),
        times=np.array(times),
        order=places,
    )


@pytest.mark.parametrize("scale", [1, 1 << 57], ids=["near", "so far apart that group and time fit no number"])
def test_only_first_rows_that_still_listen_are_met(scale: int) -> None:
    """A row listens for ten instants: the one that came exactly so long ago does not any more."""
    first = _side([0, 0, 0, 7], [0, 5, 12, 3])
    second = _side([0, 0, 0, 7], [9, 10, 30, 4])
    far = [replace(s, times=s.times * scale) for s in (first, second)]
    both = Arranged(first=far[0], second=far[1], behind=np.zeros(4, np.int64), before=np.zeros(4, np.int64))
    assert first_open(both, 10 * scale, 8).tolist() == [0, 1, 3, 3]
