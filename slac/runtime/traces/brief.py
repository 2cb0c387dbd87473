"""Traces that are too short for whoever reads them: they are told by a look at all their spans at once, and not made.

Where every reader of traces keeps only those that last longer than so much (`least`), most traces are never heard of.
Their spans stay held, are looked at by columns once in a `timeout`, and leave when their trace is over. All others, and
whatever has gone on elsewhere before, goes the way of all traces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from slac.plan.expressions import AnyExpr, Call, Column, Literal
from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, SelectNode, TracesNode
from slac.plan.tag_columns import conjuncts
from slac.plan.traces import TraceSpec
from slac.runtime.audits.held import AT, HeldRows
from slac.runtime.operator import BEGINNING
from slac.runtime.traces.complete import filled
from slac.runtime.traces.groups import Flags, Hashes, Longs
from slac.runtime.traces.known import Ended
from slac.stream.batch import MARKS, TIME_TYPE
from slac.stream.ids import hash_columns
from slac.stream.types import Duration

MOST: Final = 1 << 15
"""So many spans are held at most."""
_LASTING: Final = "duration"
_TURNED: Final = {"<": ">", "<=": ">="}


def least(plan: Plan) -> dict[str, int]:
    """By id of traces of spans: who lasts no longer than so many µs is kept by no reader."""
    found = {}
    for node in plan.nodes:
        if isinstance(node, TracesNode) and _is_plain(node.spec):
            most = min(map(_kept_from, plan.readers(node.id)), default=BEGINNING)
            # A trace that is cut in two, by silence or because it takes too long, must not pass for a short one.
            if 0 <= most < min(node.spec.timeout, node.spec.within):
                found[node.id] = most
    return found


def _is_plain(spec: TraceSpec) -> bool:
    return spec.form == "spans" and not (spec.operations or spec.repair)


def _kept_from(reader: AnyNode) -> int:
    """A reader keeps only what lasts longer than so many µs."""
    where = reader.where if isinstance(reader, SelectNode) else None
    return BEGINNING if where is None else max(_bounds(where), default=BEGINNING)


def _bounds(where: AnyExpr) -> Iterator[int]:
    """What a condition keeps lasts longer than each of these (µs)."""
    for part in conjuncts(where):
        match part:
            case Call(function=word, args=(Column(name=name), Literal(dtype=Duration(), value=int(length)))):
                pass
            case Call(function=turned, args=(Literal(dtype=Duration(), value=int(length)), Column(name=name))):
                word = _TURNED.get(turned, "")
            case _:
                continue
        if name == _LASTING and word in (">", ">="):
            yield length if word == ">" else length - 1


@dataclass(slots=True)
class Brief:
    """Looks through what is held. `most`: as of `least`; `seen`: all before this instant (µs) has been looked at."""

    keys: Sequence[str]
    spec: TraceSpec
    most: int
    seen: int = BEGINNING

    def due(self, low: int) -> int:
        """The lowest watermark at which a trace that somebody keeps can be over; `low`: the time of the first held row.

        Those aside that go on elsewhere.
        """
        return min(max(low, self.seen) + self.spec.timeout, low + self.spec.within)

    def fits(self, held: HeldRows, traces: int, records: int) -> bool:
        """Whether so little is held, with what is open elsewhere, that no bound can bite, and all says what it is."""
        rows = held.rows
        return rows + records <= MOST and rows + traces <= self.spec.limit and not held.has(MARKS)

    def sift(
        self, held: HeldRows, watermark: int, ended: Ended, taken: Sequence[Hashes]
    ) -> tuple[list[pl.DataFrame], int]:
        """The rows before the watermark that go the way of all, in the total order, and how many traces are over.

        `taken`: keys of traces that go on there already; `ended` hears of those that are over.
        """
        self.seen = max(self.seen, watermark)
        parts = held.release_parts(watermark)
        if not parts:
            return [], 0
        frame, rest = self._named(parts[0] if len(parts) == 1 else pl.concat(parts, rechunk=True))
        if not frame.height:
            return rest, 0
        found = self._groups(frame)
        short = found.reach - found.low <= self.most
        if taken:
            short &= ~np.isin(found.keys, np.concatenate(taken))
        is_over = found.due <= watermark
        gone = short & is_over
        ended.add(found.keys[gone], found.due[gone])
        waits, others = found.spread(short & ~is_over), found.spread(~short)
        if waits.any():
            held.add(frame.filter(pl.Series(waits)).drop(AT), ordered=True)
        if others.any():
            rest.append(frame.filter(pl.Series(others)))
        return rest, int(np.count_nonzero(gone))

    def _named(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
        """The rows that have a key, and the others, of which others know what to do."""
        if not any(frame[key].null_count() for key in self.keys):
            return frame, []
        named = pl.all_horizontal(pl.col(*self.keys).is_not_null())
        return frame.filter(named), [frame.filter(~named)]

    def _groups(self, frame: pl.DataFrame) -> _Groups:
        columns = self.spec.columns
        at, start = frame[AT], _micros(frame[columns["start"]], TIME_TYPE)
        end = start + _micros(frame[columns["duration"]], pl.Duration("us"))
        begun = filled(start, BEGINNING)
        seen = at.to_numpy()
        reach = np.maximum(seen, np.maximum(begun, filled(end, BEGINNING)))
        low = np.where(begun == BEGINNING, seen, np.minimum(begun, seen))
        hashes = hash_columns(frame, list(self.keys), 0).to_numpy()
        order = np.argsort(hashes, kind="stable")
        sorted_ = hashes[order]
        is_first = np.ones(len(order), np.bool_)
        is_first[1:] = sorted_[1:] != sorted_[:-1]
        first = np.flatnonzero(is_first)
        reached = np.maximum.reduceat(reach[order], first)
        # Rows are in the order of time, and the sort keeps it.
        due = np.minimum(reached + self.spec.timeout, seen[order[first]] + self.spec.within)
        return _Groups(
            keys=sorted_[first],
            low=np.minimum.reduceat(low[order], first),
            reach=reached,
            due=due,
            order=order,
            of=np.cumsum(is_first) - 1,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Groups:
    """Spans by key: earliest instant, latest one and end of each (µs). `of`: the group of each row of `order`."""

    keys: Hashes
    low: Longs
    reach: Longs
    due: Longs
    order: Longs
    of: Longs

    def spread(self, chosen: Flags) -> Flags:
        """For each row, in the order in which it came, whether its group is chosen."""
        marks = np.empty(len(self.order), np.bool_)
        marks[self.order] = chosen[self.of]
        return marks


def _micros(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    return (column if column.dtype == dtype else column.cast(dtype)).cast(pl.Int64)
