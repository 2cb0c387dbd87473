"""Whole numbers from 0 on in as many bits as they need: cut across into planes of 4, 8, 16, 32 and 64 bits.

Each plane is one array, so that numbers of 20 bits cost two steps over all rows and no shuffling of bits. Reading is
checked against the bytes that are there.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

Naturals = npt.NDArray[np.unsignedinteger[Any]]
_NIBBLE: Final = 4
_MOST: Final = 64
_TYPES: Final[dict[int, type[np.unsignedinteger[Any]]]] = {8: np.uint8, 16: np.uint16, 32: np.uint32, 64: np.uint64}


def bits_for(highest: int) -> int:
    """Bits of numbers up to this one: a multiple of 4, and 0 where there is nothing but 0."""
    return -(-highest.bit_length() // _NIBBLE) * _NIBBLE


def holder(bits: int) -> type[np.unsignedinteger[Any]]:
    """The narrowest type of numpy that holds numbers of so many bits; ValueError where bits are not of `bits_for`."""
    if not 0 <= bits <= _MOST or bits % _NIBBLE:
        raise ValueError(f"numbers of {bits} bits")
    return next(dtype for width, dtype in _TYPES.items() if bits <= width)


def to_planes(numbers: Naturals, bits: int) -> list[Naturals]:
    """Numbers of type `holder(bits)` as their planes, the lowest bits first."""
    planes: list[Naturals] = []
    for width, rest in _widths(bits):
        planes.append(_to_nibbles(numbers) if width == _NIBBLE else numbers.astype(_TYPES[width], copy=False))
        if rest:
            numbers = numbers >> numbers.dtype.type(width)
    return planes


def from_planes(data: memoryview, bits: int, rows: int) -> Naturals:
    """The reverse, from the beginning of `data`; ValueError where it is too short. They may lie in `data` itself."""
    dtype, place, shift = holder(bits), 0, 0
    numbers: Naturals | None = None
    for width, _ in _widths(bits):
        size = _size(width, rows)
        part = _plane(data[place : place + size], width, rows).astype(dtype, copy=False)
        numbers = part if numbers is None else numbers | (part << dtype(shift))
        place, shift = place + size, shift + width
    return np.zeros(rows, np.uint8) if numbers is None else numbers


def size_of(bits: int, rows: int) -> int:
    """Bytes of all planes of so many numbers."""
    return sum(_size(width, rows) for width, _ in _widths(bits))


def _widths(bits: int) -> list[tuple[int, int]]:
    """Each plane's bits, and how many are left behind it."""
    return [(width, bits >> width.bit_length()) for width in (_NIBBLE, *_TYPES) if bits & width]


def _size(width: int, rows: int) -> int:
    return -(-rows * width // 8)


def _plane(data: memoryview, width: int, rows: int) -> Naturals:
    if len(data) != _size(width, rows):
        raise ValueError(f"{rows} numbers of {width} bits are not {len(data)} bytes")
    return (
        _from_nibbles(np.frombuffer(data, np.uint8), rows) if width == _NIBBLE else np.frombuffer(data, _TYPES[width])
    )


def _to_nibbles(numbers: Naturals) -> Naturals:
    """Two in a byte: the second half of the rows above the first, so that no step strides."""
    low = numbers.astype(np.uint8) & np.uint8(15)
    half = -(-len(low) // 2)
    packed = low[:half].copy()
    packed[: len(low) - half] |= low[half:] << np.uint8(_NIBBLE)
    return packed


def _from_nibbles(packed: npt.NDArray[np.uint8], rows: int) -> Naturals:
    return np.concatenate((packed & np.uint8(15), packed >> np.uint8(_NIBBLE)))[:rows]
