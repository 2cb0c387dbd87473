"""Selecting by texts that come again and again: what a series is called, and its labels.

A select that asks labels, and makes columns of them, says the same of the same texts. What was found out of a
combination of texts is kept: whether its rows pass, and the columns that are made of them. Bounded, in no snapshot, and
given up where there are too many different ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np
import polars as pl

from slac.plan.at_once import at_once
from slac.plan.expressions import AnyExpr, Call, Column, NamedExpr
from slac.plan.lowering import lower
from slac.plan.subexpressions import below
from slac.stream.batch import meta_columns
from slac.stream.framing import column_of, column_of_values, frame_of
from slac.stream.types import Map, String, to_polars

_MOST: Final = 4096
"""So many combinations are remembered, and then all forgotten …"""
_LONG: Final = 1024
"""… of texts of at most so many characters together."""
_TIRED: Final = 3
"""Who has forgotten so often, one time soon after the other, has too many to remember."""
_PAYS: Final = 16
"""It was not soon if each of what was held has answered so many rows meanwhile."""
_WORTH: Final = 2
"""From so many labels on it is less to look up a combination than to work it out."""
_PASSES: Final = "#passes"
_Key = tuple[str | None, ...]
_Answer = tuple[Any, ...] | Literal[False]
"""The columns of a row that passes, and that it does."""


def remembered(where: AnyExpr | None, columns: Sequence[NamedExpr] | None) -> RememberedRows | None:
    """What remembers for a select; None where that is not possible, or not worth it."""
    made = [c for c in columns or () if not isinstance(c.expr, Column)]
    asked = [*([] if where is None else [where]), *(c.expr for c in made)]
    read = [one for expr in asked for one in (expr, *below(expr))]
    texts = {one.name: one.dtype for one in read if isinstance(one, Column)}
    labels = sum(isinstance(one, Call) and one.function == "label" for one in read)
    if not texts or labels < _WORTH or not all(isinstance(t, String | Map) for t in texts.values()):
        return None
    return RememberedRows(tuple(texts), where, columns) if all(at_once(expr) is not None for expr in asked) else None


class RememberedRows:
    """Rows by what the columns `texts` say; `where` and `columns` are those of a select."""

    def __init__(self, texts: tuple[str, ...], where: AnyExpr | None, columns: Sequence[NamedExpr] | None) -> None:
        self._texts, self._columns, self._is_filter = texts, columns or (), columns is None
        self._made = {c.name: to_polars(c.expr.dtype) for c in self._columns if not isinstance(c.expr, Column)}
        self._asked = [
            lower(c.expr).cast(self._made[c.name]).alias(c.name) for c in self._columns if c.name in self._made
        ]
        passes = pl.lit(value=True) if where is None else lower(where).fill_null(value=False)
        self._asked.append(passes.alias(_PASSES))
        self._known: dict[_Key, _Answer] = {}
        self._forgotten = self._answered = 0

    def of(self, frame: pl.DataFrame) -> pl.DataFrame | None:
        """The rows that pass, with the columns; None where too much would have to be remembered."""
        if self._forgotten >= _TIRED:
            return None
        keys = list(zip(*(frame.get_column(name).to_list() for name in self._texts), strict=True))
        found = list(map(self._known.get, keys))
        if None in found:
            if not self._learn(frame, keys, found):
                return None
            found = list(map(self._known.get, keys))
        self._answered += frame.height
        return self._chosen(frame, found)

    def _chosen(self, frame: pl.DataFrame, found: Sequence[_Answer | None]) -> pl.DataFrame:
        passing = [place for place, answer in enumerate(found) if answer]
        if not passing:
            return frame.clear()
        if self._is_filter:
            return frame if len(passing) == len(found) else frame[_places(passing)]
        meta = [frame.get_column(name) for name in meta_columns(frame)]
        named = {c.name: frame.get_column(c.expr.name) for c in self._columns if isinstance(c.expr, Column)}
        if len(passing) < len(found):
            places = _places(passing)
            meta = [one[places] for one in meta]
            named = {name: one[places] for name, one in named.items()}
        values = zip(*(answer for answer in found if answer), strict=True)
        made = {n: column_of_values(n, v, t) for (n, t), v in zip(self._made.items(), values, strict=False)}
        columns = (made[c.name] if c.name in made else named[c.name].alias(c.name) for c in self._columns)
        return frame_of([*meta, *columns])

    def _learn(self, frame: pl.DataFrame, keys: Sequence[_Key], found: Sequence[_Answer | None]) -> bool:
        """What is asked of the combinations that are new; False where they are too many or too long."""
        first = {key: place for place, (key, answer) in enumerate(zip(keys, found, strict=True)) if answer is None}
        if len(self._known) + len(first) > _MOST:
            # What has answered many times what it holds may be forgotten as often as names change.
            self._forgotten = 0 if self._answered >= _PAYS * _MOST else self._forgotten + 1
            self._known, self._answered = {}, 0
            first = {key: place for place, key in enumerate(keys)}
        if self._forgotten >= _TIRED or len(first) > _MOST or max(map(_length, first)) > _LONG:
            return False
        places = _places(list(first.values()))
        asked = frame_of([frame.get_column(name)[places] for name in self._texts])
        rows = asked.select(*self._asked).rows()
        self._known.update((key, row if row[-1] else False) for key, row in zip(first, rows, strict=True))
        return True


def _places(rows: Sequence[int]) -> pl.Series:
    return column_of("", np.array(rows, np.uint32))


def _length(key: _Key) -> int:
    return sum(len(text) for text in key if text is not None)
