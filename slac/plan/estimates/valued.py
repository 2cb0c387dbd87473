"""A column of rows with weights: what its values add beside sums, means and variances."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl

from slac.plan.estimates.levels import Mask, Weighed
from slac.plan.estimates.moments import BEYOND, COUNTED, DIGIT, LIMBS, MASK, digits, limbs, magnitude, spread
from slac.plan.estimates.powers import power_sums, product_sums
from slac.plan.estimates.totals import Floats, Longs, Piece, Words
from slac.plan.expressions import AggregateCall
from slac.stream.sums import SCALE, WEIGHT_SCALE
from slac.stream.types import Float

_ROUNDED: Final = 1 + 2.0**-40
_TOTAL: Final = 2.0**86
"""What is a total by itself is beyond what sums hold."""


class Valued:
    """The values of one argument behind one FILTER, with their powers up to the `highest`.

    `factor`: by pair the digits of what a weight makes of a row.
    """

    def __init__(
        self, own: pl.Series, call: AggregateCall, weighed: Weighed, factor: Callable[[str, int], Longs], highest: int
    ) -> None:
        self._weighed, self._factor, self._more, self._highest = weighed, factor, weighed.more(), highest
        present = own.is_not_null().to_numpy() if own.null_count() else None
        self.counted = weighed.counted(present)
        """By pair, rows that have a value."""
        self._whole: Longs | None = None
        if isinstance(call.args[0].dtype, Float):
            values: Floats = (own.fill_null(0.0) if present is not None else own).to_numpy()[weighed.order]
            if not magnitude(values) < math.inf:
                # What is no number makes the value NaN anyway.
                values = np.where(np.isfinite(values), values, 0.0)
            self._values = values
        else:
            whole = own.to_physical().cast(pl.Int64)
            self._whole = (whole.fill_null(0) if present is not None else whole).to_numpy()[weighed.order]
            self._values = self._whole.astype(np.float64)
        self._most = magnitude(self._values)
        self._powers: list[Longs] | None = None
        self._beyond: dict[bool, Mask | None] = {}

    def total(self) -> list[Piece]:
        """Σ(w − 1)x, in the units of the column."""
        if self._whole is not None:
            return list(self._whole_total(self._whole))
        values, more, most = self._values, self._weighed.by_row(self._more), self._most * magnitude(self._more)
        if not most < _TOTAL:
            with np.errstate(over="ignore"):
                values = np.where(np.abs(values * more) < _TOTAL, values, 0.0)
            most = min(most, _TOTAL)
        return product_sums(values, more, most, self._weighed.groups, int(np.log2(SCALE)))

    def moments(self, names: Sequence[str]) -> dict[str, tuple[Words, Longs]]:
        """By the name of a moment and of its limb the low and high words by group, of those that are not 0."""
        if not names:
            return {}
        powers = [self._sums()[int(name[1]) - 1] for name in names]
        low, high = limbs(powers, [self._factor(name[0], COUNTED) for name in names], self._weighed.firsts)
        each = [f"{name}{limb}" for name in names for limb in LIMBS]
        there = np.flatnonzero(low.any(axis=1) | high.any(axis=1)).tolist()
        return {each[n]: (low[n], high[n]) for n in there}

    def odd(self, *, fourth: bool) -> Longs | None:
        """By pair how many values are too large for their third power, or the fourth one; None where none is."""
        third, last = self._too_large(fourth=False), self._too_large(fourth=True) if fourth else None
        flags = third if last is None else last if third is None else last | third
        return None if flags is None else np.add.reduceat(flags, self._weighed.pairs.starts, dtype=np.int64)

    def _sums(self) -> list[Longs]:
        """Of each power, by pair."""
        if self._powers is None:
            third = self._too_large(fourth=False)
            fourth = self._too_large(fourth=True) if self._highest > 3 else None
            self._powers = self._summed(third, self._highest if fourth is None else 3)
            if fourth is not None:
                self._powers += self._summed(fourth if third is None else third | fourth, self._highest)[3:]
        return self._powers

    def _summed(self, out: Mask | None, highest: int) -> list[Longs]:
        values = self._values if out is None else np.where(out, 0.0, self._values)
        return power_sums(values, self._most if out is None else magnitude(values), self._weighed.pairs, highest)

    def _too_large(self, *, fourth: bool) -> Mask | None:
        """The rows (in order) whose third power, or fourth, is in no sum; None where there is none."""
        if fourth not in self._beyond:
            self._beyond[fourth] = self._out(4 if fourth else 3, "a" if fourth else "ab")
        return self._beyond[fourth]

    def _out(self, order: int, kinds: str) -> Mask | None:
        with np.errstate(over="ignore", invalid="ignore"):
            factors = np.maximum(1.0, np.max([spread(self._more, kind) for kind in kinds], axis=0))
            if np.float64(self._most) ** order * magnitude(factors) * _ROUNDED < BEYOND:
                return None
            out: Mask = ~(np.abs(self._values) ** order * self._weighed.by_row(factors) < BEYOND)
        return out if out.any() else None

    def _whole_total(self, whole: Longs) -> Iterator[Piece]:
        """Of integers, whose products with a weight are exact."""
        factors = digits(np.rint(self._more * WEIGHT_SCALE))[:, self._weighed.level]
        parts = whole & MASK, (whole >> DIGIT) & MASK, whole >> 2 * DIGIT
        for place, numbers in enumerate(parts):
            sums = np.add.reduceat(numbers, self._weighed.pairs.starts)
            for n, factor in enumerate(factors):
                # Twice, so that products of many rows have room.
                for above, half in enumerate((sums & MASK, sums >> DIGIT)):
                    yield DIGIT * (place + n + above), self._weighed.together(half * factor)
