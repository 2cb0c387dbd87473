"""Exact sums: a float is rounded once, when it enters, to a multiple of 2⁻⁴⁰; from there on all is integer arithmetic.

Integer addition is associative, so any slicing, partition or order gives the same bits. What has no such multiple
(NaN, ±infinity, magnitudes of 2⁶² and more) enters no total: it is counted beside it, and the sum is then NaN. Totals
are exact up to 2⁸⁶ (7.7e25).
"""

from __future__ import annotations

from typing import Final

import polars as pl

SCALE: Final = float(1 << 40)
"""Units per 1.0."""
LIMIT: Final = float(1 << 62)
"""Magnitudes from here on are not summed."""
WEIGHT_SCALE: Final = float(1 << 20)
"""`_weight` and `_seen` are multiples of one over this."""


def whole(value: pl.Expr) -> pl.Expr:
    """Multiples of 2⁻⁴⁰ of a Float64, as whole Float64; NULL where the value is NULL, not finite or too large."""
    bounded = pl.when(value.abs() < LIMIT).then(value)
    return (bounded * SCALE).round()


def units(value: pl.Expr) -> pl.Expr:
    """The same as Int128."""
    return whole(value).cast(pl.Int128, strict=False)


def beyond(value: pl.Expr) -> pl.Expr:
    """Whether a Float64 has no `units` (not finite, or too large); NULL where it is NULL."""
    return (value.abs() < LIMIT).not_()


def from_units(total: pl.Expr) -> pl.Expr:
    """The Float64 nearest to an Int128 total of `units`."""
    return total.cast(pl.Float64) / SCALE


def weight_units(seen: pl.Expr) -> pl.Expr:
    """Int128 multiples of 2⁻²⁰ of a `_seen` count (Float64): exact, because it was made of such multiples."""
    return (seen * WEIGHT_SCALE).round().cast(pl.Int128, strict=False)


def from_weight_units(total: pl.Expr) -> pl.Expr:
    """The `_seen` count (Float64) of an Int128 total of multiples of 2⁻²⁰."""
    return total.cast(pl.Float64) / WEIGHT_SCALE
