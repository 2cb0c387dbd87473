"""Exact sums of the powers of values, by group and weight: a few passes over each row, in pieces that a cache holds.

A float is cut into pieces of 44 bits, multiples of a power of two, whose sums over 255 rows are exact as floats;
the sums of runs are integers (as in `slac.plan.estimates.totals`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from slac.plan.estimates.moments import DIGIT, MASK, UNIT
from slac.plan.estimates.totals import Floats, Groups, Longs, Piece

_PIECE: Final = 2 * DIGIT
_MANTISSA: Final = 52
_BLOCK: Final = 1 << 14
"""Rows that are worked on at once."""
_ROUNDED: Final = 1 + 2.0**-40


def power_sums(values: Floats, most: float, pairs: Groups, highest: int) -> list[Longs]:
    """Of each power up to the highest, in multiples of 2⁻⁶⁶: a row for each digit of 22 bits, a column for each pair.

    `values`: finite, with none of a greater magnitude than `most`, and lying pair by pair; their powers are below 2¹⁶⁰.
    """
    counts = [_pieces(most**order, UNIT) for order in range(1, highest + 1)]
    return [_digits(sums, UNIT, pairs.runs.firsts) for sums in _by_run(values, None, pairs, counts, UNIT)]


def product_sums(values: Floats, factors: Floats, most: float, groups: Groups, unit: int) -> list[Piece]:
    """Of the products with a factor each (or one for all), in multiples of two to the power of −unit."""
    (found,) = _by_run(values, factors, groups, [_pieces(most, unit)], unit)
    parts = _whole(found, unit, groups.runs.firsts)
    return [(_PIECE * n + shift, sums) for shift, numbers in parts for n, sums in enumerate(numbers)]


def _by_run(values: Floats, factors: Floats | None, pairs: Groups, counts: Sequence[int], unit: int) -> list[Floats]:
    """The sums of each run (a column), by piece (a row), of each power of the values, or of their products."""
    runs = pairs.runs
    found = [np.zeros((count, len(runs.starts))) for count in counts]
    cuts = np.unique(np.searchsorted(runs.starts, np.arange(0, pairs.rows, _BLOCK), "right") - 1)
    room = np.empty((3, int(np.diff(runs.starts[cuts], append=pairs.rows).max())))
    for begin, end in zip(cuts.tolist(), [*cuts[1:].tolist(), len(runs.starts)], strict=True):
        first = int(runs.starts[begin])
        last = int(runs.starts[end]) if end < len(runs.starts) else pairs.rows
        starts = runs.starts[begin:end] - first
        mine = values[first:last]
        if factors is not None:
            mine = mine * (factors if len(factors) == 1 else factors[first:last])
        _add(mine, unit, starts, [one[:, begin:end] for one in found], room[:, : last - first])
    return found


def _pieces(most: float, unit: int) -> int:
    """How many pieces a number of this magnitude has; one at least."""
    return max(-(-(int(np.frexp(most * _ROUNDED)[1]) + unit) // _PIECE), 1)


def _add(values: Floats, unit: int, starts: Longs, into: Sequence[Floats], room: Floats) -> None:
    """Of one block."""
    power, upper, spare = room
    for order, sums in enumerate(into):
        rest = values if order == 0 else np.multiply(values if order == 1 else power, values, out=power)
        for piece in reversed(range(len(sums))):
            rounding = 1.5 * 2.0 ** (_PIECE * piece - unit + _MANTISSA)
            np.add(rest, rounding, out=upper)
            np.subtract(upper, rounding, out=upper)
            np.add.reduceat(upper, starts, out=sums[piece])
            if piece:
                rest = np.subtract(rest, upper, out=spare)


def _whole(sums: Floats, unit: int, firsts: Longs | None) -> list[tuple[int, Longs]]:
    """The sums of runs, or of the groups that begin at `firsts`, as integers: so many times what their piece says.

    With an exponent of two each: of runs, which have 52 bits, two halves are added up, so that many have room.
    """
    scale = 2.0 ** (unit - _PIECE * np.arange(len(sums)))
    whole = (sums * scale[:, None]).astype(np.int64)
    if firsts is None:
        return [(0, whole)]
    return [(n * DIGIT, np.add.reduceat(half, firsts, axis=1)) for n, half in enumerate((whole & MASK, whole >> DIGIT))]


def _digits(sums: Floats, unit: int, firsts: Longs | None) -> Longs:
    """Digits of 22 bits and a few more from the sums of runs, by piece."""
    parts = _whole(sums, unit, firsts)
    size = 2 * len(sums)
    made = np.zeros((size + len(parts), parts[0][1].shape[1]), np.int64)
    for n, (_, numbers) in enumerate(parts):
        made[n : n + size : 2] += numbers & MASK
        made[n + 1 : n + 1 + size : 2] += (numbers >> DIGIT) & MASK
        made[n + 2 : n + 2 + size : 2] += numbers >> _PIECE
    return made
