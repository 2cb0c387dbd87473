"""Traces that are over become rows: one a trace, sound or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import polars as pl

from slac.plan.nodes import TracesNode
from slac.runtime.audits.held import AT
from slac.runtime.traces.classes import class_text, classes, signatures, text_hashes
from slac.runtime.traces.cutting import COMPLETE, GIVEN_UP, TOO_LONG, Cut
from slac.runtime.traces.events import judge_events
from slac.runtime.traces.executions import judge_executions
from slac.runtime.traces.groups import Groups, Hashes, Longs
from slac.runtime.traces.judged import CODE, NO_ROW, OK, REASONS, Judged
from slac.runtime.traces.records import END, OPERATION, START
from slac.runtime.traces.shapes import PLAIN
from slac.runtime.traces.spans import judge_spans
from slac.runtime.traces.together import Together
from slac.runtime.traces.whole import Whole
from slac.stream.batch import ID, TIME, TIME_TYPE, WEIGHT
from slac.stream.framing import column_of, frame_of, places_of
from slac.stream.ids import row_ids
from slac.stream.order import reordered

_REASON_TEXT: Final = pl.Series("reason", list(REASONS), dtype=pl.String)


class TraceRows:
    """Makes the rows of one node.

    `_time`: when the trace was complete, or fell due; `_id` hashed from (document, block, key, id of the trace's first
    record); `_weight` where its records carry one; then the node's schema.
    """

    def __init__(self, node: TracesNode, document: str) -> None:
        self._node, self._document = node, document
        self._types = node.schema.polars()

    def of(self, cut: Cut) -> pl.DataFrame:
        """One row a trace, in any order."""
        frame, groups = cut.frame, cut.groups
        start = groups.lowest(_filled(frame, START))
        end = groups.highest(_filled(frame, END))
        verdict = self._verdict(frame, groups, lambda reason: _overruled(reason, cut))[1]
        first = frame[places_of(groups.first)]
        return self._finished(first, self._ids(first), cut.ended - (cut.cause == COMPLETE), start, end, verdict)

    def verdicts(self, frame: pl.DataFrame, groups: Groups) -> pl.DataFrame:
        """What `shapes.py` remembers of whole traces: `_plain`, and what is the same in all of their shape."""
        judged, verdict = self._verdict(frame, groups, lambda reason: reason)
        return verdict.with_columns(pl.Series(PLAIN, judged.found == OK))

    def of_whole(self, records: Together, found: Whole, verdicts: pl.DataFrame) -> pl.DataFrame:
        """One row a trace, in the order of (`_time`, `_id`); `verdicts` are those of the shapes."""
        # Mostly they are in the order of their last records, with which they are complete.
        if (found.complete[1:] < found.complete[:-1]).any():
            found = found.part(np.argsort(found.complete))
        meta = [n for n in (ID, WEIGHT) if n in records.parts[0].frame.columns]
        first = self._first(records, found, meta)
        ids = self._ids(first)
        order = reordered(found.complete, ids.to_numpy())
        at, start, end, shape = found.complete, found.start, found.end, found.shape
        if order is not None:
            at, start, end, shape = (values.take(order) for values in (at, start, end, shape))
            places = places_of(order)
            first, ids = first[places], ids[places]
        shapes = places_of(shape)
        # Each by itself: what nobody reads is not made.
        verdict = frame_of([verdicts[n][shapes] for n in verdicts.columns if n in self._types])
        return self._finished(first, ids, at, start, end, verdict)

    def _first(self, records: Together, found: Whole, meta: Sequence[str]) -> pl.DataFrame:
        """Meta columns and keys of the first records."""
        integers = records.integers_of(found.traces)
        if integers is None:
            return records.rows(found.row, list(dict.fromkeys((*meta, *self._node.keys))))
        rows = records.rows(found.row, meta)
        return frame_of([*rows.get_columns(), column_of(self._node.keys[0], integers)])

    def _verdict(
        self, frame: pl.DataFrame, groups: Groups, overrule: Callable[[Longs], Longs]
    ) -> tuple[Judged, pl.DataFrame]:
        """What is said of traces apart from times and keys."""
        signature = signatures(frame, self._node.spec)
        judged = self._judge(frame, groups, signature)
        reason = overrule(judged.reason)
        columns = [
            pl.Series("valid", reason == OK),
            _REASON_TEXT[reason],
            _rows_or_null(frame[OPERATION], judged.root).alias("root"),
            column_of("calls", judged.count),
        ]
        return judged, frame_of(columns + self._inside(judged, reason, frame, signature))

    def _ids(self, first: pl.DataFrame) -> pl.Series:
        return row_ids(first, self._document, self._node.block, (*self._node.keys, ID))

    def _finished(
        self, first: pl.DataFrame, ids: pl.Series, at: Longs, start: Longs, end: Longs, verdict: pl.DataFrame
    ) -> pl.DataFrame:
        """Rows of traces whose first records these are; instants in µs."""
        meta = [n for n in (ID, WEIGHT) if n in first.columns]
        found = {s.name: s for s in (*(first[n] for n in (*meta, *self._node.keys)), *verdict)}
        found[ID] = ids
        found[TIME] = column_of(TIME, at).cast(TIME_TYPE)
        if "start" in self._types:
            found["start"] = column_of("start", start).cast(TIME_TYPE)
        if "duration" in self._types:
            found["duration"] = column_of("duration", np.maximum(end - start, 0)).cast(pl.Duration("us"))
        return frame_of([found[n] for n in (TIME, *meta)] + [found[n].cast(t) for n, t in self._types.items()])

    def _judge(self, frame: pl.DataFrame, groups: Groups, signature: Hashes) -> Judged:
        spec = self._node.spec
        match spec.form:
            case "executions":
                return judge_executions(frame, groups)
            case "spans":
                return judge_spans(frame, groups, signature)
            case "events":
                operation = text_hashes(frame[OPERATION]) if spec.by_host else signature
                return judge_events(frame, groups, operation, repair=spec.repair)

    def _inside(self, judged: Judged, reason: Longs, frame: pl.DataFrame, signature: Hashes) -> list[pl.Series]:
        """Depth, class and calls of the valid traces."""
        calls, count = judged.calls, len(reason)
        made = judged.classes
        if made is None:
            made = classes(signature[calls.rows], calls.groups.position(), calls.depths, calls.groups)
        place = np.full(count, NO_ROW)
        place[calls.traces] = np.arange(len(calls.traces))
        place[reason != OK] = NO_ROW
        found = [
            _rows_or_null(pl.Series(calls.groups.highest(calls.depths), dtype=pl.Int64), place).alias("depth"),
            _rows_or_null(class_text(made), place).alias("class"),
        ]
        if self._node.spec.repair:
            repaired = np.zeros(count, np.bool_)
            repaired[calls.traces] = True
            found.append(pl.Series("repaired", repaired & (reason == OK) & (judged.found != OK)))
        if self._node.spec.operations:
            listed = pl.struct(frame[OPERATION].gather(calls.rows).alias("operation"), depth=pl.Series(calls.depths))
            lists = pl.select(listed.alias("operations"), trace=pl.Series(calls.groups.number)).group_by(
                "trace", maintain_order=True
            )
            found.append(_rows_or_null(lists.agg("operations")["operations"], place).fill_null([]))
        return found


def _overruled(reason: Longs, cut: Cut) -> Longs:
    """What the trace is said to lack, with what is known of its end: one that was cut off may lack what came later."""
    reason = np.where((cut.cause == TOO_LONG) & (reason > CODE["within"]), CODE["within"], reason)
    reason = np.where(cut.cause == GIVEN_UP, CODE["limit"], reason)
    return np.where(cut.fragment, CODE["fragment"], reason)


def _filled(frame: pl.DataFrame, name: str) -> Longs:
    if not frame[name].null_count():
        return frame[name].to_numpy()
    return frame.select(pl.col(name).fill_null(pl.col(AT))).to_series().to_numpy()


def _rows_or_null(values: pl.Series, rows: Longs) -> pl.Series:
    """The values at these rows; NULL where the row is −1."""
    if not len(values):
        return values.clear(len(rows))
    # Not by `gather`, which would start a query: what is missing stands behind all others.
    longer = pl.concat([values, pl.Series(values.name, [None], values.dtype)], rechunk=True)
    return longer[places_of(np.where(rows == NO_ROW, len(values), rows))]
