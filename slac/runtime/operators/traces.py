"""Traces: records of calls, together by trace, become one row a trace, valid or with the reason why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl

from slac.plan.nodes import TracesNode
from slac.runtime.audits.held import AT, HeldRows
from slac.runtime.operator import BEGINNING, Operator, OperatorContext, State
from slac.runtime.operators.on_time import on_time
from slac.runtime.traces.brief import Brief
from slac.runtime.traces.complete import balanced
from slac.runtime.traces.cutting import Cut, cut
from slac.runtime.traces.known import Ended
from slac.runtime.traces.numbered import Numbered, numbered
from slac.runtime.traces.one_by_one import OneByOne
from slac.runtime.traces.portions import Portions
from slac.runtime.traces.records import FEW, KEY, records
from slac.runtime.traces.rows import TraceRows
from slac.runtime.traces.shapes import Shapes, every
from slac.runtime.traces.together import together
from slac.runtime.traces.waiting import Waiting
from slac.runtime.traces.whole import whole
from slac.stream.batch import ID, TIME, Batch
from slac.stream.order import in_order

CELL: Final = 100_000
"""The limit on traces holds at each multiple of this (µs of event time)."""


class TracesOperator(Operator):
    """Rows wait for the watermark; then all that is over becomes rows, in the order of (`_time`, `_id`).

    Rows with NULL in the key belong to no trace and are dropped and counted. Where more than `limit` traces are held
    at the end of a cell of event time, those that began first are given up.
    """

    def __init__(self, node: TracesNode, context: OperatorContext, few: int = FEW) -> None:
        self._node, self._spec = node, node.spec
        self._keys = list(node.keys)
        self._rows = TraceRows(node, context.document)
        self._shapes = Shapes(self._rows.verdicts, balanced if self._spec.form == "events" else every)
        self._held = HeldRows()
        self._waiting, self._ended = Waiting(), Ended()
        self._portions, self._going = Portions(node, few), OneByOne(node, context.document, self._rows.verdicts)
        self._reached = self._cell_end = BEGINNING
        # Spans may be gone through one by one, which knows keys by their hashes.
        can = self._spec.form != "spans" and len(node.keys) == 1 and node.schema.polars()[node.keys[0]] == pl.Int64
        self._integer = node.keys[0] if can else None
        self._brief: Brief | None = None
        self._counts = dict.fromkeys(("late", "without_key", "traces", "invalid"), 0)

    def on_batch(self, port: int, batch: Batch) -> Iterable[Batch]:
        """Hold rows until the watermark has passed them; late ones are dropped and counted."""
        frame = on_time(batch, self._reached)
        self._counts["late"] += batch.height - frame.height
        self._held.add(frame, ordered=batch.ordered)
        return ()

    def spare(self, most: int | None) -> None:
        """From now on nobody hears of traces that last no longer than `most` µs; None: of all."""
        self._brief = None if most is None else Brief(self._keys, self._spec, most)

    def on_watermark(self, watermark: int, *, end: bool = False) -> Iterable[Batch]:
        """Traces that are over."""
        parts = self._released(watermark)
        one_by_one = self._portions.is_few(parts, self._going, self._waiting)
        over = (self._few_over if one_by_one else self._many_over)(parts, watermark)
        said = [found for found in over if found.height]
        self._reached = max(self._reached, watermark)
        self._ended.forget(watermark - self._node.retain - self._spec.within)
        if not said:
            return ()
        out = in_order(said[0] if len(said) == 1 else pl.concat(said), [TIME, ID])
        self._counts["traces"] += out.height
        self._counts["invalid"] += out.height - int(out["valid"].sum())
        return (Batch(out),)

    def next_due(self) -> int | None:
        """Just behind the first row held, when the first trace is over, or when too many are held.

        Where nobody hears of brief ones, not before one that is held can last long.
        """
        due = [d for d in (self._waiting.lowest, self._going.lowest) if d is not None]
        if self._held.lowest is not None:
            brief = self._brief_ones()
            due.append(self._held.lowest + 1 if brief is None else brief.due(self._held.lowest))
        due += [self._cell_end] if len(self._waiting) > self._spec.limit else []
        return min(due, default=None)

    def open_until(self) -> int | None:
        """When the last trace is over."""
        held = [] if self._held.highest is None else [self._held.highest + self._spec.within]
        going = [due for due in (self._waiting.highest, self._going.highest) if due is not None]
        return max([*held, *going], default=None)

    def snapshot(self) -> State:
        """Rows held back, records of open traces, and which traces have ended."""
        frames = {"held": self._held.frame(), "ended": self._ended.frame(), **self._open().frames()}
        values = {"reached": self._reached, "cell_end": self._cell_end, **self._counts}
        return State(values, {n: f for n, f in frames.items() if f is not None})

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        self._reached, self._cell_end = state.values["reached"], state.values["cell_end"]
        self._counts = {n: state.values[n] for n in self._counts}
        self._ended.restore(state.frames["ended"])
        if "records" in state.frames:
            self._waiting.restore(state.frames["records"], state.frames["traces"])
        if "held" in state.frames:
            self._held.add(state.frames["held"])

    def statistics(self) -> Mapping[str, int]:
        """`late` and `without_key`: rows dropped; `traces` and `invalid`: said; `keys`: open traces; `rows`: held."""
        rows = self._held.rows + self._waiting.records + self._going.records
        return {**self._counts, "keys": len(self._waiting) + len(self._going), "rows": rows}

    def _released(self, watermark: int) -> list[pl.DataFrame]:
        """The rows before the watermark, but for those of traces of which nobody hears."""
        brief = self._brief_ones()
        if brief is None:
            return self._held.release_parts(watermark)
        parts, over = brief.sift(self._held, watermark, self._ended, (*self._going.keys, *self._waiting.keys))
        self._counts["traces"] += over
        self.unsaid += over
        return parts

    def _brief_ones(self) -> Brief | None:
        """Who tells which traces nobody hears of, where that can be told now."""
        brief, going, waiting = self._brief, self._going, self._waiting
        if brief is None:
            return None
        fits = brief.fits(self._held, len(going) + len(waiting), going.records + waiting.records)
        return brief if fits else None

    def _open(self) -> Waiting:
        """All that is open, as columns."""
        if not len(self._going):
            return self._waiting
        found = Waiting()
        found.add(self._going.open())
        return found

    def _few_over(self, parts: Sequence[pl.DataFrame], watermark: int) -> Iterator[pl.DataFrame]:
        """What is over, where rows are gone through one by one."""
        frames = [self._named(rows) for rows in parts]
        frames = [f for f in frames if f.height]
        if frames:
            self._cell_end = _cell_end(int(frames[-1][AT][-1]))
        over = self._going.take(frames, watermark, self._ended)
        return iter(() if over is None else (over,))

    def _many_over(self, parts: Sequence[pl.DataFrame], watermark: int) -> Iterator[pl.DataFrame]:
        """What is over, by columns."""
        return self._over([self._records(rows) for rows in parts], watermark)

    def _named(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that have a key."""
        frame = rows.drop_nulls(self._keys) if any(rows[name].null_count() for name in self._keys) else rows
        self._counts["without_key"] += rows.height - frame.height
        return frame

    def _records(self, rows: pl.DataFrame) -> pl.DataFrame:
        frame = records(rows, self._keys, self._spec)
        self._counts["without_key"] += rows.height - frame.height
        return frame

    def _over(self, frames: Sequence[pl.DataFrame], watermark: int) -> Iterator[pl.DataFrame]:
        """Rows of what is over; cell by cell only where the limit may be passed: elsewhere it makes no difference."""
        frames = [f for f in frames if f.height]
        new = numbered(frames, self._keys)
        if len(new.used) > self._spec.limit - len(self._waiting):
            for end in self._cells(frames, watermark):
                before = [f for f in (frame.filter(pl.col(AT) < end) for frame in frames) if f.height]
                yield from self._advance(before, numbered(before, self._keys), end)
                given_up = self._waiting.give_up(len(self._waiting) - self._spec.limit, end)
                if given_up is not None:
                    yield self._told(given_up)
                frames = [f for f in (frame.filter(pl.col(AT) >= end) for frame in frames) if f.height]
            new = numbered(frames, self._keys)
        if frames:
            self._cell_end = _cell_end(int(frames[-1][AT][-1]))
        yield from self._advance(frames, new, watermark)

    def _cells(self, frames: Sequence[pl.DataFrame], watermark: int) -> list[int]:
        """Ends of cells that hold rows, up to the watermark."""
        ends = {self._cell_end} if len(self._waiting) > self._spec.limit else set()
        for frame in frames:
            ends |= set(((frame[AT] // CELL + 1) * CELL).unique().to_list())
        return sorted(e for e in ends if e <= watermark)

    def _advance(self, frames: Sequence[pl.DataFrame], new: Numbered, watermark: int) -> Iterator[pl.DataFrame]:
        """Take the rows (before the watermark) and say which traces are over at it."""
        held = self._waiting.take(new.hashes, watermark) if len(self._waiting) else []
        if not frames and not held:
            return
        found = together(frames, new, held, self._integer)
        before = np.empty(found.size, np.int64)
        before[found.used] = self._ended.latest(found.keys[found.used], found.integers_of(found.used))
        others = np.zeros(found.size, np.bool_)
        others[found.used] = True
        if self._spec.form != "spans":
            last = before[found.used]
            plain = whole(found, self._shapes, last, self._node.retain, self._spec, watermark)
            if len(plain.traces):
                ended = found.keys[plain.traces]
                self._ended.add(ended, plain.complete + 1, found.integers_of(plain.traces))
                yield self._rows.of_whole(found, plain, self._shapes.verdicts)
                others[plain.traces] = False
        if others.any():
            rows, groups = found.only(others)
            over, going = cut(rows, groups, before[others], self._spec, self._node.retain, watermark)
            self._waiting.add(going)
            yield from [self._told(c) for c in over]

    def _told(self, found: Cut) -> pl.DataFrame:
        first = found.groups.first
        integers = None if self._integer is None else found.frame[self._integer].to_numpy()[first]
        self._ended.add(found.frame[KEY].to_numpy()[first], found.ended, integers)
        return self._rows.of(found)


def _cell_end(at: int) -> int:
    return (at // CELL + 1) * CELL
