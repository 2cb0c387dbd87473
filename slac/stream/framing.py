"""Frames of columns that are there already, and columns of arrays, without looking at what they are twice.

`pl.DataFrame` takes 9 to 19 µs to look at what it is given, `pl.Series` 9 to 18 µs for an array; of a few hundred rows
that is more than all else that is done with them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

K = TypeVar("K")


def _constructors(called: Mapping[K, str]) -> Mapping[K, Callable[[str, Any, bool], pl.Series]]:
    """What `pl.Series` ends in, by what it is called; nothing where this version of Polars has no such thing."""
    try:
        from polars._plr import PySeries
        from polars._utils.wrap import wrap_s
    except ImportError:
        return {}
    makers = {code: getattr(PySeries, name, None) for code, name in called.items()}

    def making(make: Callable[..., Any]) -> Callable[[str, Any, bool], pl.Series]:
        return lambda name, values, last: wrap_s(make(name, values, last))

    return MappingProxyType({code: making(make) for code, make in makers.items() if make is not None})


_OF_ARRAYS: Final = _constructors({"<i8": "new_i64", "<u8": "new_u64", "<f8": "new_f64", "<u4": "new_u32"})
_OF_VALUES: Final = _constructors(
    {
        pl.String: "new_str",
        pl.Int64: "new_opt_i64",
        pl.UInt64: "new_opt_u64",
        pl.Float64: "new_opt_f64",
        pl.Boolean: "new_opt_bool",
    }
)


def frame_of(columns: Sequence[pl.Series]) -> pl.DataFrame:
    """The columns side by side; ShapeError where they differ in length."""
    return columns[0].to_frame().hstack(list(columns[1:])) if len(columns) > 1 else pl.DataFrame(list(columns))


def column_of(name: str, values: npt.NDArray[Any]) -> pl.Series:
    """The values of an array, as `pl.Series(name, values)` has them: a third of the time for plain numbers."""
    make = _OF_ARRAYS.get(values.dtype.str)
    if make is None or values.ndim != 1 or not values.flags.c_contiguous:
        return pl.Series(name, values)
    # The last argument: whether NaN is NULL, and for integers nothing.
    return make(name, values, False)


def column_of_values(name: str, values: Sequence[Any], dtype: pl.DataType) -> pl.Series:
    """Values of this type, or None, as `pl.Series(name, values, dtype)` has them: it would look at them for 20 µs.

    TypeError where a value is of another type.
    """
    make = _OF_VALUES.get(type(dtype))
    return pl.Series(name, values, dtype, strict=True) if make is None else make(name, values, True)


def places_of(rows: npt.NDArray[Any]) -> pl.Series:
    """Places in a frame or column as 32 bits, which Polars takes as they are."""
    return column_of("", rows.astype(np.uint32))
