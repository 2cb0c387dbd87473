"""What is known of shapes: traces whose prints are equal have one verdict, which is found out once.

A bounded cache. What is forgotten is found out anew, so nothing that comes out depends on it, and no snapshot has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl

from slac.runtime.traces.groups import Flags, Groups, Hashes, Longs
from slac.runtime.traces.judged import NO_ROW
from slac.runtime.traces.together import Together

Judge = Callable[[pl.DataFrame, Groups], pl.DataFrame]
Look = Callable[[pl.DataFrame, Groups], Flags]

MOST_CALLS: Final = 1 << 18
"""Calls of all shapes that are remembered."""
_BITS: Final = 14
_BELOW: Final = np.uint64(64 - _BITS)
PLAIN: Final = "_plain"
"""Column (Boolean) of a verdict: the trace is sound as it is."""


class Shapes:
    """Verdicts by prints.

    `judge` gives one row for each trace: `_plain`, and columns that are the same for all of its shape. `look` says of
    which traces that is worth asking: of those that go on it is not.
    """

    def __init__(self, judge: Judge, look: Look) -> None:
        self._judge, self._look = judge, look
        self._prints = np.empty(0, np.uint64)
        self._guess = np.zeros(1 << _BITS, np.int64)
        self._held = 0
        self.verdicts = pl.DataFrame()
        self.plain: Flags = np.empty(0, np.bool_)

    def __len__(self) -> int:
        return len(self._prints)

    def find(self, records: Together, traces: Longs, prints: Hashes) -> Longs:
        """Of each of these traces, the row of its shape in `verdicts`: learned, where it was not known.

        −1 where there would be too many calls to remember.
        """
        found = self._known(prints)
        new = np.flatnonzero(found == NO_ROW)
        if not len(new):
            return found
        new = new[np.unique(prints[new], return_index=True)[1]]
        chosen = np.zeros(records.size, np.bool_)
        chosen[traces[new]] = True
        frame, groups = records.only(chosen)
        new = new[np.argsort(traces[new])]
        worth = self._look(frame, groups)
        if not worth.any():
            return found
        if not worth.all():
            frame, groups = frame.filter(pl.Series(groups.rows_of(worth))), Groups.sized(groups.counts[worth])
        self._learn(frame, groups, prints[new[worth]])
        return self._known(prints)

    def _known(self, prints: Hashes) -> Longs:
        if not len(self):
            return np.full(len(prints), NO_ROW)
        place = self._guess.take((prints >> _BELOW).view(np.int64))
        missed = np.flatnonzero(self._prints.take(place) != prints)
        if len(missed):
            # Where several shapes begin with the same bits, the guess is one of them.
            others = prints[missed]
            found = np.minimum(np.searchsorted(self._prints, others), len(self) - 1)
            place[missed] = np.where(self._prints[found] == others, found, NO_ROW)
        return place

    def _learn(self, frame: pl.DataFrame, groups: Groups, prints: Hashes) -> None:
        if self._held + groups.rows > MOST_CALLS:
            self._prints, self._held = self._prints[:0], 0
            self._guess[:] = 0
        fit = int(np.searchsorted(groups.starts, MOST_CALLS, side="right")) - 1
        if fit <= 0:
            return
        found = self._judge(frame[: groups.starts[fit]], Groups(groups.starts[: fit + 1]))
        self.verdicts = pl.concat([self.verdicts, found]) if len(self) else found
        self._held += int(groups.starts[fit])
        prints = np.concatenate((self._prints, prints[:fit]))
        order = np.argsort(prints, kind="stable")
        self._prints, self.verdicts = prints[order], self.verdicts[order]
        self.plain = self.verdicts[PLAIN].to_numpy()
        self._guess[(self._prints >> _BELOW).view(np.int64)] = np.arange(len(self))


def every(_: pl.DataFrame, groups: Groups) -> Flags:
    """A `look` that asks of all traces."""
    return np.ones(len(groups), np.bool_)
