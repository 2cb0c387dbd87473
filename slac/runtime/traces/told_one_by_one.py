"""Rows of few traces that are over, each with the verdict of its shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from slac.plan.nodes import TracesNode
from slac.runtime.traces.groups import Groups
from slac.runtime.traces.span_lists import SpanLists
from slac.stream.batch import ID, TIME, TIME_TYPE
from slac.stream.framing import column_of, column_of_values, frame_of
from slac.stream.ids import hash_hashed, hash_text, hash_values

if TYPE_CHECKING:
    from slac.runtime.traces.one_by_one import Trace

_MOST: Final = 1024
"""So many shapes are remembered, and then all forgotten …"""
_LONG: Final = 256
"""… of at most so many calls."""
_ROOT: Final = -1
_WHOLE: Final = pl.Int64()
Verdict = dict[str, Any]
Shape = tuple[tuple[Any, ...], ...]


class Told:
    """Makes the rows of one node, as `TraceRows` does; `judge` says of whole traces what is the same in a shape."""

    def __init__(
        self,
        node: TracesNode,
        document: str,
        judge: Callable[[pl.DataFrame, Groups], pl.DataFrame],
        lists: SpanLists,
    ) -> None:
        self._node, self._types, self._judge, self._lists = node, node.schema.polars(), judge, lists
        self._salt = hash_text(document, node.block)
        self._shapes: dict[Shape, Verdict] = {}

    def rows(self, over: Sequence[Trace]) -> pl.DataFrame:
        """One row a trace, in the order of (`_time`, `_id`)."""
        firsts = column_of(ID, np.array([t.spans[0][1] for t in over], np.uint64))
        hashed = np.array([t.hashed for t in over], np.uint64).T
        ids = hash_hashed(len(over), (*hashed, hash_values(firsts)), self._salt)
        ended = np.array([t.due for t in over], np.int64)
        order = np.lexsort((ids, ended))
        traces = [over[i] for i in order.tolist()]
        columns = [tuple(zip(*t.spans, strict=True)) for t in traces]
        verdicts = list(map(self._overruled, traces, self._verdicts(traces, columns)))
        starts = [min(_known(c[-2], c[0])) for c in columns]
        lasting = [max(max(_known(c[-1], c[0])) - s, 0) for c, s in zip(columns, starts, strict=True)]
        found = {c.name: c for c in self._lists.keys(t.spans[0] for t in traces)}
        found["start"] = column_of_values("start", starts, _WHOLE).cast(TIME_TYPE)
        found["duration"] = column_of_values("duration", lasting, _WHOLE).cast(pl.Duration("us"))
        made = (
            found[n] if n in found else column_of_values(n, [v[n] for v in verdicts], t) for n, t in self._types.items()
        )
        return frame_of([column_of(TIME, ended[order]).cast(TIME_TYPE), column_of(ID, ids[order]), *made])

    def _verdicts(self, traces: Sequence[Trace], columns: Sequence[tuple[tuple[Any, ...], ...]]) -> list[Verdict]:
        shapes = [_shape(*self._lists.called(c)) for c in columns]
        found = [None if s is None else self._shapes.get(s) for s in shapes]
        # Of a shape that comes for the first time, one is asked for; of what has none, each.
        asked = {n if (s := shapes[n]) is None else s: n for n, known in enumerate(found) if known is None}
        if asked:
            chosen = [traces[n] for n in asked.values()]
            groups = Groups.sized(np.array([len(t.spans) for t in chosen], np.int64))
            judged = self._judge(self._lists.frame(span for t in chosen for span in t.spans), groups)
            said = dict(zip(asked, judged.rows(named=True), strict=True))
            found = [v or said[n if (s := shapes[n]) is None else s] for n, v in enumerate(found)]
            self._remember({s: v for s, v in said.items() if isinstance(s, tuple) and len(s[0]) <= _LONG})
        return [v for v in found if v is not None]

    def _remember(self, said: dict[Shape, Verdict]) -> None:
        if len(self._shapes) + len(said) > _MOST:
            self._shapes = {}
        self._shapes |= said

    def _overruled(self, trace: Trace, verdict: Verdict) -> Verdict:
        """With what is known of its end, as `rows.py` has it of many: nobody gives up a trace here."""
        spec = self._node.spec
        reason = verdict["reason"]
        if reason in {"gap", "stack"} and trace.begin + spec.within < trace.reach + spec.timeout:
            reason = "within"
        if trace.fragment:
            return {**verdict, "valid": False, "reason": "fragment", "depth": None, "class": None}
        return verdict if reason == verdict["reason"] else {**verdict, "reason": reason}


def _shape(
    operations: tuple[Any, ...],
    hosts: tuple[Any, ...],
    names: tuple[Any, ...],
    parents: tuple[Any, ...],
    starts: tuple[Any, ...],
    ends: tuple[Any, ...],
) -> Shape | None:
    """What decides on a verdict; None where spans have the same name, or lack something."""
    places: dict[Any, int] = dict(zip(names, range(len(names)), strict=True))
    if len(places) < len(names) or None in places or None in starts or None in ends:
        return None
    places[None] = _ROOT
    return (operations, hosts, tuple(map(places.get, parents)))


def _known(instants: tuple[Any, ...], at: tuple[Any, ...]) -> tuple[int, ...]:
    """Of instants, each of which may be missing: then that at which the span was seen counts."""
    if None not in instants:
        return instants
    return tuple(seen if instant is None else instant for instant, seen in zip(instants, at, strict=True))
