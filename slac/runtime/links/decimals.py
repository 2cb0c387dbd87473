"""Floats that were written with few decimals, as whole numbers and a power of ten, to the bit.

ALP (Afroozeh, Kuffó and Boncz, SIGMOD 2024): a scale is found on a sample; rows whose bits do not come back are kept
beside it. Done in pieces that stay in the cache.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int64]
SCALES: Final = 15
"""Powers of ten that a float counts exactly."""
_TRIED: Final = (0, 1, 2, 3, 4, 6)
_SAMPLE: Final = 32
_PIECE: Final = 8_192
_FEW: Final = 16
"""One row of so many may be kept beside."""


def to_wholes(values: Floats) -> tuple[int, Wholes, npt.NDArray[np.intp]] | None:
    """The scale, whole numbers, and the places of rows that they do not give back; None where too many are of those."""
    sample = values[:: max(len(values) // _SAMPLE, 1)]
    scale = next((s for s in _TRIED if len(_scaled(sample, s)[1]) * _FEW <= len(sample)), None)
    if scale is None:
        return None
    wholes = np.empty(len(values), np.int64)
    odd: list[npt.NDArray[np.intp]] = []
    kept = 0
    for begin in range(0, len(values), _PIECE):
        wholes[begin : begin + _PIECE], places = _scaled(values[begin : begin + _PIECE], scale)
        odd.append(places + begin)
        kept += len(places)
        if kept * _FEW > len(values):
            return None
    places = np.concatenate(odd)
    if kept:
        # What lies beside must not widen the rest.
        wholes[places] = wholes[np.setdiff1d(np.arange(kept + 1), places)[0]]
    return scale, wholes, places


def from_wholes(scale: int, wholes: Wholes) -> Floats:
    """The reverse, but for the rows beside; ValueError for a scale that is none."""
    if not 0 <= scale <= SCALES:
        raise ValueError(f"a scale of {scale}")
    return wholes / 10.0**scale


def _scaled(values: Floats, scale: int) -> tuple[Wholes, npt.NDArray[np.intp]]:
    # What is no such number, or too large, becomes any whole number: it does not come back, as it has to.
    with np.errstate(invalid="ignore", over="ignore"):
        wholes = np.rint(values * 10.0**scale).astype(np.int64)
    # As bits: −0.0 is not 0.0.
    return wholes, np.flatnonzero(from_wholes(scale, wholes).view(np.int64) != values.view(np.int64))
