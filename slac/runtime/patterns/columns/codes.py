"""Rows of equal values as equal numbers, and rows in order of such numbers, by one sort of hashes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.stream.framing import column_of

__all__ = ["InGroups", "by_group", "coded", "in_groups", "index", "same_values"]

Numbers = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]
_PLAIN: Final = (pl.String, pl.Boolean, pl.Date)
_CODE: Final = "#code"
_INDEX: Final = np.uint32 if pl.get_index_type() == pl.UInt32 else np.uint64


@dataclass(frozen=True, slots=True)
class InGroups:
    """Rows in order of their groups, and as they came within one: their `places`, and whether a group begins there.

    In which order the groups stand means nothing: it goes by a hash that is not the same in every version of Polars.
    """

    places: Numbers
    begins: Marks

    @property
    def firsts(self) -> Numbers:
        """The first row of each group."""
        return self.places[self.begins]

    @property
    def codes(self) -> Numbers:
        """The number of each place's group, from 0 on."""
        codes: Numbers = np.cumsum(self.begins, dtype=np.int64)
        codes -= 1
        return codes


def in_groups(rows: pl.DataFrame, came: Numbers | None = None) -> InGroups:
    """The groups of equal rows; NULL equals NULL. `came`: the rows in the order in which they came, where it differs.

    Places are then among `came`.
    """
    if not all(_plain(dtype) for dtype in rows.dtypes):
        return _in_groups_by_value(rows, came)
    bits, low = _bits(rows.height)
    # Hash and place in one number: sorting values is twice as fast as sorting places by values.
    packed = rows.hash_rows().to_numpy()
    packed = packed & ~low if came is None else packed[came] & ~low
    packed |= np.arange(rows.height, dtype=np.uint64)
    packed.sort()
    places = (packed & low).view(np.int64)
    packed >>= bits
    begins = np.ones(rows.height, np.bool_)
    np.not_equal(packed[1:], packed[:-1], out=begins[1:])
    if not begins.all() and not _alike_within(rows, places if came is None else came[places], begins):
        return _in_groups_by_value(rows, came)
    return InGroups(places, begins)


def coded(rows: pl.DataFrame) -> tuple[Numbers, Numbers]:
    """The number of each row's group, from 0 on, and the first row of each group. NULL equals NULL."""
    found = in_groups(rows)
    codes = np.empty(rows.height, np.int64)
    codes[found.places] = found.codes
    return codes, found.firsts


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


def index(places: Numbers) -> pl.Series:
    """Places in the form that Polars gathers by without looking at them first."""
    return column_of("", places.astype(_INDEX))


def _bits(size: int) -> tuple[np.uint64, np.uint64]:
    """How many bits a place among so many takes, and all of them set."""
    bits = np.uint64(max(size - 1, 1).bit_length())
    return bits, (np.uint64(1) << bits) - np.uint64(1)


def _plain(dtype: pl.DataType) -> bool:
    """Whether equal values have equal hashes for sure."""
    return dtype in _PLAIN or dtype.is_integer() or isinstance(dtype, pl.Datetime | pl.Duration)


def _alike_within(rows: pl.DataFrame, places: Numbers, begins: Marks) -> bool:
    """Whether each row that begins no group has the values of the one before it; no row that begins one has them."""
    taken, alike = index(places), len(places) - int(np.count_nonzero(begins))
    for name in rows.columns:
        column = rows[name][taken]
        before, after = column.head(len(column) - 1), column.slice(1)
        same = before.eq_missing(after) if column.null_count() else before == after
        # Of one column each that begins a group differs; of several some may be alike there, and are looked at.
        if len(rows.columns) == 1 and same.sum() == alike:
            continue
        if not (same.to_numpy() | begins[1:]).all():
            return False
    return True


def _in_groups_by_value(rows: pl.DataFrame, came: Numbers | None) -> InGroups:
    unique = rows.unique(maintain_order=True).with_row_index(_CODE)
    found = rows.join(unique, on=rows.columns, how="left", nulls_equal=True, maintain_order="left")
    codes = found[_CODE].cast(pl.Int64).to_numpy()
    codes = codes if came is None else codes[came]
    places = by_group(codes)
    codes = codes[places]
    return InGroups(places, np.append(True, codes[1:] != codes[:-1])[: len(codes)])
