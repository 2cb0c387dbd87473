"""Columns made narrow before they cross a link: smaller for the network, and with nothing left to compress.

Whole numbers go as their distance from the lowest (frame of reference: Goldstein, Ramakrishnan and Shaft, ICDE 1998),
in as few bits as hold it; once where all rows are alike, by runs where neighbours are, and not at all where another
column has the same distances. Floats are decimals where they can be, and texts that recur are places among those that
there are. Reversible to the bit. What is none of that, and few rows, stay as they are.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.links.columns import Kind, Numbers, Whole, kind_of, to_numbers
from slac.runtime.links.planes import Naturals, bits_for, holder, to_planes

WORTH: Final = 8_192
"""Rows from which on columns are looked at: fewer are compressed sooner than that."""
MOST: Final = 4_096
"""Columns that may be described …"""
CELLS: Final = 1 << 28
"""… and values of all of them; a peer that describes more is refused."""
_WIDE: Final = 16
"""Bits above which compression may still find more than the distances tell."""
_SAMPLE: Final = 1_024
_MASK: Final = (1 << 64) - 1


class Packed(msgspec.Struct, frozen=True, array_like=True):
    """How a column was: each value is `base` and a distance of `bits`; without bits all rows hold `base`.

    `like`: the distances are those of the column that is described there. `runs`: they are of so many runs, whose
    lengths follow. Of a float, `scale`: distances are of whole numbers, by this power of ten (else of its bits), and of
    `odd` rows the places and bits follow. `texts`: distances are places in it.
    """

    name: str
    kind: Kind
    base: int = 0
    bits: int = 0
    like: int | None = None
    runs: int = 0
    scale: int | None = None
    odd: int = 0
    texts: tuple[str, ...] = ()


class Described(msgspec.Struct, frozen=True, array_like=True):
    """A frame of so many rows, column by column; None stands for the next of those that are sent as they are."""

    rows: int
    columns: tuple[Packed | None, ...]


@dataclass(slots=True)
class Packing:
    """What becomes of a frame: descriptions, arrays that are to follow one another, and columns left as they are."""

    rows: int
    columns: list[Packed | None] = field(default_factory=list)
    blocks: list[npt.NDArray[Any]] = field(default_factory=list)
    left: list[pl.Series] = field(default_factory=list)
    _known: dict[tuple[int, bytes, bytes], tuple[int, Naturals]] = field(default_factory=dict)

    @property
    def described(self) -> Described:
        """What goes in front."""
        return Described(self.rows, tuple(self.columns))

    def leave(self, column: pl.Series) -> None:
        """The column goes as it is."""
        self.columns.append(None)
        self.left.append(column)

    def add(self, column: pl.Series, kind: Kind, found: Numbers) -> bool:
        """The column goes as numbers; False, and nothing is done, where it would be smaller if it were compressed."""
        base, bits, distances = _distances(found.values)
        how = self._how(column, bits, distances)
        if how is None:
            return False
        like, runs, blocks = how
        odd = len(found.odd[0]) if found.odd is not None else 0
        self.columns.append(Packed(column.name, kind, base, bits, like, runs, found.scale, odd, found.texts))
        self.blocks += [*blocks, *(found.odd or ())]
        return True

    def _how(
        self, column: pl.Series, bits: int, distances: Naturals
    ) -> tuple[int | None, int, list[npt.NDArray[Any]]] | None:
        """The column that it is like, how many runs there are, and the arrays; None where compression is better."""
        if not bits:
            return None, 0, []
        ends = _runs(distances, bits)
        if ends is not None:
            lengths = np.diff(ends, prepend=-1).astype(np.uint32)
            return None, len(ends), [*to_planes(distances[ends], bits), lengths]
        key = bits, distances[:_SAMPLE].tobytes(), distances[-_SAMPLE:].tobytes()
        place, same = self._known.get(key, (0, distances))
        if same is not distances and np.array_equal(same, distances):
            return place, 0, []
        if bits > _WIDE and _is_compressible(column, bits):
            return None
        self._known.setdefault(key, (len(self.columns), distances))
        return None, 0, list(to_planes(distances, bits))


def pack(frame: pl.DataFrame) -> Packing | None:
    """The frame in narrow columns; None where it is to be left as it is."""
    if frame.height < WORTH or frame.width > MOST or frame.height * frame.width > CELLS:
        return None
    packing = Packing(frame.height)
    for column in frame.get_columns():
        kind = kind_of(column)
        found = None if kind is None else to_numbers(column, kind)
        if kind is None or found is None or not packing.add(column, kind, found):
            packing.leave(column)
    # A receiver takes no more rows than there are bytes.
    return packing if sum(block.nbytes for block in packing.blocks) >= frame.height else None


def _distances(values: Whole) -> tuple[int, int, Naturals]:
    """The lowest, bits of a distance from it, and the distances; all is modulo a power of two, and so exact."""
    base, highest = int(values.min()), int(values.max())
    bits = bits_for(highest - base)
    dtype = holder(bits)
    distances = values.astype(dtype)
    if base:
        distances -= dtype(base & (_MASK >> (64 - 8 * distances.itemsize)))
    return base, bits, distances


def _runs(distances: Naturals, bits: int) -> npt.NDArray[np.intp] | None:
    """The last row of each run, where that takes at most half of what all rows would."""
    rows = len(distances)
    most = rows * bits // (2 * (bits + 32))
    step = max(rows // _SAMPLE, 1)
    some = distances[: rows - 1 : step]
    if np.count_nonzero(some != distances[1::step][: len(some)]) * step > 2 * most:
        return None
    ends = np.append(np.flatnonzero(distances[1:] != distances[:-1]), rows - 1)
    return ends if len(ends) <= most else None


def _is_compressible(column: pl.Series, bits: int) -> bool:
    """Whether a piece of it takes half of the bits when it is compressed."""
    buffer = io.BytesIO()
    piece = column.slice(len(column) // 2, _SAMPLE)
    piece.to_frame().write_ipc_stream(buffer, compression="lz4")
    return buffer.tell() * 2 * 8 < len(piece) * bits
