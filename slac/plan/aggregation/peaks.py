"""MIN, MAX, WORST and BEST as the greatest of Int64 codes, whatever the type: what NumPy can take the extreme of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.plan.aggregation.extremes import Extreme
from slac.plan.aggregation.family import Family, argument, part
from slac.plan.aggregation.ranks import Rank, ranks_of
from slac.plan.expressions import AggregateCall
from slac.stream.framing import column_of
from slac.stream.types import Duration, Float, Int, Timestamp, to_polars

Codes = npt.NDArray[np.int64]

LOWEST: Final = -(1 << 63)
"""The code of a row without a value; a value may have it, too, so that values are counted beside it."""
_SIGN: Final = np.int64(63)
_MAGNITUDE: Final = np.int64(0x7FFF_FFFF_FFFF_FFFF)
_NAN: Final = np.int64(0x7FF8_0000_0000_0000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The part `name` as the greatest code of its rows: `expr` is the value of each row (NULL where it has none)."""

    name: str
    expr: pl.Expr
    dtype: pl.DataType
    greatest: bool

    def codes(self, values: pl.Series) -> Codes:
        """The code of each value: the greater, the more it is what the call looks for."""
        present = values.is_not_null().to_numpy() if values.null_count() else None
        if self.dtype == pl.Float64():
            codes = _of_floats((values if present is None else values.fill_null(0.0)).to_numpy())
        else:
            codes = (values.cast(pl.Int64) if present is None else values.cast(pl.Int64).fill_null(0)).to_numpy()
        codes = codes if self.greatest else ~codes
        return codes if present is None else np.where(present, codes, LOWEST)

    def values(self, codes: Codes) -> pl.Series:
        """What `codes` were made of."""
        codes = codes if self.greatest else ~codes
        if self.dtype == pl.Float64():
            is_plain = not len(codes) or codes.min() >= 0
            return column_of(self.name, (codes if is_plain else _turned(codes)).view(np.float64))
        return column_of(self.name, codes).cast(self.dtype)


@singledispatch
def peak(family: Family, call: AggregateCall) -> Peak | None:
    """The one part of a call as a peak; None where it has no such form (text)."""
    return None


@peak.register
def _(family: Extreme, call: AggregateCall) -> Peak | None:
    if not isinstance(call.dtype, Int | Float | Timestamp | Duration):
        return None
    dtype = to_polars(call.dtype)
    value = argument(call)
    # What is a column already is read without a query.
    value = value if to_polars(call.args[0].dtype) == dtype else value.cast(dtype)
    return Peak(name=part(call, "value"), expr=value, dtype=dtype, greatest=family.greatest)


@peak.register
def _(family: Rank, call: AggregateCall) -> Peak | None:
    return Peak(name=part(call, "rank"), expr=ranks_of(call), dtype=pl.Int64(), greatest=family.worst)


def _of_floats(values: npt.NDArray[np.float64]) -> Codes:
    """In the order of the numbers; −0.0 and 0.0 are alike, and NaN is above all."""
    if len(values) and values.min() >= 0:
        # Their bits are in the order of the numbers already, but for those of −0.0; no NaN is so much.
        return (values + 0.0).view(np.int64)
    bits = (values + 0.0).view(np.int64)
    odd = np.isnan(values)
    if odd.any():
        bits[odd] = _NAN
    return _turned(bits)


def _turned(bits: Codes) -> Codes:
    """Of numbers below 0 the magnitude the other way round; twice is as before."""
    turned: Codes = bits ^ ((bits >> _SIGN) & _MAGNITUDE)
    return turned
