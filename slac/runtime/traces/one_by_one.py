"""Few spans, gone through one by one: the hundred calls of libraries that say it by columns cost more than such rows.

A trace is open from its first span until nothing more of it can come. Spans come in the total order, so each is looked
at once, and traces that are over are judged together: those of a shape (operations, and who called whom) that was seen
before take over what columns have said of the first of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

import numpy as np
import polars as pl

from slac.plan.nodes import TracesNode
from slac.runtime.traces.cutting import Open
from slac.runtime.traces.groups import Groups, Hashes
from slac.runtime.traces.known import Ended
from slac.runtime.traces.records import KEY
from slac.runtime.traces.span_lists import SpanLists
from slac.runtime.traces.told_one_by_one import Told
from slac.stream.ids import hash_hashed, hash_values

Judge = Callable[[pl.DataFrame, Groups], pl.DataFrame]


@dataclass(slots=True, eq=False)
class Trace:
    """Spans of one key (`SpanLists`) in the total order, and when they are over if nothing more comes (µs).

    `begin`: when the first was seen; `reach`: the latest instant that one tells of; `hashed`: each column of the key.
    """

    spans: list[tuple[Any, ...]]
    begin: int
    reach: int
    due: int
    hashed: tuple[int, ...] = ()
    fragment: bool = False
    is_over: bool = False


class OneByOne:
    """Open traces by key. `judge` says of whole traces what is the same in all of their shape."""

    def __init__(self, node: TracesNode, document: str, judge: Judge) -> None:
        self._timeout, self._within, self._retain = node.spec.timeout, node.spec.within, node.retain
        self._lists = SpanLists(node)
        self._told = Told(node, document, judge, self._lists)
        self._open: dict[Any, Trace] = {}
        self._due: list[tuple[int, int, Trace]] = []
        self._turn = 0
        self.records = 0

    def __len__(self) -> int:
        return len(self._open)

    @property
    def keys(self) -> list[Hashes]:
        """Hashes of the keys of open traces."""
        return [self._keys(list(self._open.values()))] if self._open else []

    @property
    def lowest(self) -> int | None:
        """When the first trace is over, if nothing more comes."""
        while self._due:
            due, _, trace = self._due[0]
            if not trace.is_over and trace.due == due:
                return due
            heappop(self._due)
            if not trace.is_over:
                self._wait(trace)
        return None

    @property
    def highest(self) -> int | None:
        """When the last trace is over."""
        return max((t.due for t in self._open.values()), default=None)

    def take(self, frames: Iterable[pl.DataFrame], watermark: int, ended: Ended) -> pl.DataFrame | None:
        """Take rows before the watermark, in the total order; rows of the traces that are over at it, in order.

        `ended` hears of these. None where there are none.
        """
        over: list[Trace] = []
        new: list[tuple[Any, Trace]] = []
        for frame in frames:
            self._lists.learn(frame)
            self.records += frame.height
            self._enter(self._lists.of(frame), over, new)
        self._acquaint(new, ended)
        key_of = self._lists.key_of
        for trace in self._silent(watermark):
            del self._open[key_of(trace.spans[0])]
            over.append(trace)
        if not over:
            return None
        self.records -= sum(len(t.spans) for t in over)
        ended.add(self._keys(over), np.array([t.due for t in over], np.int64))
        return self._told.rows(over)

    def _silent(self, watermark: int) -> Iterator[Trace]:
        """Those of which nothing more can come at the watermark."""
        waiting = self._due
        while waiting and waiting[0][0] <= watermark:
            trace = heappop(waiting)[2]
            if trace.is_over:
                continue
            if trace.due > watermark:
                self._wait(trace)
            else:
                trace.is_over = True
                yield trace

    def leave(self) -> list[Open]:
        """All that is open, as columns; nothing is left."""
        found = self.open()
        self._open, self._due, self.records = {}, [], 0
        return found

    def open(self) -> list[Open]:
        """All that is open, as columns."""
        traces = list(self._open.values())
        if not traces:
            return []
        groups = Groups.sized(np.array([len(t.spans) for t in traces], np.int64))
        frame = self._lists.frame(span for t in traces for span in t.spans)
        key = pl.Series(KEY, groups.spread(self._keys(traces)))
        due = np.array([t.due for t in traces], np.int64)
        fragment = np.array([t.fragment for t in traces], np.bool_)
        return [Open(frame=frame.hstack([key]), groups=groups, due=due, fragment=fragment)]

    def adopt(self, going: Iterable[Open]) -> None:
        """Go on with traces that were held as columns."""
        for held in going:
            self._lists.learn(held.frame)
            spans = self._lists.again(held.frame)
            sizes, dues, fragments = held.groups.counts.tolist(), held.due.tolist(), held.fragment.tolist()
            traces = []
            for size, due, fragment in zip(sizes, dues, fragments, strict=True):
                trace = self._of([next(spans) for _ in range(size)], due, fragment=fragment)
                traces.append((self._lists.key_of(trace.spans[0]), trace))
            for (key, trace), hashed in zip(traces, self._hashed(traces), strict=True):
                trace.hashed = hashed
                self._open[key] = trace
                self._wait(trace)
                self.records += len(trace.spans)

    def _of(self, spans: list[tuple[Any, ...]], due: int, *, fragment: bool) -> Trace:
        begin = spans[0][0]
        reach = min(max(self._lists.reach_of(span) for span in spans), begin + self._within)
        return Trace(spans, begin, reach, due, fragment=fragment)

    def _enter(
        self, spans: Iterator[tuple[Any, int, tuple[Any, ...]]], over: list[Trace], new: list[tuple[Any, Trace]]
    ) -> None:
        """Put each to its trace; `over` and `new` hear of traces that end and begin."""
        traces, timeout, within = self._open, self._timeout, self._within
        for key, reach, span in spans:
            at = span[0]
            trace = traces.get(key)
            if trace is not None and at < trace.due:
                trace.spans.append(span)
                if reach > trace.reach:
                    end = trace.begin + within
                    trace.reach = min(reach, end)
                    trace.due = min(trace.reach + timeout, end)
                continue
            end = at + within
            following = Trace([span], at, min(reach, end), min(reach + timeout, end))
            if trace is None:
                new.append((key, following))
            else:
                trace.is_over = True
                over.append(trace)
                following.fragment = at - trace.due < self._retain
                following.hashed = trace.hashed
                if not trace.hashed:
                    # It has begun in this portion itself.
                    new.append((key, following))
            traces[key] = following
            self._wait(following)

    def _acquaint(self, new: Sequence[tuple[Any, Trace]], ended: Ended) -> None:
        """Whether traces of these keys have ended before, of those that follow no other one here."""
        if not new:
            return
        for (_, trace), hashed in zip(new, self._hashed(new), strict=True):
            trace.hashed = hashed
        before = ended.latest(self._keys([trace for _, trace in new])).tolist()
        begun: set[Any] = set()
        for (key, trace), last in zip(new, before, strict=True):
            if key not in begun:
                trace.fragment = trace.begin - last < self._retain
                begun.add(key)

    def _hashed(self, traces: Sequence[tuple[Any, Trace]]) -> Iterator[tuple[int, ...]]:
        columns = self._lists.keys(trace.spans[0] for _, trace in traces)
        return zip(*(hash_values(column).tolist() for column in columns), strict=True)

    def _keys(self, traces: Sequence[Trace]) -> Hashes:
        """As `hash_columns` has them."""
        return hash_hashed(len(traces), np.array([t.hashed for t in traces], np.uint64).T, 0)

    def _wait(self, trace: Trace) -> None:
        self._turn += 1
        heappush(self._due, (trace.due, self._turn, trace))
