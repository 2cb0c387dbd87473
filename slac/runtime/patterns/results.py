"""From matches to rows: ids, keys and the columns of `select`, all matches at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
import xxhash

from slac.plan.lowering import lower
from slac.plan.nodes import PatternNode
from slac.runtime.patterns.evaluator import Match
from slac.runtime.patterns.meaning import Understood
from slac.runtime.patterns.rows import Row, array_series, series_of
from slac.runtime.patterns.sight import ARRAY, columns_in
from slac.stream.batch import ID, TIME, TIME_TYPE
from slac.stream.ids import row_ids
from slac.stream.types import to_polars

__all__ = ["Found", "Results"]

_OCCURRENCE: Final = "#occurrence"
_KEY: Final = "#key"
_ID_OF: Final = "#id of "


@dataclass(frozen=True, slots=True)
class Found:
    """A match, and the key in which it was found."""

    key: tuple[Any, ...]
    match: Match


class Results:
    """Makes rows of matches: `_time`, `_id`, then the node's schema; in order of time, then key, then delivery."""

    def __init__(self, node: PatternNode, understood: Understood, document: str) -> None:
        self._node = node
        self._understood = understood
        self._document = document
        self._columns = [lower(c.expr).cast(to_polars(c.expr.dtype)).alias(c.name) for c in node.columns]
        self._read = {c.name: c for column in node.columns for c in columns_in(column.expr)}

    def frame(self, found: Sequence[Found]) -> pl.DataFrame:
        """The rows of some matches, which are all of their instants."""
        times = pl.Series(TIME, [f.match.time for f in found], dtype=pl.Int64).cast(TIME_TYPE)
        keys = self._keys(found)
        tags = [self._tag_ids(t.name, found) for t in self._node.tags]
        occurrence = pl.Series(_OCCURRENCE, self._occurrences(found, tags), dtype=pl.Int64)
        whole = pl.DataFrame([times, *keys, *tags, occurrence])
        named = [*self._node.keys, TIME, *(t.name for t in tags), _OCCURRENCE]
        ids = row_ids(whole, self._document, self._node.block, named)
        order = row_ids(whole, self._document, self._node.block, self._node.keys).alias(_KEY)
        columns = pl.DataFrame([times, ids, order, *keys, *self._bound(found)])
        meta = [pl.col(n) for n in (TIME, ID, _KEY)]
        rows = columns.select(*meta, *map(pl.col, self._node.keys), *self._columns)
        return rows.sort(TIME, _KEY, maintain_order=True).drop(_KEY)

    def _keys(self, found: Sequence[Found]) -> list[pl.Series]:
        schema = self._node.schema
        return [
            series_of(name, [f.key[n] for f in found], schema[name].dtype) for n, name in enumerate(self._node.keys)
        ]

    def _tag_ids(self, tag: str, found: Sequence[Found]) -> pl.Series:
        """The id of the row that a tag holds; of several, a hash of theirs."""
        return pl.Series(_ID_OF + tag, [_id_of(f.match.tags.get(tag)) for f in found], dtype=pl.UInt64)

    def _occurrences(self, found: Sequence[Found], tags: Sequence[pl.Series]) -> list[int]:
        """Which of equal matches of one instant each one is."""
        seen: dict[tuple[Any, ...], int] = {}
        numbers = []
        for f, ids in zip(found, zip(*tags, strict=True) if tags else ((),) * len(found), strict=True):
            same = (f.key, f.match.time, ids)
            numbers.append(seen.get(same, 0))
            seen[same] = numbers[-1] + 1
        return numbers

    def _bound(self, found: Sequence[Found]) -> list[pl.Series]:
        """The columns of tags that `select` reads."""
        made = []
        for spec in self._node.tags:
            rows = self._understood.rows[spec.port]
            bound = [f.match.tags.get(spec.name) for f in found]
            if spec.array:
                whole = self._read.get(spec.name + ARRAY)
                if whole is not None:
                    made.append(array_series(whole.name, bound, rows, to_polars(whole.dtype)))
                continue
            names = [c.removeprefix(f"{spec.name}.") for c in self._read if c.startswith(f"{spec.name}.")]
            for name in names:
                place = rows.places[name]
                values = [None if b is None else b.values[place] for b in bound]
                made.append(series_of(f"{spec.name}.{name}", values, rows.types[name]))
        return made


def _id_of(bound: Row | tuple[Row, ...] | None) -> int | None:
    match bound:
        case None:
            return None
        case tuple():
            return xxhash.xxh3_64_intdigest(np.array([r.id for r in bound], dtype="<u8").tobytes())
        case _:
            return bound.id
