"""Rows of equal values as equal numbers, by one sort of hashes; and rows sorted by such numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["by_group", "coded", "same_values"]

Numbers = npt.NDArray[np.int64]
_PLAIN: Final = (pl.String, pl.Boolean, pl.Date)
_CODE: Final = "#code"


def coded(rows: pl.DataFrame) -> tuple[Numbers, Numbers]:
    """The number of each row's group, from 0 on, and the first row of each group. NULL equals NULL.

    Which number a group gets means nothing: it goes by a hash that is not the same in every version of Polars.
    """
    if not all(_plain(dtype) for dtype in rows.dtypes):
        return _coded_by_value(rows)
    bits, low = _bits(rows.height)
    # Hash and place in one number: sorting values is twice as fast as sorting places by values.
    packed = np.sort((rows.hash_rows().to_numpy() & ~low) | np.arange(rows.height, dtype=np.uint64))
    places = (packed & low).view(np.int64)
    packed >>= bits
    new = np.ones(rows.height, np.bool_)
    np.not_equal(packed[1:], packed[:-1], out=new[1:])
    codes = np.empty(rows.height, np.int64)
    codes[places] = np.cumsum(new) - 1
    firsts = places[new]
    if len(firsts) < rows.height and not same_values(rows, rows[firsts], rows.columns, codes):
        return _coded_by_value(rows)
    return codes, firsts


def same_values(rows: pl.DataFrame, unique: pl.DataFrame, columns: Sequence[str], codes: Numbers) -> bool:
    """Whether each row has the values of its group."""
    return all(_same(rows[name], unique[name][codes]) for name in columns)


def _same(left: pl.Series, right: pl.Series) -> bool:
    if left.null_count() or right.null_count():
        return not left.ne_missing(right).any()
    return bool((left == right).all())


def by_group(codes: Numbers) -> Numbers:
    """The places of rows in order of their groups' numbers, and as they came within a group."""
    bits, low = _bits(len(codes))
    packed = np.sort((codes.view(np.uint64) << bits) | np.arange(len(codes), dtype=np.uint64))
    return (packed & low).view(np.int64)


def _bits(size: int) -> tuple[np.uint64, np.uint64]:
    """How many bits a place among so many takes, and all of them set."""
    bits = np.uint64(max(size - 1, 1).bit_length())
    return bits, (np.uint64(1) << bits) - np.uint64(1)


def _plain(dtype: pl.DataType) -> bool:
    """Whether equal values have equal hashes for sure."""
    return dtype in _PLAIN or dtype.is_integer() or isinstance(dtype, pl.Datetime | pl.Duration)


def _coded_by_value(rows: pl.DataFrame) -> tuple[Numbers, Numbers]:
    unique = rows.unique(maintain_order=True).with_row_index(_CODE)
    found = rows.join(unique, on=rows.columns, how="left", nulls_equal=True, maintain_order="left")
    codes = found[_CODE].cast(pl.Int64).to_numpy()
    return codes, np.unique(codes, return_index=True)[1]
