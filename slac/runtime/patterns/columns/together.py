"""What the rows of pairs hold: gathered once for each match, and hashed once for each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.plan.columnar_patterns import Shape
from slac.runtime.patterns.columns.arranged import Arranged, Side
from slac.runtime.patterns.columns.codes import index
from slac.runtime.patterns.columns.groups import Groups
from slac.runtime.patterns.columns.matches import Matches
from slac.runtime.patterns.columns.pairs import Pairs
from slac.runtime.patterns.columns.sides import Sides
from slac.runtime.patterns.spread import Spread
from slac.stream.batch import ID, TIME, TIME_TYPE
from slac.stream.framing import column_of
from slac.stream.ids import Hashed, Ids, hash_further, hash_values

__all__ = ["matches_of"]

Numbers = npt.NDArray[np.int64]


class _Taken:
    """Rows of a frame at some places; `then`: which of these each match has, where there are fewer of them."""

    def __init__(self, places: Numbers, then: Numbers | None) -> None:
        self.places, self.then = index(places), then

    @cached_property
    def _by(self) -> pl.Series | None:
        return None if self.then is None else index(self.then)

    def values(self, column: pl.Series) -> Spread:
        return Spread(column[self.places], self.then)

    def values_of(self, once: pl.Series) -> pl.Series:
        """What each match has of values at the places."""
        return once if self._by is None else once[self._by]

    def hashed(self, column: pl.Series) -> Hashed:
        return Hashed(hash_values(column[self.places]), self.then)

    def spread(self, values: Numbers) -> Numbers:
        return values if self.then is None else values.take(self.then)


def matches_of(
    both: Arranged, pairs: Pairs, groups: Groups, keys: Ids, shape: Shape, sides: Sides, by: Sequence[str]
) -> Matches:
    """The matches; `keys`: what is hashed of the key of each group, whose columns are `by`."""
    first, second = both.first, both.second
    # Rows that are part of many matches are brought together first: they are read in order then.
    often = len(pairs.first) > len(first.at)
    ones = _Taken(first.at, pairs.first) if often else _Taken(first.at.take(pairs.first), None)
    others = _Taken(second.at.take(pairs.second), pairs.of)
    codes, at = second.groups.take(pairs.second), second.times.take(pairs.second)
    whole = Spread(column_of(TIME, at).cast(TIME_TYPE), others.then)
    said = {name: whole if name == TIME else others.values(second.rows.column(name)) for name in sides.said_of_second}
    return Matches(
        times=others.spread(at),
        keys=[others.values_of(groups.unique[name][index(codes)]) for name in by],
        ids={
            atom.name: taken.hashed(side.rows.column(ID))
            for atom, side, taken in ((shape.first, first, ones), (shape.second, second, others))
            if atom is not None and atom.name is not None
        },
        bound={name: ones.values(first.rows.column(name)) for name in sides.said_of_first}
        | {sides.said_as(name): replace(one, values=sides.said_in(name, one.values)) for name, one in said.items()},
        states=Hashed(hash_further(keys.take(codes), [column_of("", at).cast(TIME_TYPE)]), others.then),
        distinct=sides.tagged and _once(first) and _once(second),
    )


def _once(side: Side) -> bool:
    """Whether no two rows have one id."""
    ids = side.rows.column(ID).to_numpy()
    return bool((ids[1:] > ids[:-1]).all()) or len(np.unique(ids[side.at])) == len(side.at)
