"""COUNT_DISTINCT: the hashes themselves while they are few, then the registers of a HyperLogLog.

Both depend on the set of values alone: a union has more hashes than may be kept, or it has not, and the greatest rank
in a register is that of all its hashes, whatever came first.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.plan.aggregation.family import argument, column, part
from slac.plan.expressions import AggregateCall
from slac.stream.ids import hash_columns

DISTINCT_KEPT: Final = 512
"""COUNT_DISTINCT is exact up to so many: their hashes fill what the registers would."""
REGISTERS: Final = 4096
"""Above, its standard error is 1.04 / √4096, 1.6 %."""

HASHES, RANKS = "hashes", "registers"
_STATE: Final = pl.Struct({HASHES: pl.List(pl.UInt64()), RANKS: pl.List(pl.UInt8())})
_INDEX_BITS: Final = 12
_REST_BITS: Final = 64 - _INDEX_BITS
_HIGHEST: Final = 40
"""Ranks end here, so that the sum over all registers of 2⁻ʳ is exact in a double; 2⁵² values are never met."""
_ALPHA: Final = 0.7213 / (1 + 1.079 / REGISTERS)
_NO_RANKS: Final = pl.Series(RANKS, [[]], dtype=pl.List(pl.UInt8()))
_NO_HASHES: Final = pl.Series(HASHES, [[]], dtype=pl.List(pl.UInt64()))

Ranks = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.int64]


class Distinct:
    """How many different values there are.

    Part `state`: a struct of `hashes`, a sorted list of at most 512 different UInt64, and `registers`, a list of 4096
    ranks (UInt8); one of them is empty.
    """

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """`state`."""
        return {"state": _STATE}

    def partial(self, call: AggregateCall, columns: Collection[str]) -> list[pl.Expr]:
        """Hash every value."""
        hashes = argument(call).map_batches(_hashed, return_dtype=pl.UInt64, is_elementwise=True)
        return [_settled(call, hashes, pl.lit(_NO_RANKS.first()))]

    def merge(self, call: AggregateCall) -> list[pl.Expr]:
        """The union of hashes, the greatest of each register."""
        state = column(call, "state")
        ranks = state.struct.field(RANKS).explode().drop_nulls().implode()
        return [_settled(call, state.struct.field(HASHES).explode(), ranks)]

    def final(self, call: AggregateCall) -> pl.Expr:
        """The number of hashes, or what the registers say."""
        return column(call, "state").map_batches(_number, return_dtype=pl.Int64, is_elementwise=True)

    def empty(self, call: AggregateCall) -> pl.Expr:
        """Zero."""
        return pl.lit(0, pl.Int64)


def _hashed(values: pl.Series) -> pl.Series:
    hashes = hash_columns(values.to_frame(), [values.name], 0)
    return hashes.set(values.is_null(), None)


def _settled(call: AggregateCall, hashes: pl.Expr, ranks: pl.Expr) -> pl.Expr:
    """One state a group, of all its hashes and of the registers that it has by now, one set behind the other."""
    cells = pl.struct(hashes.drop_nulls().unique().sort().implode().alias(HASHES), ranks.alias(RANKS))
    settled = cells.map_batches(_state, return_dtype=_STATE, is_elementwise=True)
    return settled.alias(part(call, "state"))


def _state(cells: pl.Series) -> pl.Series:
    """All groups at once: those with too many hashes, or with registers already, go by registers alone."""
    hashes, ranks = cells.struct.field(HASHES), cells.struct.field(RANKS)
    lengths, sets = _lengths(hashes), _lengths(ranks) // REGISTERS
    many = np.flatnonzero((lengths > DISTINCT_KEPT) | (sets > 0))
    if not len(many):
        return pl.select(pl.struct(hashes, ranks).cast(_STATE)).to_series().alias(cells.name)
    table = np.zeros((len(many), REGISTERS), np.uint8)
    _take_sets(table, ranks.gather(many), sets[many])
    _take_hashes(table, hashes.gather(many), lengths[many])
    dense = pl.Series(RANKS, table).cast(pl.List(pl.UInt8))
    place = np.full(len(lengths), len(many))
    place[many] = np.arange(len(many))
    kept = np.arange(len(lengths))
    kept[many] = len(lengths)
    settled = pl.struct(pl.concat([hashes, _NO_HASHES]).gather(kept), pl.concat([dense, _NO_RANKS]).gather(place))
    return pl.select(settled.cast(_STATE)).to_series().alias(cells.name)


def _lengths(cells: pl.Series) -> Counts:
    return cells.list.len().to_numpy().astype(np.int64)


def _take_sets(table: Ranks, ranks: pl.Series, sets: Counts) -> None:
    owners = np.flatnonzero(sets)
    if len(owners):
        held = ranks.explode().drop_nulls().to_numpy().reshape(-1, REGISTERS)
        begins = np.append(0, np.cumsum(sets[owners])[:-1])
        table[owners] = np.maximum.reduceat(held, begins, axis=0)


def _take_hashes(table: Ranks, hashes: pl.Series, lengths: Counts) -> None:
    """The first 12 bits of a hash name its register, the place of the first 1 in the others is the rank."""
    values = hashes.explode().drop_nulls().to_numpy()
    register = (values >> np.uint64(_REST_BITS)).astype(np.int64)
    rest = (values & np.uint64((1 << _REST_BITS) - 1)).astype(np.float64)
    rank = np.minimum(_REST_BITS + 1 - np.frexp(rest)[1], _HIGHEST).astype(np.uint8)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    np.maximum.at(table.reshape(-1), owner * REGISTERS + register, rank)


def _number(states: pl.Series) -> pl.Series:
    hashes, ranks = states.struct.field(HASHES), states.struct.field(RANKS)
    numbers = _lengths(hashes)
    many = np.flatnonzero(_lengths(ranks))
    if len(many):
        table = ranks.gather(many).explode().to_numpy().reshape(-1, REGISTERS)
        numbers[many] = _estimated(table)
    return pl.Series(states.name, numbers)


def _estimated(table: Ranks) -> Counts:
    """Flajolet's estimate, and below 2.5 values a register what the number of blank ones says."""
    estimate = _ALPHA * REGISTERS * REGISTERS / np.ldexp(1.0, -table.astype(np.int64)).sum(axis=1)
    blank = (table == 0).sum(axis=1)
    linear = REGISTERS * np.log(REGISTERS / np.maximum(blank, 1))
    numbers: Counts = np.rint(np.where((estimate <= 2.5 * REGISTERS) & (blank > 0), linear, estimate)).astype(np.int64)
    return numbers


__all__ = ["DISTINCT_KEPT", "REGISTERS", "Distinct"]
