"""A latest-join with a running window of its own left side: each row meets what the window said of its key before it.

The window has the rows of each key together, so that the row before is the one in front; what a key had before the wave
is the only thing to be looked up, once a key. All else is that of any latest-join: what it holds, and its snapshots.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from slac.plan.nodes import LatestJoinNode, WindowNode
from slac.runtime.audits.held import AT
from slac.runtime.keyed.ones_before import ones_before
from slac.runtime.keyed.picking import picked
from slac.runtime.operator import OperatorContext, State
from slac.runtime.operators.latest_join import LatestJoinOperator
from slac.runtime.operators.latest_right import typed
from slac.runtime.operators.row_values import RowValues
from slac.runtime.operators.running_beside import Meeting, Passed
from slac.runtime.operators.running_by_columns import Wave
from slac.stream.batch import ID, TIME, TIME_TYPE, Batch
from slac.stream.framing import column_of, frame_of, places_of


class OwnLatestJoin(LatestJoinOperator):
    """Port 1 is not given to it: `meeting` has what the window says. Rows out as of `LatestJoinOperator`."""

    unheard = frozenset({1})

    def __init__(self, node: LatestJoinNode, window: WindowNode, context: OperatorContext, meeting: Meeting) -> None:
        super().__init__(node, context)
        self._meeting = meeting
        names = {f"{node.alias}.{name}": name for name in node.right_columns}
        self._outside = list(self._right.types)
        self._values = RowValues(window, [names[name] for name in self._outside])
        self._nothing = [pl.Series(name, [None], dtype) for name, dtype in self._right.types.items()]

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Join the left rows that the watermark has passed."""
        passed = self._meeting.take()
        ready = self._left.release(watermark)
        if ready is None or self._right.waits or not _are_same(ready, passed):
            self._hear(passed)
            return self._worked(ready, watermark)
        found = [self._met(one.wave, watermark) for one in passed]
        columns = found[0] if len(found) == 1 else [pl.concat(parts) for parts in zip(*found, strict=True)]
        return (Batch(self._beside(ready, columns)),)

    def snapshot(self) -> State:
        """As ever; what the window has said and was not worked off yet waits at the right side."""
        self._hear(self._meeting.take())
        return super().snapshot()

    def _hear(self, passed: Sequence[Passed]) -> None:
        """As if the rows had come in at port 1."""
        for one in passed:
            self._right.add(one.said.frame)

    def _met(self, wave: Wave, watermark: int) -> list[pl.Series]:
        """The values for each of the wave's rows, as they stood; what each key ends with is kept."""
        by_slot, ends = wave.by_slot, wave.ends
        firsts = by_slot.order[by_slot.starts].astype(np.uint32)
        # By columns: Polars gathers those of a frame in threads of its own.
        slots = self._right.enter(frame_of([wave.rows[name][places_of(firsts)] for name in self._node.by]))
        at, held = self._right.held(slots)
        index = column_of("", ones_before(by_slot, wave.times, slots >= 0, at, self._node.retain))
        said = [c.alias(n) for c, n in zip(self._said_by(wave), self._outside, strict=True)]
        columns = zip(self._nothing, said, held, strict=True)
        found = [pl.concat(parts, rechunk=True)[index] for parts in columns]
        last = frame_of([one[places_of(ends)] for one in said])
        self._right.exchange(slots, wave.times[ends], last, of=len(wave.times), watermark=watermark)
        return found

    def _said_by(self, wave: Wave) -> list[pl.Series]:
        """What the window says of each row, by slot and time."""
        types = self._right.types

        def column(name: str) -> pl.Series:
            if name == TIME:
                return column_of(TIME, wave.times).cast(TIME_TYPE)
            return picked(wave.rows[name], wave.by_slot.order)

        columns = self._values.of(wave.values, column)
        return [typed(c, types[n]) for c, n in zip(columns, self._outside, strict=True)]


def _are_same(ready: pl.DataFrame, passed: Sequence[Passed]) -> bool:
    """Whether the left rows are those that the window has worked off, one by one, and each is told by its id."""
    if ready.height != sum(one.wave.rows.height for one in passed):
        return False
    ids, times = ready[ID].to_numpy(), ready[AT].to_numpy()
    begun = 0
    for one in passed:
        rows = one.wave.rows
        part = slice(begun, begun + rows.height)
        if not (np.array_equal(rows[ID].to_numpy(), ids[part]) and np.array_equal(rows[AT].to_numpy(), times[part])):
            return False
        begun += rows.height
    return not (ids[1:] == ids[:-1]).any()
