"""Rows in the order of small numbers, equal ones as they stood."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

Longs = npt.NDArray[np.int64]
_SHORT: Final = 32


def sorted_slots(slots: npt.NDArray[np.integer[Any]]) -> tuple[Longs, npt.NDArray[Any]]:
    """Places in the order of `slots` (0 … 2³²), and the slots in this order, of 32 bits where that is enough.

    Slot and place are one number, as narrow as may be: values are sorted faster than places.
    """
    bits = max(len(slots) - 1, 0).bit_length()
    is_short = int(slots.max(initial=0)).bit_length() + bits <= _SHORT
    kind: npt.DTypeLike = np.uint32 if is_short else np.int64
    numbers: npt.NDArray[Any] = slots.astype(kind)
    numbers <<= bits
    numbers |= np.arange(len(slots), dtype=numbers.dtype)
    numbers.sort()
    places = (numbers & ((1 << bits) - 1)).astype(np.int64, copy=False)
    numbers >>= bits
    return places, numbers
