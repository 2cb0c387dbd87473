"""What the events of an input are like, as its gate sees them: how many of each class and group, how far values vary.

All of it are shares and ratios, with older ones fading: the rate of the input says how many events that means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from slac.shedding.admission import BUCKETS, LEVELS

FADING: Final = 0.8
"""What is known counts so much once as many events again have been seen as a look takes in."""
LOOK: Final = 8192
"""Events that make one look."""
MOST_SQUARES: Final = 1e6
"""A larger squared coefficient of variation than this says no more than that a mean cannot be had."""

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]


@dataclass(slots=True)
class Moments:
    """Faded sums of a value in one class: how often, Σx and Σx²."""

    number: float = 0.0
    total: float = 0.0
    squares: float = 0.0

    def take(self, values: Floats, keep: float) -> None:
        """Add some values to what is left of those before."""
        self.number = self.number * keep + len(values)
        self.total = self.total * keep + float(values.sum())
        self.squares = self.squares * keep + float((values * values).sum())


@dataclass(slots=True)
class Profile:
    """Faded counts by class and bucket of groups, and moments by value and class; `seen`: events looked at."""

    counts: dict[int, Floats] = field(default_factory=dict)
    moments: dict[tuple[int, int], Moments] = field(default_factory=dict)
    seen: int = 0

    def take(self, classes: Longs, buckets: Longs, weights: Floats | None = None) -> float:
        """Count events by their classes and buckets; returns by what the counts before them have faded.

        `weights`: what each of them stands for, where classes were thinned unlike.
        """
        keep: float = FADING ** (len(classes) / LOOK)
        for known in self.counts.values():
            np.multiply(known, keep, out=known)
        for one in np.unique(classes):
            those = classes == one
            each = None if weights is None else weights[those]
            mine = np.bincount(buckets[those], each, minlength=BUCKETS).astype(np.float64)
            self.counts[int(one)] = mine + self.counts.get(int(one), 0.0)
        self.seen += len(classes)
        return keep

    def measure(self, value: int, one: int, values: Floats, keep: float) -> None:
        """Take in values of the `value`-th need in a class."""
        self.moments.setdefault((value, one), Moments()).take(values, keep)

    def squared_variation(self, value: int, classes: list[int]) -> float:
        """σ²/μ² of a value over some classes together; 1 where nothing is known of it."""
        number, mean, squares = self._together(value, classes)
        return _relative(squares / number - mean * mean, mean) if number >= 2 and mean != 0 else 1.0

    def squared_distances(self, value: int, classes: list[int]) -> list[float]:
        """By class, the mean of (x − μ)²/μ², μ that of all of these classes; 1 where nothing is known of it."""
        number, mean, _ = self._together(value, classes)
        found = []
        for one in classes:
            mine = self.moments.get((value, one), Moments())
            known = mine.number >= 2 and number >= 2 and mean != 0
            apart = (mine.squares - 2.0 * mean * mine.total) / mine.number + mean * mean if known else 0.0
            found.append(_relative(apart, mean) if known else 1.0)
        return found

    def _together(self, value: int, classes: list[int]) -> tuple[float, float, float]:
        """How many values were seen in some classes, their mean, and the sum of their squares."""
        parts = [m for c in classes if (m := self.moments.get((value, c))) is not None]
        number, total, squares = (float(sum(getattr(m, n) for m in parts)) for n in ("number", "total", "squares"))
        return number, total / number if number else 0.0, squares

    def shares(self) -> tuple[list[int], Floats]:
        """The classes, and by class and bucket the share of all events; one class and bucket where none was seen."""
        total = sum(float(c.sum()) for c in self.counts.values())
        if total <= 0:
            only = np.zeros((1, BUCKETS))
            only[0, 0] = 1.0
            return [0], only
        classes = sorted(self.counts)
        return classes, np.stack([self.counts[c] for c in classes]) / total


def _relative(square: float, mean: float) -> float:
    return float(min(max(square, 0.0) / (mean * mean), MOST_SQUARES))


def levels_of(rates: Floats) -> npt.NDArray[np.uint8]:
    """The size of groups from their rates (events a second): one more for each doubling of events a minute."""
    found: npt.NDArray[np.uint8] = np.clip(np.log2(np.maximum(rates * 60.0, 1.0)), 0, LEVELS - 1).astype(np.uint8)
    return found
