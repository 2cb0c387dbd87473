"""From matches to rows: ids, keys and the columns of `select`, all matches at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import polars as pl
import xxhash

from slac.plan.at_once import at_once
from slac.plan.expressions import Column
from slac.plan.narrow import Narrow
from slac.plan.nodes import PatternNode, TagSpec
from slac.plan.subexpressions import columns_in
from slac.plan.tag_columns import ARRAY
from slac.runtime.patterns.evaluator import Match
from slac.runtime.patterns.meaning import Understood
from slac.runtime.patterns.rows import Row, array_series, series_of
from slac.runtime.patterns.spread import Plain, Spread
from slac.stream.batch import ID, TIME, TIME_TYPE
from slac.stream.framing import column_of, frame_of
from slac.stream.ids import Hashed, Ids, hash_further, hash_hashed, hash_text, hash_values, ids_behind, mix_hashed
from slac.stream.types import to_polars

__all__ = ["Found", "Results", "array_id", "tag_id"]

_KEY: Final = "#key"
_FEW: Final = 4096
CONSUMED: Final = "_consumed"


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
        self._salt = hash_text(document, node.block)
        self._columns = Narrow([(c.name, c.expr) for c in node.columns])
        self._quick = [(c.name, at_once(c.expr), to_polars(c.expr.dtype)) for c in node.columns]
        self._plain = Plain([(c.name, c.expr) for c in node.columns])
        self._read = {c.name: c for column in node.columns for c in columns_in(column.expr)}
        self.tells_edges = False
        self._edges: list[pl.DataFrame] = []

    def frame(self, found: Sequence[Found]) -> pl.DataFrame:
        """The rows of some matches, which are all of their instants."""
        times = pl.Series(TIME, [f.match.time for f in found], dtype=pl.Int64).cast(TIME_TYPE)
        tags = [self._tag_ids(t.name, found) for t in self._node.tags]
        occurrences = self._occurrences(found, tags)
        hashed = [Hashed(hash_values(tag)) for tag in tags]
        listed = self._listed(found) if self.tells_edges else {}
        bound = [Spread(column) for column in self._bound(found)]
        return self.rows([times, *self._keys(found)], hashed, bound, occurrences, listed=listed)

    def take_edges(self) -> list[pl.DataFrame]:
        """What matches consumed (`_id`, `_consumed`), once, if that was asked for."""
        taken, self._edges = self._edges, []
        return taken

    @property
    def read(self) -> Mapping[str, Column]:
        """The columns of tags that `select` reads, by name."""
        return self._read

    def key_states(self, keys: pl.DataFrame) -> Ids:
        """What the id of a match is hashed from first, one a row of the key columns; rows of an instant go by it."""
        return self.states([hash_values(keys[name]) for name in self._node.keys], keys.height)

    def states(self, hashed: Sequence[Ids], keys: int) -> Ids:
        """`key_states` of so many keys, of which each column has been hashed."""
        return hash_hashed(keys, hashed, self._salt)

    def rows(
        self,
        times_and_keys: Sequence[pl.Series],
        tags: Sequence[Hashed],
        bound: Sequence[Spread],
        occurrences: Sequence[int] | None = None,
        *,
        states: Hashed | None = None,
        distinct: bool = False,
        listed: Mapping[str, pl.Series] = MappingProxyType({}),
    ) -> pl.DataFrame:
        """The rows of matches in the order of delivery: `_time` and keys, hashed ids behind tags, columns of tags.

        `occurrences`: which of equal matches of one instant each one is; None: it is found out, unless all are
        `distinct`. `states`: given where the matches are in order of time and key already: what is hashed of both.
        `listed`: the ids behind tags that hold several rows, for edges.
        """
        order = None
        if states is None:
            order = self.key_states(pl.DataFrame(times_and_keys))
            states = Hashed(hash_further(order, times_and_keys[:1]))
        count, first = len(times_and_keys[0]), pl.Series(occurrences or [0], dtype=pl.Int64)
        ids = mix_hashed(count, states, [*tags, Hashed(hash_values(first))])
        if occurrences is None and not distinct and (same := pl.Series(ID, ids)).n_unique() < len(ids):
            number = same.to_frame().select(pl.int_range(pl.len()).over(ID).alias(""))[""]
            ids = mix_hashed(count, states, [*tags, Hashed(hash_values(number))])
        if self.tells_edges:
            self._edges += _edges(ids, zip(self._node.tags, tags, strict=True), listed)
        if order is None and count > _FEW and self._plain.is_all:
            keys = [Spread(key) for key in times_and_keys]
            if (made := self._plain.of(count, {one.values.name: one for one in (*keys, *bound)})) is not None:
                return frame_of([times_and_keys[0], column_of(ID, ids), *times_and_keys[1:], *made])
        columns = pl.DataFrame([*times_and_keys, pl.Series(ID, ids), *(one.series() for one in bound)])
        if order is not None:
            columns = columns.with_columns(pl.Series(_KEY, order)).sort(TIME, _KEY, maintain_order=True)
        return self._said(columns)

    def _said(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Matches are mostly few, for which columns are named or worked out without a query."""
        if rows.height <= _FEW and (made := self._at_once(rows)) is not None:
            return frame_of([*(rows[name] for name in (TIME, ID, *self._node.keys)), *made])
        return rows.select(TIME, ID, *self._node.keys, *self._columns.of(rows))

    def _at_once(self, rows: pl.DataFrame) -> list[pl.Series] | None:
        made = []
        for name, quick, dtype in self._quick:
            found = None if quick is None else quick(rows)
            if found is None:
                return None
            made.append((found if found.dtype == dtype else found.cast(dtype)).alias(name))
        return made

    def _keys(self, found: Sequence[Found]) -> list[pl.Series]:
        schema = self._node.schema
        return [
            series_of(name, [f.key[n] for f in found], schema[name].dtype) for n, name in enumerate(self._node.keys)
        ]

    def _tag_ids(self, tag: str, found: Sequence[Found]) -> pl.Series:
        """The id of the row that a tag holds; of several, a hash of theirs."""
        return pl.Series(tag_id(tag), [_id_of(f.match.tags.get(tag)) for f in found], dtype=pl.UInt64)

    def _listed(self, found: Sequence[Found]) -> dict[str, pl.Series]:
        """The ids behind tags that hold several rows."""
        made = {}
        for spec in self._node.tags:
            if spec.array:
                bound = [f.match.tags.get(spec.name) for f in found]
                ids = [[r.id for r in b] if isinstance(b, tuple) else [] for b in bound]
                made[spec.name] = pl.Series(ids, dtype=pl.List(pl.UInt64))
        return made

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


def _edges(ids: Ids, tags: Iterable[tuple[TagSpec, Hashed]], listed: Mapping[str, pl.Series]) -> Iterator[pl.DataFrame]:
    """For each tag the matches with what they consumed by it."""
    for spec, hashed in tags:
        if spec.array:
            behind = listed.get(spec.name)
        else:
            behind = ids_behind(hashed.values)
            if hashed.places is not None:
                behind = behind.gather(hashed.places)
            elif len(behind) < len(ids):
                behind = behind.new_from_index(0, len(ids))
        if behind is not None:
            made = pl.DataFrame([pl.Series(ID, ids), behind.alias(CONSUMED)])
            yield (made.explode(CONSUMED) if spec.array else made).drop_nulls()


def tag_id(tag: str) -> str:
    """The column of the id of what a tag holds."""
    return f"#id of {tag}"


def array_id(ids: bytes) -> int:
    """The id of a list of rows: a hash of theirs (UInt64, little-endian)."""
    return xxhash.xxh3_64_intdigest(ids)


def _id_of(bound: Row | tuple[Row, ...] | None) -> int | None:
    match bound:
        case None:
            return None
        case tuple():
            return array_id(np.array([r.id for r in bound], dtype="<u8").tobytes())
        case _:
            return bound.id
