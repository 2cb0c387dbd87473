"""What the machine really gives: less than the budget, where others need it or one thread cannot use as much.

A budget is a bound, not a promise. Where a queue stands although less than the budget is used, what is used is all that
there is; held against the budget, nothing would ever be too much.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

SMOOTH: Final = 1.0
"""Seconds over which what is used is a faded mean."""
PROBE: Final = 10.0
"""Seconds in which it is tried whether there is e times as much: when the queue stands again, there is not."""


@dataclass(slots=True)
class Attained:
    """Cores that are to be had for records; `cores` is None where it is all of the budget's."""

    cores: float | None = None

    def step(self, used: float, target: float, seconds: float, *, starved: bool, lags: bool = False) -> float:
        """What to aim at, when `used` cores went into records in the last second; `starved`: more were to be done.

        `lags`: less is done than was to be, so there is no more to be had for now.
        """
        if starved:
            before = used if self.cores is None else self.cores
            self.cores = before + (used - before) * min(seconds / SMOOTH, 1.0)
        elif self.cores is not None and not lags:
            self.cores *= math.exp(seconds / PROBE)
        if self.cores is not None and self.cores >= target:
            self.cores = None
        return target if self.cores is None else self.cores
