"""What counts of rows that come to keys and leave them: a prefix of the ones less a prefix of the others, exactly."""

from __future__ import annotations

import numpy as np

from slac.runtime.keyed.grouping import Longs
from slac.runtime.keyed.halved import Halved
from slac.runtime.keyed.halved import joined as joined_halves
from slac.runtime.keyed.integers import SAFE, Integers, bound, narrow, taken, wide
from slac.runtime.keyed.turns import Side, Turns


def moving_counts(before: Longs, found: Turns, seen: Longs) -> tuple[Longs, Longs]:
    """How many rows count at `seen` (by `coming.order`), and how many in the end for each slot, with those `before`."""
    come, leave = found.coming, found.leaving
    counts = np.arange(1, len(found.gone) + 1)
    if leave.lengths.any():
        counts -= found.gone
    counts += found.spread(before - come.starts + leave.starts)
    return counts.take(seen), before + come.lengths - leave.lengths


def moving_sums(
    before: Integers, leaving: Integers, coming: Integers, found: Turns, seen: Longs
) -> tuple[Integers, Integers]:
    """The same for sums of what rows are worth. Prefixes may overflow, what is left of them does not."""
    left, came = taken(leaving, found.leaving.order), taken(coming, found.coming.order)
    if not (isinstance(left, Halved) or isinstance(came, Halved) or isinstance(before, Halved)):
        most = bound(before) + _most(left, found.leaving) + _most(came, found.coming)
        if most < 2 * SAFE:
            return _narrow_sums(before, left, came, found, seen)
    return _wide_sums(wide(before), wide(left), wide(came), found, seen)


def _narrow_sums(before: Longs, left: Longs, came: Longs, found: Turns, seen: Longs) -> tuple[Longs, Longs]:
    starts, ends = found.coming.starts, found.coming.starts + found.coming.lengths
    if not len(left):
        # Where a slot begins, the sums go on from what it had instead of where the last one ended.
        kept = before + np.add.reduceat(came, starts)
        came[starts] += before
        came[starts[1:]] -= kept[:-1]
        return np.cumsum(came, out=came).take(seen), kept
    come = _prefixes(came)
    gone = _prefixes(left)
    begun, ended = found.leaving.starts, found.leaving.starts + found.leaving.lengths
    sums = come[1:] - gone.take(found.gone)
    sums += found.spread(before - come[starts] + gone[begun])
    return sums.take(seen), before + (come[ends] - come[starts]) - (gone[ended] - gone[begun])


def _wide_sums(before: Halved, left: Halved, came: Halved, found: Turns, seen: Longs) -> tuple[Integers, Integers]:
    zero = Halved.of(np.zeros(1, np.int64))
    gone, come = (joined_halves(zero, values.prefixes()) for values in (left, came))
    starts, ends = found.coming.starts, found.coming.starts + found.coming.lengths
    begun, ended = found.leaving.starts, found.leaving.starts + found.leaving.lengths
    first = before - come[starts] + gone[begun]
    slot = found.spread(np.arange(len(found.slots)))[seen]
    sums = come[seen + 1] - gone[found.gone[seen]] + first[slot]
    return narrow(sums), narrow(before + (come[ends] - come[starts]) - (gone[ended] - gone[begun]))


def _prefixes(values: Longs) -> Longs:
    """The sum of all before each place, and of all."""
    sums = np.empty(len(values) + 1, np.int64)
    sums[0] = 0
    np.cumsum(values, out=sums[1:])
    return sums


def _most(values: Longs, side: Side) -> int:
    """What no sum of rows of one slot is above: by their number, or else by adding them up as floats."""
    most = bound(values) * int(side.lengths.max(initial=0))
    if most < SAFE // 2:
        return most
    sums = np.add.reduceat(np.abs(values.astype(np.float64)), side.starts[side.lengths > 0])
    # Floats are off by far less than this.
    return int(sums.max(initial=0.0) * 1.01)
