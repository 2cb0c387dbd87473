"""Spans as tuples of plain values, and back: (`_at`, `_id`, keys, operation, host, span, parent, start, end)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any, Final

import numpy as np
import polars as pl

from slac.plan.nodes import TracesNode
from slac.plan.traces import HOST
from slac.runtime.audits.held import AT
from slac.runtime.operator import BEGINNING
from slac.runtime.traces.complete import filled
from slac.runtime.traces.records import END, HOST_OF, OPERATION, PARENT, SPAN, START
from slac.stream.batch import ID, TIME_TYPE
from slac.stream.framing import column_of_values, frame_of

FIRST_KEY: Final = 2
"""The place of the first column of the key."""
_LASTING: Final = pl.Duration("us")
Span = tuple[Any, ...]


class SpanLists:
    """How one node's spans are taken apart and put together. Without classes by host, `host` is NULL in all."""

    def __init__(self, node: TracesNode) -> None:
        self._names, self._spec = node.keys, node.spec
        self._types: dict[str, pl.DataType] = {}
        self._behind = FIRST_KEY + len(node.keys)
        """The place of the operation."""

    def learn(self, frame: pl.DataFrame) -> None:
        """Note of which types keys are, for columns that are made of them."""
        if not self._types:
            self._types = {name: frame[name].dtype for name in self._names}

    def of(self, rows: pl.DataFrame) -> Iterator[tuple[Any, int, Span]]:
        """Of each row with `_at` its key, the latest instant that it tells of (µs), and itself."""
        at, start = rows[AT], self._micros(rows, "start", TIME_TYPE)
        end = start + self._micros(rows, "duration", _LASTING)
        reach = np.maximum(at.to_numpy(), np.maximum(filled(start, BEGINNING), filled(end, BEGINNING)))
        keys = [rows[name].to_list() for name in self._names]
        parents = [p if p and p.strip("0") else None for p in self._texts(rows, "parent")]
        hosts = self._texts(rows, HOST) if self._spec.by_host else repeat(None, rows.height)
        operations, names = self._texts(rows, "operation"), self._texts(rows, "span")
        spans = zip(
            at.to_list(),
            rows[ID].to_list(),
            *keys,
            operations,
            hosts,
            names,
            parents,
            start.to_list(),
            end.to_list(),
            strict=True,
        )
        named = keys[0] if len(keys) == 1 else zip(*keys, strict=True)
        return zip(named, reach.tolist(), spans, strict=True)

    def key_of(self, span: Span) -> Any:
        """The key of a span, as `of` tells it."""
        return span[FIRST_KEY] if self._behind == FIRST_KEY + 1 else span[FIRST_KEY : self._behind]

    def reach_of(self, span: Span) -> int:
        """The latest instant that a span tells of (µs)."""
        at, start, end = span[0], span[-2], span[-1]
        return int(max(at if start is None else start, at if end is None else end, at))

    def called(self, columns: tuple[Span, ...]) -> tuple[Span, ...]:
        """Of the columns of a trace: operations, hosts, names of spans, parents, beginnings and ends."""
        return columns[self._behind :]

    def keys(self, spans: Iterable[Span]) -> list[pl.Series]:
        """The columns of the key."""
        found = zip(*(s[FIRST_KEY : self._behind] for s in spans), strict=True)
        return [column_of_values(n, values, self._types[n]) for n, values in zip(self._names, found, strict=True)]

    def frame(self, spans: Iterable[Span]) -> pl.DataFrame:
        """The spans as `records` has them."""
        types = {AT: pl.Int64(), ID: pl.UInt64(), **self._types, OPERATION: pl.String(), HOST_OF: pl.String()}
        types |= {SPAN: pl.String(), PARENT: pl.String(), START: pl.Int64(), END: pl.Int64()}
        columns = zip(*spans, strict=True)
        made = [column_of_values(n, values, dtype) for (n, dtype), values in zip(types.items(), columns, strict=True)]
        return frame_of([c for c in made if c.name != HOST_OF or self._spec.by_host])

    def again(self, records: pl.DataFrame) -> Iterator[Span]:
        """The spans of which `frame` was made."""
        names = (AT, ID, *self._names, OPERATION, HOST_OF, SPAN, PARENT, START, END)
        hosts = repeat(None, records.height)
        lacking = HOST_OF not in records.columns
        return zip(*(hosts if n == HOST_OF and lacking else records[n].to_list() for n in names), strict=True)

    def _texts(self, rows: pl.DataFrame, role: str) -> list[str | None]:
        column = rows[self._spec.columns[role]]
        return (column if column.dtype == pl.String else column.cast(pl.String)).to_list()

    def _micros(self, rows: pl.DataFrame, role: str, dtype: pl.DataType) -> pl.Series:
        column = rows[self._spec.columns[role]]
        return (column if column.dtype == dtype else column.cast(dtype)).cast(pl.Int64)
