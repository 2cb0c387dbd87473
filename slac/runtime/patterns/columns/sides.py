"""The two sides of `every a -> …` as tables: rows that may begin a match, and rows that may follow.

A first row carries what later needs its columns as `tag.column`; a second one its own columns by their plain names. An
equality between the two is no condition to be tried pair by pair: what it compares becomes a part of the group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.language.patterns.tree import Atom
from slac.plan.columnar_patterns import Shape
from slac.plan.expressions import AnyExpr, Call
from slac.plan.lowering import lower
from slac.plan.nodes import PatternNode
from slac.plan.subexpressions import columns_in
from slac.plan.tag_columns import is_own, tag_of
from slac.runtime.patterns.columns.codes import index
from slac.runtime.patterns.columns.names import ORD
from slac.runtime.patterns.events import MASK
from slac.runtime.patterns.meaning import Understood
from slac.stream.batch import DEPTH, ID, TIME, TIME_TYPE
from slac.stream.framing import frame_of
from slac.stream.types import Bool, Duration, Int, String, Timestamp, to_polars

__all__ = ["HeldAndNew", "Seen", "Sides", "bound_names", "seen_rows"]

_PLACE: Final[Mapping[str, pl.DataType]] = {TIME: TIME_TYPE, DEPTH: pl.UInt16(), ID: pl.UInt64(), ORD: pl.Int64()}
Numbers = npt.NDArray[np.int64]
_EXACT: Final = Bool | Int | String | Timestamp | Duration


@dataclass(frozen=True, slots=True)
class Seen:
    """The rows of a side: those of `rows` at the places `at`, which rise."""

    rows: pl.DataFrame
    at: Numbers


@dataclass(frozen=True, slots=True)
class HeldAndNew:
    """Held rows, then the rows of a port, as if they were one frame: only columns that are read are put together."""

    new: pl.DataFrame
    held: pl.DataFrame | None = None

    def column(self, name: str) -> pl.Series:
        """A column of all rows."""
        column = self.new[name]
        return column if self.held is None else pl.concat([self.held[name], column], rechunk=True)

    @property
    def count(self) -> int:
        """How many are held."""
        return 0 if self.held is None else self.held.height

    def at(self, at: Numbers) -> pl.DataFrame:
        """Whole rows at some places, held ones first."""
        new = index(at[at >= self.count] - self.count)
        names = [name for name in self.new.columns if name != ORD]
        rows = frame_of([self.new[name][new] for name in names])
        if self.held is None:
            return rows
        old = index(at[at < self.count])
        return pl.concat([frame_of([self.held[name][old] for name in names]), rows], rechunk=True)


def bound_names(tag: str | None, exprs: Iterable[AnyExpr]) -> list[str]:
    """The columns of a tag that some expressions read."""
    found = (tag_of(c.name) for expr in exprs for c in columns_in(expr))
    return list(dict.fromkeys(f[1] for f in found if f is not None and f[0] == tag))


def seen_rows(
    node: PatternNode, understood: Understood, frames: Mapping[int, pl.DataFrame], atom: Atom, named: Mapping[str, str]
) -> pl.DataFrame:
    """The rows that fit an atom: place, keys, and columns under the names that `named` gives them."""
    port = node.ports[atom.index]
    types = understood.rows[port].types
    keys = {k: to_polars(node.schema[k].dtype) for k in node.keys}
    frame = frames.get(port)
    if frame is None:
        return pl.DataFrame(schema={**_PLACE, **keys} | {new: to_polars(types[n]) for n, new in named.items()})
    bit = 1 << atom.index
    if (frame[MASK] & bit == 0).any():
        frame = frame.filter(pl.col(MASK) & bit != 0)
    place = [pl.col(n).cast(dtype) for n, dtype in _PLACE.items()]
    own = [pl.col(n).alias(new) for n, new in named.items()]
    return frame.select(*place, *(pl.col(k).cast(dtype) for k, dtype in keys.items()), *own)


class Sides:
    """What is taken from the ports for both sides. `equal`: whether equalities may become a part of the group."""

    def __init__(self, node: PatternNode, understood: Understood, shape: Shape, *, equal: bool) -> None:
        assert shape.second is not None
        self._node, self._understood = node, understood
        self._first, self._second = shape.first, shape.second
        back = understood.back[shape.second.index]
        split = [self._compared(e) if equal else None for e in back]
        pairs = [pair for pair in split if pair is not None]
        tag = shape.first.name
        self.tagged = tag is not None and shape.second.name is not None
        said = [c.expr for c in node.columns]
        self._first_named = {n: f"{tag}.{n}" for n in bound_names(tag, [*back, *said])}
        self._first_said = [f"{tag}.{n}" for n in bound_names(tag, said)]
        own = [c.name for e in back for c in columns_in(e) if tag_of(c.name) is None]
        self._second_said = bound_names(shape.second.name, said)
        placed = (TIME, *node.keys)
        self._second_named = {n: n for n in dict.fromkeys([*own, *self._second_said]) if n not in placed}
        self._first_equal = [lower(e).cast(to_polars(e.dtype)).alias(f"#equal{n}") for n, (_, e) in enumerate(pairs)]
        self._second_equal = [lower(e).cast(to_polars(e.dtype)).alias(f"#equal{n}") for n, (e, _) in enumerate(pairs)]
        self._rest = [e for e, pair in zip(back, split, strict=True) if pair is None]
        self.equal = tuple(f"#equal{n}" for n in range(len(pairs)))
        self.groups = (*node.keys, *self.equal)

    def first(self, frames: Mapping[int, pl.DataFrame]) -> Seen:
        """The rows that may begin a match."""
        return self._seen(frames, self._first, self._first_named, self._first_equal)

    def second(self, frames: Mapping[int, pl.DataFrame]) -> Seen:
        """The rows that may follow; one with NULL where equality is asked for follows none."""
        return self._seen(frames, self._second, self._second_named, self._second_equal)

    @property
    def alike(self) -> bool:
        """Whether both sides look at the rows of one port, grouped in the same way."""
        return not self.equal and self._node.ports[self._first.index] == self._node.ports[self._second.index]

    @property
    def said_of_first(self) -> Sequence[str]:
        """The columns of first rows that `select` reads: they bear the tag."""
        return self._first_said

    @property
    def said_of_second(self) -> Sequence[str]:
        """The columns of second rows that `select` reads."""
        return self._second_said

    def said_as(self, name: str) -> str:
        """What `select` calls a column of second rows."""
        return f"{self._second.name}.{name}"

    def said_in(self, name: str, column: pl.Series) -> pl.Series:
        """Values of a column of second rows in the type in which `select` reads them."""
        types = self._understood.rows[self._node.ports[self._second.index]].types
        return _as(column, to_polars(types[name]))

    @property
    def conditional(self) -> bool:
        """Whether pairs must be tried."""
        return bool(self._rest)

    def fit(self, first: HeldAndNew, of_first: Numbers, second: HeldAndNew, of_second: Numbers) -> pl.Series:
        """Whether pairs, given as places in both sides, meet what is asked beyond equality."""
        names = {c.name for e in self._rest for c in columns_in(e)}
        taken, met = index(of_first), index(of_second)
        pairs = pl.DataFrame([first.column(n)[taken] if tag_of(n) else second.column(n)[met] for n in names])
        return pairs.select(reduce(pl.Expr.and_, map(lower, self._rest)).fill_null(False).alias("fits"))["fits"]

    def _seen(
        self, frames: Mapping[int, pl.DataFrame], atom: Atom, named: Mapping[str, str], equal: list[pl.Expr]
    ) -> Seen:
        frame = frames.get(self._node.ports[atom.index])
        if equal or frame is None:
            rows = seen_rows(self._node, self._understood, frames, atom, named)
            rows = rows.with_columns(equal).drop_nulls(self.equal) if equal else rows
            return Seen(rows, np.arange(rows.height))
        # Nothing is copied: most columns are read at a few places only.
        types = {**_PLACE, **{k: to_polars(self._node.schema[k].dtype) for k in self._node.keys}}
        columns = [_as(frame[name], dtype) for name, dtype in types.items()]
        columns += [frame[name].alias(new) for name, new in named.items()]
        return Seen(pl.DataFrame(columns), np.flatnonzero(frame[MASK].to_numpy() & (1 << atom.index) != 0))

    def _compared(self, expr: AnyExpr) -> tuple[AnyExpr, AnyExpr] | None:
        """The own side and the side of the tag, where the condition is an equality between them."""
        match expr:
            case Call(function="=", args=(left, right)) if left.dtype == right.dtype and isinstance(left.dtype, _EXACT):
                for own, other in ((left, right), (right, left)):
                    if is_own(own) and any(columns_in(own)) and all(_columns_of_tags(other)):
                        return own, other
        return None


def _as(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    return column if column.dtype == dtype else column.cast(dtype)


def _columns_of_tags(expr: AnyExpr) -> Iterator[bool]:
    names = [c.name for c in columns_in(expr)]
    yield bool(names)
    yield from (tag_of(n) is not None for n in names)
