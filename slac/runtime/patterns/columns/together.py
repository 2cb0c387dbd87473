"""What the rows of pairs hold: gathered once for each match, and hashed once for each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
from slac.stream.batch import ID, TIME_TYPE
from slac.stream.ids import Hashed, Ids, hash_further, hash_values

__all__ = ["matches_of"]

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Taken:
    """Rows of a frame at some places; `then`: which of these each match has, where there are fewer of them."""

    places: pl.Series
    then: Numbers | None
    by: pl.Series | None

    @classmethod
    def of(cls, places: Numbers, then: Numbers | None) -> _Taken:
        return cls(index(places), then, None if then is None else index(then))

    def values(self, column: pl.Series) -> pl.Series:
        once = column[self.places]
        return once if self.by is None else once[self.by]

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
    ones = _Taken.of(first.at, pairs.first) if often else _Taken.of(first.at.take(pairs.first), None)
    others = _Taken.of(second.at.take(pairs.second), pairs.of)
    codes, times = second.groups.take(pairs.second), second.times.take(pairs.second)
    said = [sides.said_as(name, others.values(second.rows.column(name))) for name in sides.said_of_second]
    return Matches(
        times=others.spread(times),
        keys=[_Taken(index(codes), others.then, others.by).values(groups.unique[name]) for name in by],
        ids={
            atom.name: taken.hashed(side.rows.column(ID))
            for atom, side, taken in ((shape.first, first, ones), (shape.second, second, others))
            if atom is not None and atom.name is not None
        },
        bound={name: ones.values(first.rows.column(name)) for name in sides.said_of_first} | dict(said),
        states=Hashed(hash_further(keys.take(codes), [pl.Series(times).cast(TIME_TYPE)]), others.then),
        distinct=sides.tagged and _once(first) and _once(second),
    )


def _once(side: Side) -> bool:
    """Whether no two rows have one id."""
    ids = side.rows.column(ID).to_numpy()
    return bool((ids[1:] > ids[:-1]).all()) or len(np.unique(ids[side.at])) == len(side.at)
