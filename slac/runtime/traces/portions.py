"""Whether a portion of records is gone through one by one or by columns; open traces move to where it is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from slac.plan.nodes import TracesNode
from slac.runtime.traces.numbered import EXACT
from slac.runtime.traces.one_by_one import OneByOne
from slac.runtime.traces.records import FEW
from slac.runtime.traces.waiting import Waiting
from slac.stream.batch import WEIGHT

MOST_HELD: Final = 1 << 15
"""Records of open traces that are held one by one: they take four times the memory that columns take."""
CALM: Final = 8
"""So many small portions in turn are awaited before traces that wait as columns are taken apart."""


class Portions:
    """Spans that come in small portions, without weights, under names that Python compares as Polars does.

    `few`: so many rows are a small portion; 0: none is.
    """

    def __init__(self, node: TracesNode, few: int = FEW) -> None:
        spec = node.spec
        self._keys, self._limit, self._few = node.keys, spec.limit, few
        self._can = few > 0 and spec.form == "spans" and not spec.operations and not spec.repair
        self._calm = CALM

    def is_few(self, parts: Sequence[pl.DataFrame], going: OneByOne, waiting: Waiting) -> bool:
        """Whether it goes on one by one: then nothing is in `waiting`, else nothing in `going`."""
        if not self._can or not self._fits(parts, len(going) + len(waiting), going.records + waiting.records):
            self._calm = 0
            if len(going):
                waiting.add(going.leave())
            return False
        if len(waiting):
            self._calm += 1
            if self._calm <= CALM or not all(map(self._is_plain, waiting.held())):
                return False
            going.adopt(waiting.leave())
        return True

    def _fits(self, parts: Sequence[pl.DataFrame], traces: int, records: int) -> bool:
        rows = sum(part.height for part in parts)
        if rows > self._few or rows + traces > self._limit or rows + records > MOST_HELD:
            return False
        return all(map(self._is_plain, parts))

    def _is_plain(self, frame: pl.DataFrame) -> bool:
        return WEIGHT not in frame.columns and all(frame[name].dtype in EXACT for name in self._keys)
