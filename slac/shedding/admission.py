"""What a gate admits: weights for records before they are decoded, and for events by class, size of group, or key.

All weights are multiples of 2⁻²⁰, and thresholds are made to fit them, so that weighted sums stay unbiased.
"""

from __future__ import annotations

import base64
import zlib
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from slac.stream.batch import WEIGHT_ONE

LOWEST_FRACTION: Final = 2.0**-10
"""Below this a sample says too little; what is still too much is refused instead."""
BUCKETS: Final = 1024
"""Groups are told apart by so many values of their hash: two groups of one bucket are thinned as if they were one."""
LEVELS: Final = 24
"""Sizes of groups, each twice the one before."""
KEY_BITS: Final = 56
"""Bits of the randomness R of a key, as OpenTelemetry has them for traces."""
KEY_RANGE: Final = 1 << KEY_BITS

Levels = npt.NDArray[np.uint8]
Weights = npt.NDArray[np.uint64]


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """What holds at a gate from a decision on.

    `unread`: weight of a record that is decoded at all, and `hoisted` that of those of some classes (the set of strata
    conditions that an event meets, as bits), no higher: then neither `classes` nor `whole` say anything. `classes`: by
    class the weight for each size of group; a class that is not named is not thinned. `levels`: the size of
    each bucket of groups (base64, deflated; empty: all are of size 0). `whole`: weight of a key, or of a window, that
    is kept as a whole; it holds for events from `since` (event time, µs) on. `counts`: what is dropped behind the
    decoder is counted by class, group and pane.
    """

    unread: int = WEIGHT_ONE
    hoisted: dict[int, int] = {}
    classes: dict[int, tuple[int, ...]] = {}
    levels: str = ""
    whole: int = WEIGHT_ONE
    since: int = 0
    counts: bool = False

    @property
    def is_open(self) -> bool:
        """Whether everything passes."""
        thinned = any(w > WEIGHT_ONE for weights in self.classes.values() for w in weights)
        return self.unread == WEIGHT_ONE and self.whole == WEIGHT_ONE and not thinned


OPEN: Final = Admission()


def weight_of(fraction: float) -> int:
    """The weight of what is kept with a probability; not below `LOWEST_FRACTION`. ValueError outside of 0 to 1."""
    if not 0.0 <= fraction <= 1.0:
        raise ValueError(f"an admission fraction lies between 0 and 1: {fraction}")
    return round(WEIGHT_ONE / max(fraction, LOWEST_FRACTION))


def threshold_of(weight: int) -> int | None:
    """What a 64-bit hash must lie under to pass with a weight; None where all pass."""
    return None if weight <= WEIGHT_ONE else (WEIGHT_ONE << 64) // weight


def thresholds_of(weights: Weights) -> npt.NDArray[np.uint64]:
    """The same for many weights, as the greatest hash that passes."""
    table = {int(w): (threshold_of(int(w)) or 1 << 64) - 1 for w in np.unique(weights)}
    known = np.array(sorted(table), dtype=np.uint64)
    bounds = np.array([table[int(w)] for w in known], dtype=np.uint64)
    found: npt.NDArray[np.uint64] = bounds[np.searchsorted(known, weights)]
    return found


def key_threshold(weight: int) -> int:
    """T: a key is kept iff its R (56 bits) is at least this."""
    return 0 if weight <= WEIGHT_ONE else KEY_RANGE - (WEIGHT_ONE << KEY_BITS) // weight


def packed(levels: Levels) -> str:
    """Levels of all buckets as text; empty where all are 0."""
    return base64.b64encode(zlib.compress(levels.tobytes(), 1)).decode() if levels.any() else ""


def unpacked(levels: str) -> Levels:
    """What `packed` was given."""
    if not levels:
        return np.zeros(BUCKETS, np.uint8)
    return np.frombuffer(zlib.decompress(base64.b64decode(levels)), dtype=np.uint8)
