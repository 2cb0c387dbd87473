"""Columns made narrow before they cross a link: smaller for the network, and less for the compression to look at.

What all rows hold goes once, and whole numbers as their distance from the lowest (frame of reference: Goldstein,
Ramakrishnan and Shaft, ICDE 1998). Reversible to the bit; few rows are left as they are.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from slac.stream.batch import TIME_TYPE

WORTH: Final = 8_192
"""Rows from which on columns are looked at: fewer are compressed sooner than that."""
MOST: Final = 4_096
"""Columns that may be described; a peer that describes more is refused."""

Numbers = npt.NDArray[np.int64] | npt.NDArray[np.uint64]
Kind = Literal["i64", "u64", "i128", "time", "float", "text"]
_TYPES: Final[dict[Kind, pl.DataType]] = {
    "i64": pl.Int64(),
    "u64": pl.UInt64(),
    "i128": pl.Int128(),
    "time": TIME_TYPE,
    "float": pl.Float64(),
    "text": pl.String(),
}
_KINDS: Final[dict[pl.DataType, Kind]] = {dtype: kind for kind, dtype in _TYPES.items()}
_WIDTHS: Final = ((1 << 8, np.uint8), (1 << 16, np.uint16), (1 << 32, np.uint32))
_EXACT: Final = 1 << 53


class Packed(msgspec.Struct, frozen=True, array_like=True):
    """How a column was: its name and kind, and its lowest value as text.

    `place`: all rows hold that value, and the column was not sent; among the frame's columns it stood there.
    """

    name: str
    kind: Kind
    base: str
    place: int | None = None


def pack(frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Packed, ...]]:
    """The frame with narrow columns, and how they were."""
    if frame.height < WORTH:
        return frame, ()
    sent: list[pl.Series] = []
    notes: list[Packed] = []
    for place, column in enumerate(frame.get_columns()):
        kind = _KINDS.get(column.dtype)
        # The first column stays: it says how many rows there are.
        narrow = None if kind is None else _narrowed(column, kind, place or None)
        sent += [column] if narrow is None else narrow[0]
        notes += [] if narrow is None else [narrow[1]]
    return pl.DataFrame(sent), tuple(notes)


def unpack(frame: pl.DataFrame, notes: tuple[Packed, ...]) -> pl.DataFrame:
    """The reverse of `pack`; ValueError where the two do not belong together."""
    if not notes:
        return frame
    if len(notes) > MOST or not frame.width:
        raise ValueError(f"{len(notes)} columns are described, {frame.width} were sent")
    columns = frame.get_columns()
    places = {column.name: place for place, column in enumerate(columns)}
    for note in notes:
        if note.place is None:
            place = places.get(note.name)
            if place is None:
                raise ValueError(f'a column "{note.name}" is described and was not sent')
            columns[place] = _widened(columns[place], note)
    for note in notes:
        if note.place is not None:
            columns.insert(note.place, _repeated(note, frame.height))
    return pl.DataFrame(columns)


def _narrowed(column: pl.Series, kind: Kind, place: int | None) -> tuple[list[pl.Series], Packed] | None:
    """The column as it is sent (none where all rows are alike), and its description; None where nothing is gained."""
    if column.null_count():
        return None
    if kind == "text":
        return _alike_text(column, place)
    numbers = _numbers(column, kind)
    if numbers is None:
        return None
    lowest, highest = int(numbers.min()), int(numbers.max())
    if lowest == highest and place is not None:
        return [], Packed(column.name, kind, str(lowest), place)
    for limit, width in _WIDTHS:
        if lowest >= 0 and highest < limit:
            return [pl.Series(column.name, numbers.astype(width))], Packed(column.name, kind, "0")
        if highest - lowest < limit:
            return [pl.Series(column.name, (numbers - lowest).astype(width))], Packed(column.name, kind, str(lowest))
    # Totals of 128 bits mostly fit 64.
    return ([pl.Series(column.name, numbers)], Packed(column.name, kind, "0")) if kind == "i128" else None


def _numbers(column: pl.Series, kind: Kind) -> Numbers | None:
    """Whole numbers of 64 bits that say all that the column says; None where there are none."""
    match kind:
        case "float":
            return _counts(column.to_numpy())
        case "i128":
            fitting = column.cast(pl.Int64, strict=False)
            return None if fitting.null_count() else fitting.to_numpy()
        case "time":
            return column.cast(pl.Int64).to_numpy()
        case _:
            return column.to_numpy()


def _counts(values: npt.NDArray[np.float64]) -> Numbers | None:
    """Counts that are kept as floats; a zero may have a sign, and is left."""
    if not (values.min() > 0 and values.max() < _EXACT):
        return None
    numbers = values.astype(np.int64)
    return numbers if (numbers == values).all() else None


def _alike_text(column: pl.Series, place: int | None) -> tuple[list[pl.Series], Packed] | None:
    first = column[0]
    # The last row first: where rows differ it mostly does, too.
    if place is None or first is None or column[-1] != first or not (column == first).all():
        return None
    return [], Packed(column.name, "text", first, place)


def _widened(column: pl.Series, note: Packed) -> pl.Series:
    base, dtype = int(note.base), _TYPES[note.kind]
    wide = column.cast(pl.UInt64 if note.kind == "u64" else pl.Int64)
    return (wide + base if base else wide).cast(dtype)


def _repeated(note: Packed, height: int) -> pl.Series:
    dtype = _TYPES[note.kind]
    value: Any = note.base if note.kind == "text" else int(note.base)
    plain = pl.Int64() if note.kind in ("time", "float") else dtype
    return pl.Series(note.name, [value], plain).new_from_index(0, height).cast(dtype)
