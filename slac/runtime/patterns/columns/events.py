"""The events of `a and b` and `[n] a` as one table: what each fits, and what its tags will hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from slac.language.patterns.tree import Atom
from slac.plan.columnar_patterns import Shape
from slac.plan.nodes import PatternNode
from slac.plan.subexpressions import columns_in
from slac.plan.tag_columns import ARRAY
from slac.runtime.patterns.columns.names import ORD
from slac.runtime.patterns.columns.sides import bound_names, seen_rows
from slac.runtime.patterns.meaning import Understood
from slac.stream.batch import DEPTH, ID, TIME
from slac.stream.types import to_polars

__all__ = ["FITS", "EventTable"]

FITS: Final = "#fits"
"""1: the event fits the first part; 2: the second; 3: both; 0: it only says that a key is done."""


class EventTable:
    """Makes the table: place, keys, `FITS`, and `tag.column` for each column that `select` reads."""

    def __init__(self, node: PatternNode, understood: Understood, shape: Shape) -> None:
        self._node, self._understood = node, understood
        self._atoms = [a for a in (shape.first, shape.second) if a is not None]
        exprs = [c.expr for c in node.columns]
        self._named = [{n: f"{a.name}.{n}" for n in bound_names(a.name, exprs)} for a in self._atoms]
        tag = f"{shape.first.name}{ARRAY}"
        lists = (c.dtype for e in exprs for c in columns_in(e) if c.name == tag)
        self._list = next(map(to_polars, lists), None) if shape.kind == "count" else None
        if isinstance(self._list, pl.List):
            assert isinstance(self._list.inner, pl.Struct)
            self._tag = tag
            self._named = [{f.name: f"{shape.first.name}.{f.name}" for f in self._list.inner.fields}]

    def events(self, frames: Mapping[int, pl.DataFrame]) -> pl.DataFrame:
        """The events in order; one that fits both parts stands once."""
        parts = [
            seen_rows(self._node, self._understood, frames, atom, named).with_columns(
                pl.lit(1 << n, pl.Int64).alias(FITS)
            )
            for n, (atom, named) in enumerate(zip(self._atoms, self._named, strict=True))
        ]
        if len(parts) == 1:
            return parts[0]
        whole = pl.concat(parts, how="diagonal")
        by = [ORD, *self._node.keys]
        if not whole.select(by).is_duplicated().any():
            return whole
        firsts = [pl.col(n).first() for n in (TIME, DEPTH, ID)]
        columns = [c for named in self._named for c in named.values()]
        values = [self._of_part(column) for column in columns]
        return whole.group_by(by, maintain_order=True).agg(*firsts, *values, pl.col(FITS).sum()).select(whole.columns)

    def said(self, atom: Atom | None, rows: pl.DataFrame) -> dict[str, pl.Series]:
        """What `select` reads of a tag, by name."""
        if atom is None:
            return {}
        return {name: rows[name] for name in self._named[self._atoms.index(atom)].values()}

    def arrays(self, rows: pl.DataFrame, count: int) -> dict[str, pl.Series]:
        """The tag as lists of `count` rows each, where `select` reads it."""
        if self._list is None:
            return {}
        named = self._named[0]
        items = rows.select(pl.col(new).alias(old) for old, new in named.items()).to_struct(self._tag)
        number = pl.Series("#n", np.arange(len(items)) // count)
        lists = pl.DataFrame([number, items]).group_by("#n", maintain_order=True).agg(self._tag)
        return {self._tag: lists[self._tag].cast(self._list)}

    def _of_part(self, column: str) -> pl.Expr:
        """The value of the part that has the column: the other part's is NULL."""
        part = next(n for n, named in enumerate(self._named) if column in named.values())
        return pl.col(column).filter(pl.col(FITS) == 1 << part).first()
