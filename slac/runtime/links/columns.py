"""Columns of the types that links mostly carry, as whole numbers of 64 bits, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.links.decimals import from_wholes, to_wholes
from slac.runtime.links.planes import Naturals
from slac.stream.batch import TIME_TYPE

Whole = npt.NDArray[np.int64] | Naturals
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
_RECUR: Final = 4
"""Texts are numbered where each comes so often on average."""
_SAMPLE: Final = 1_024
_LOWEST, _HIGHEST = -(1 << 63), (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a column says: whole numbers.

    Of a float, by which power of ten (None: its bits), and `odd`: places of rows that are otherwise, and their bits.
    Texts are places in `texts`.
    """

    values: Whole
    scale: int | None = None
    odd: tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint64]] | None = None
    texts: tuple[str, ...] = ()


def kind_of(column: pl.Series) -> Kind | None:
    """Which of the types it has; None for all others, and where values are missing."""
    return None if column.null_count() else _KINDS.get(column.dtype)


def to_numbers(column: pl.Series, kind: Kind) -> Numbers | None:
    """The column, which has at least one row, as numbers; None where there are none worth the while."""
    match kind:
        case "float":
            return _of_floats(column.to_numpy())
        case "i128":
            return _of_totals(column)
        case "time":
            return Numbers(column.cast(pl.Int64).to_numpy())
        case "text":
            return _of_texts(column)
        case _:
            return Numbers(column.to_numpy())


def to_column(name: str, kind: Kind, numbers: Numbers) -> pl.Series:
    """The reverse of `to_numbers`, of values modulo 2**64; ValueError or PolarsError where they are none of it."""
    values = numbers.values
    match kind:
        case "text":
            return pl.Series(name, numbers.texts, pl.String).gather(pl.Series(values, dtype=pl.UInt64))
        case "float":
            return pl.Series(name, _to_floats(numbers))
        case "u64":
            return pl.Series(name, values.view(np.uint64))
        case _:
            return pl.Series(name, values.view(np.int64)).cast(_TYPES[kind])


def _of_floats(values: npt.NDArray[np.float64]) -> Numbers:
    found = to_wholes(values)
    if found is None:
        return Numbers(values.view(np.uint64))
    scale, wholes, places = found
    odd = (places.astype(np.uint32), values[places].view(np.uint64)) if len(places) else None
    return Numbers(wholes, scale, odd)


def _to_floats(numbers: Numbers) -> npt.NDArray[np.float64]:
    if numbers.scale is None:
        return numbers.values.view(np.float64)
    values = from_wholes(numbers.scale, numbers.values.view(np.int64))
    if numbers.odd is not None:
        places, bits = numbers.odd
        if int(places.max()) >= len(values):
            raise ValueError("a row is described that was not sent")
        values[places] = bits.view(np.float64)
    return values


def _of_totals(column: pl.Series) -> Numbers | None:
    """Totals of 128 bits mostly fit 64."""
    lowest, highest = column.min(), column.max()
    if lowest < _LOWEST or highest > _HIGHEST:  # type: ignore[operator]
        return None
    return Numbers(column.cast(pl.Int64, wrap_numerical=True).to_numpy())


def _of_texts(column: pl.Series) -> Numbers | None:
    """Their places among those that there are, in order of appearance."""
    rows = len(column)
    # The last row first: where rows differ it mostly does, too.
    if column[0] == column[-1] and (column == column[0]).all():
        return Numbers(np.zeros(rows, np.uint8), texts=(column[0],))
    sample = column.gather_every(max(rows // _SAMPLE, 1))
    if sample.n_unique() * 16 > len(sample) * 15:
        return None
    categories = pl.Categories.random()
    # They are forgotten when nothing has them any more.
    numbered = column.cast(pl.Categorical(categories))
    texts = categories.to_series()
    if len(texts) * _RECUR > rows:
        return None
    return Numbers(numbered.to_physical().to_numpy(), texts=tuple(texts.to_list()))
