"""What past windows of a group tell of how far its values are apart: of rare ones the sample of a window may have none.

Of values of which one in a hundred is far away, a sample of a window has mostly too few to know its own error: its
variance has itself hardly a degree of freedom, and is too small just when such a value was dropped. So the variance
within the windows of the group, over all of them (of which the older count less), is the least that is assumed.

An interval is skewed because the error of an estimate and the variance that it is held against come from one sample
(Hall 1992). Of a variance to which the sample has contributed only a part, that holds for this part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from slac.plan.estimates.totals import Floats


@dataclass(frozen=True, slots=True)
class Powers:
    """By group, of values that stand for others: how many there were, and the means of their squares and cubes."""

    number: Floats
    second: Floats
    third: Floats


Past: TypeAlias = Mapping[tuple[str, str], Powers]
"""By the name of a call, and by what its powers are of: deviations from the `mean`, or what goes into a `sum`."""


def mean_of(total: Floats, number: Floats) -> Floats:
    """0 where there is nothing."""
    with np.errstate(all="ignore"):
        return np.where(number > 0, total / number, 0.0)


def with_past(own: Powers, past: Powers | None) -> Powers:
    """The powers to go by: those of all windows together, unless those of this one are greater.

    The third one is as large as it counts for the interval: by the share that this window has in what is known.
    """
    if past is None:
        return own
    total = own.number + past.number
    share = np.where(past.number > 0, mean_of(own.number, total), 1.0)
    second = share * own.second + (1.0 - share) * past.second
    third = share * own.third + (1.0 - share) * past.third
    is_more = own.second > second
    return Powers(total, np.where(is_more, own.second, second), share * np.where(is_more, own.third, third))
