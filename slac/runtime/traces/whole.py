"""Traces that are sound, have come whole and are over with their last record: nearly all, and told by columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from slac.plan.traces import TraceSpec
from slac.runtime.audits.held import AT
from slac.runtime.operator import BEGINNING, ENDED
from slac.runtime.traces.groups import Longs
from slac.runtime.traces.judged import NO_ROW
from slac.runtime.traces.prints import prints
from slac.runtime.traces.records import END, PLACE, START
from slac.runtime.traces.shapes import Shapes
from slac.runtime.traces.together import Places, Together

_FEW: Final = 16
"""One in so many traces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """`traces`: numbers of traces; of each its shape, first row, and when it was complete, began and ended (µs)."""

    traces: Longs
    shape: Longs
    row: Longs
    complete: Longs
    start: Longs
    end: Longs

    def part(self, which: Longs) -> Whole:
        """Some of them, or all in another order."""
        return Whole(
            traces=self.traces.take(which),
            shape=self.shape.take(which),
            row=self.row.take(which),
            complete=self.complete.take(which),
            start=self.start.take(which),
            end=self.end.take(which),
        )


def whole(records: Together, shapes: Shapes, before: Longs, retain: int, spec: TraceSpec, watermark: int) -> Whole:
    """The traces of which the definition (`cutting.py`) says the same without going through their records.

    No records lie so far apart that the trace could have been over between them, and it cannot have been complete
    before the last: of executions because the root ended no earlier, of events because a sound trace closes its root
    with its last event. `before`: when the last trace of each key ended.
    """
    traces = records.used
    first, last = records.at(records.first.take(traces)), records.at(records.last.take(traces))
    began, until = records.taken(AT, first), records.taken(AT, last)
    sure = (began - before >= retain) & (until - began < min(spec.timeout, spec.within))
    complete = until
    if spec.form == "executions":
        complete = _complete(records, traces, last)
        sure &= (complete >= until) & (complete - began < spec.within)
    sure &= complete < watermark
    told = prints(records, spec)
    found = np.flatnonzero(sure)
    chosen = traces.take(found)
    shape = shapes.find(records, chosen, told.take(chosen))
    plain = np.flatnonzero(shape != NO_ROW)
    plain = plain[shapes.plain[shape[plain]]] if len(plain) else plain
    which = found[plain]
    made = Whole(
        traces=traces.take(which),
        shape=shape.take(plain),
        row=first.rows.take(which),
        complete=complete.take(which),
        start=began.take(which),
        end=until.take(which),
    )
    return made if spec.form != "executions" else _spanning(made, records)


def _complete(records: Together, traces: Longs, last: Places) -> Longs:
    """When the root of each trace ended; the beginning of time where there is none, or it is too dear to look for.

    Of a sound trace one record is the root. Where nearly all tell it last, the few others are gone through.
    """
    others = np.flatnonzero(records.taken(PLACE, last))
    if len(others) > len(traces) // _FEW:
        return _root_end(records)[traces]
    complete = records.taken(END, last)
    complete[others] = BEGINNING
    return complete


def _root_end(records: Together) -> Longs:
    """When the root of each trace ended; the beginning of time where there is none."""
    found = np.full(records.size, BEGINNING)
    for part in records.parts:
        root = np.flatnonzero(part.values(PLACE) == 0)
        found[part.slots[root]] = part.values(END)[root]
    return found


def _spanning(made: Whole, records: Together) -> Whole:
    """With the earliest start and the latest end of a call."""
    start = np.full(records.size, ENDED)
    for part in records.parts:
        np.minimum.at(start, part.slots, part.values(START))
    made = replace(made, start=start.take(made.traces))
    # Calls that are told when they end have ended when the last one is told.
    if all(np.array_equal(part.values(END), part.values(AT)) for part in records.parts):
        return made
    end = np.full(records.size, BEGINNING)
    for part in records.parts:
        np.maximum.at(end, part.slots, part.values(END))
    return replace(made, end=end.take(made.traces))
