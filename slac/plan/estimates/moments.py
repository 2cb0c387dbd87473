"""Weighted sums of powers, exact to the last bit: what no order of rows and no slicing changes.

The spread of an estimate is a sum of w(w − 1)·xʲ over the rows that were kept, and its skewness one of w(w − 1)²·xʲ.
A power is rounded once, to a multiple of 2⁻⁶⁶, and what a weight makes of it, to one of 2⁻⁴⁰; from there on all is
integer arithmetic, so rows of one weight are added up first (`powers`), and only their sum is weighted. Sums are of 264
bits and more: three numbers of 128 (`LIMBS`), which add up one by one, and are carried when they are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from slac.plan.estimates.totals import Floats, Longs, Words

LIMBS: Final = ("l", "m", "h")
"""The low, middle and high part of a sum, each of them in units of 2⁸⁸ of the one before."""
BEYOND: Final = 2.0**160
"""Weighted powers from here on are not added up."""
COUNTED: Final = 40
"""Sums of weights alone, and what weights make of powers, are in multiples of 2⁻⁴⁰."""
UNIT: Final = 66
"""Powers of values are in multiples of 2⁻⁶⁶."""
DIGIT: Final = 22
MASK: Final = (1 << DIGIT) - 1
_EACH: Final = 4
"""Digits of a limb; the highest one has what is above as well."""
_DIGITS: Final = _EACH * len(LIMBS)
_LIMB: Final = _EACH * DIGIT
_BELOW: Final = pl.Series([(1 << _LIMB) - 1], dtype=pl.Int128)
_MIDDLE: Final = pl.Series([1 << _LIMB - 1], dtype=pl.Int128)


def spread(more: Floats, order: str) -> Floats:
    """`a`: w(w − 1), `b`: w(w − 1)², `m`: w − 1, from w − 1."""
    if order == "m":
        return more
    linear = more * (more + 1.0)
    return linear if order == "a" else linear * more


def magnitude(values: Floats) -> float:
    """The greatest magnitude, NaN where any number is; 0 where there is none."""
    return max(float(values.max()), -float(values.min())) if len(values) else 0.0


def digits(numbers: Floats) -> Longs:
    """Whole numbers as digits of 22 bits, the lowest first, of which the last has the sign; a row a digit."""
    most = magnitude(numbers)
    count = int(np.frexp(most)[1]) // DIGIT + 1
    # Of what 64 bits do not hold there is only a weight or two in a million.
    whole = numbers.astype(np.int64) if most < 2.0**62 else np.array([int(n) for n in numbers], object)
    rows = [(whole >> DIGIT * n) & MASK for n in range(count - 1)]
    return np.stack([*rows, whole >> DIGIT * (count - 1)]).astype(np.int64)


def weighted(counts: Longs, factors: Longs) -> list[tuple[int, Longs]]:
    """So many times a factor (its `digits`), as exponents of two and numbers below 2⁵³."""
    return [(DIGIT * n, row * counts) for n, row in enumerate(factors)]


def limbs(powers: Sequence[Longs], factors: Sequence[Longs], firsts: Longs) -> tuple[Words, Longs]:
    """The low and the high words of Σ factor · power by group: a row for each power, and for each limb of it.

    Of each pair (a column) `powers` are sums by `slac.plan.estimates.powers`, and `factors` the `digits` of what its
    weight makes of a power. `firsts`: the first pair of each group.
    """
    most = max(map(len, factors)) + max(map(len, powers)) + 1
    sums = np.zeros((len(powers), max(most, _DIGITS + 1), len(firsts)), np.int64)
    for into, power, factor in zip(sums, powers, factors, strict=True):
        by_pair = _product(power, factor)
        is_one_each = by_pair.shape[1] == len(firsts)
        into[: len(by_pair)] = by_pair if is_one_each else np.add.reduceat(by_pair, firsts, axis=-1)
    return _words(sums)


def _product(power: Longs, factor: Longs) -> Longs:
    """Of each column the product of two numbers, both by digit (a row); its digits have 22 bits and a few more."""
    made = np.zeros((len(power) + len(factor) + 1, power.shape[1]), np.int64)
    for n, digit in enumerate(factor):
        product = power * digit
        made[n : n + len(power)] += product & MASK
        made[n + 1 : n + 1 + len(power)] += product >> DIGIT
    return made


def _words(sums: Longs) -> tuple[Words, Longs]:
    """Of sums by digit (the second axis), carried."""
    for n in range(_DIGITS):
        sums[:, n + 1] += sums[:, n] >> DIGIT
        sums[:, n] &= MASK
    # What is above the last limb is mostly its sign alone; it goes into the last digit.
    top = sums[:, _DIGITS].copy()
    for n in range(_DIGITS + 1, sums.shape[1]):
        shift = DIGIT * (n - _DIGITS)
        top += sums[:, n] << shift if shift < 64 else 0
    by_limb = sums[:, :_DIGITS].reshape(len(sums), len(LIMBS), _EACH, -1).astype(np.uint64)
    first, second, third, fourth = (by_limb[:, :, n] for n in range(_EACH))
    low = first | second << np.uint64(DIGIT) | third << np.uint64(2 * DIGIT)
    high = (third >> np.uint64(64 - 2 * DIGIT) | fourth << np.uint64(3 * DIGIT - 64)).view(np.int64)
    high[:, -1] += top << _LIMB - 64
    return low.reshape(-1, low.shape[-1]), high.reshape(-1, high.shape[-1])


def moments(parts: pl.DataFrame) -> dict[str, Floats]:
    """The numbers nearest to all sums that a frame has in limbs, by their names without those of limbs."""
    names = [name[:-1] for name in parts.columns if all(f"{name[:-1]}{limb}" in parts.columns for limb in LIMBS)]
    names = list(dict.fromkeys(names))
    if not names:
        return {}
    # All at once: a series costs more than what it holds.
    read = _read([pl.concat([parts[f"{name}{limb}"] for name in names]) for limb in LIMBS])
    return dict(zip(names, read.reshape(len(names), -1), strict=True))


def _read(limbs: Sequence[pl.Series]) -> Floats:
    """Each limb may have more than its bits, for they were added up."""
    found, above = np.zeros(len(limbs[0])), None
    for n, limb in enumerate(limbs):
        whole = limb if above is None else limb + above
        if n < len(limbs) - 1:
            # Of either sign, so that what is small has nothing but zeros above. What is carried is small, and exact.
            own = ((whole + _MIDDLE) & _BELOW) - _MIDDLE
            carried = (whole - own).cast(pl.Float64).to_numpy() * 2.0**-_LIMB
            above, whole = pl.Series(carried).cast(pl.Int128), own
        found = found + whole.cast(pl.Float64).to_numpy() * 2.0 ** (_LIMB * n - UNIT - COUNTED)
    return found
