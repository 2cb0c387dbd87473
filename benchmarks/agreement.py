"""A benchmark times nothing before both sides have said the same: row by row, floats to 1e-9 of their value."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from slac.diagnostics import RunFailed

TOLERANCE = 1e-9


def check_agreement(ours: pl.DataFrame, theirs: pl.DataFrame, keys: Sequence[str]) -> None:
    """RunFailed unless both frames hold the same rows, in any order; `keys` tell a row from all others."""
    if not ours.height:
        raise RunFailed("there is nothing to compare: no rows came out")
    if set(ours.columns) != set(theirs.columns):
        raise RunFailed(f"the columns differ: {ours.columns} and {theirs.columns}")
    mine, other = ours.sort(keys), theirs.select(ours.columns).sort(keys)
    if mine.height != other.height:
        raise RunFailed(f"slac says {mine.height} rows, its peer {other.height}")
    wrong = [name for name in mine.columns if not _same(mine[name], other[name])]
    if wrong:
        raise RunFailed(f"slac and its peer do not agree on {', '.join(wrong)}")


def _same(mine: pl.Series, other: pl.Series) -> bool:
    if not mine.dtype.is_float():
        return mine.equals(other.cast(mine.dtype))
    near = (mine - other).abs() <= TOLERANCE * other.abs().clip(lower_bound=1e-300)
    return bool(near.fill_null(mine.is_null() & other.is_null()).all())
