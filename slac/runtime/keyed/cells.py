"""Values by slot: one column of any type, of which single places are written and read at a cost of those places."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

Longs = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_FIRST: Final = 64


class Cells:
    """A column whose places are NULL until they are written.

    Numbers, truth values, instants and durations stand in NumPy; text and what is nested are Python objects.
    """

    def __init__(self, name: str, dtype: pl.DataType) -> None:
        self._name, self._dtype = name, dtype
        self._stored = _stored(dtype)
        self._data = self._blank(_FIRST)
        self._valid = np.zeros(_FIRST, np.bool_)

    def grow(self, size: int) -> None:
        """Have at least so many places."""
        have = len(self._valid)
        if size > have:
            more = max(size, 2 * have) - have
            self._data = np.concatenate([self._data, self._blank(more)])
            self._valid = np.concatenate([self._valid, np.zeros(more, np.bool_)])

    def put(self, slots: Longs, values: pl.Series) -> None:
        """Write distinct places."""
        if self._stored is None:
            made = np.empty(len(values), np.dtype(object))
            made[:] = values.to_list()
            self._data[slots] = made
        else:
            plain = values if values.dtype == pl.Boolean else values.cast(_physical(self._dtype))
            self._data[slots] = (plain.fill_null(_zero(plain.dtype)) if plain.null_count() else plain).to_numpy()
        self._valid[slots] = values.is_not_null().to_numpy() if values.null_count() else True

    def take(self, slots: Longs | slice) -> pl.Series:
        """The values of these places."""
        data, valid = self._data[slots], self._valid[slots]
        if self._stored is None:
            return pl.Series(self._name, data.tolist(), self._dtype)
        series = pl.Series(self._name, data).cast(self._dtype)
        return series if valid.all() else series.scatter(np.flatnonzero(~valid), None)

    def known(self, slots: Longs | slice) -> Mask:
        """Which of these places are not NULL."""
        return self._valid[slots]

    def clear(self, slots: Longs) -> None:
        """Make these places NULL."""
        self._valid[slots] = False
        if self._stored is None:
            self._data[slots] = None

    def _blank(self, size: int) -> npt.NDArray[Any]:
        return np.full(size, None) if self._stored is None else np.zeros(size, self._stored)


def _stored(dtype: pl.DataType) -> np.dtype[Any] | None:
    if dtype == pl.Boolean:
        return np.dtype(np.bool_)
    if dtype == pl.Float64:
        return np.dtype(np.float64)
    return np.dtype(np.int64) if dtype == pl.Int64 or dtype.is_temporal() else None


def _physical(dtype: pl.DataType) -> pl.DataType:
    return pl.Int64() if dtype.is_temporal() else dtype


def _zero(dtype: pl.DataType) -> bool | int | float:
    return False if dtype == pl.Boolean else 0
