"""Columns that come typed from outside (Arrow) are taken over where no value changes by it."""

import polars as pl

from slac.adapters.decoding.times import from_integers, from_text
from slac.adapters.decoding.wire import TimeUnit
from slac.stream.types import AnyType, Bool, Duration, Float, Int, List, Null, String, Struct, Timestamp, to_polars


def conform(column: pl.Series, dtype: AnyType, unit: TimeUnit) -> pl.Series:
    """`column` with the exact type of `dtype`; NULL where a value cannot be taken over without loss.

    Integers widen to int and are taken for floats; categories become text; instants and durations of any unit become
    µs (finer parts are cut), an instant without a zone is UTC. Nothing else is cast.
    """
    target = to_polars(dtype)
    if column.dtype == target:
        return column
    match dtype:
        case Int() if column.dtype.is_integer():
            return column.cast(pl.Int64, strict=False)
        case Float() if column.dtype.is_integer() or column.dtype.is_float():
            return column.cast(pl.Float64, strict=False)
        case String() if isinstance(column.dtype, pl.Categorical | pl.Enum):
            return column.cast(pl.String)
        case Timestamp():
            return _instants(column, unit)
        case Duration() if isinstance(column.dtype, pl.Duration):
            return column.cast(target)
        case Duration() if column.dtype.is_integer():
            return column.cast(pl.Int64, strict=False).cast(target)
        case Struct() if isinstance(column.dtype, pl.Struct):
            return _struct(column, dtype, unit)
        case List(item=item) if isinstance(column.dtype, pl.List) and _widens(column.dtype.inner, item):
            return column.cast(target)
        case Bool() | Null() | _:
            return nulls(column.name, column.len(), dtype)


def nulls(name: str, length: int, dtype: AnyType) -> pl.Series:
    """A column of NULLs."""
    return pl.Series(name, [None], dtype=to_polars(dtype)).new_from_index(0, length)


def _instants(column: pl.Series, unit: TimeUnit) -> pl.Series:
    match column.dtype:
        case pl.Datetime(time_zone=None):
            return column.dt.cast_time_unit("us").dt.replace_time_zone("UTC")
        case pl.Datetime():
            return column.dt.cast_time_unit("us").dt.convert_time_zone("UTC")
        case pl.Date():
            return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        case pl.String():
            return from_text(column)
        case dtype if dtype.is_integer():
            return from_integers(column.cast(pl.Int64, strict=False), unit)
        case _:
            return nulls(column.name, column.len(), Timestamp())


def _struct(column: pl.Series, dtype: Struct, unit: TimeUnit) -> pl.Series:
    """Field by field; a struct with a field that does not fit, or that lacks one it must have, is NULL as a whole."""
    held = column.struct.unnest()
    parts, fits = [], pl.Series([True]).new_from_index(0, column.len())
    for field in dtype.fields:
        given = held[field.name] if field.name in held.columns else nulls(field.name, column.len(), field.dtype)
        part = conform(given, field.dtype, unit).alias(field.name)
        fits &= part.is_not_null() if not field.nullable else part.is_not_null() | given.is_null()
        parts.append(part)
    whole = pl.DataFrame(parts).to_struct(column.name)
    return whole.zip_with(fits & column.is_not_null(), nulls(column.name, column.len(), dtype))


def _widens(given: object, item: AnyType) -> bool:
    match item:
        case Float():
            return isinstance(given, pl.DataType) and (given.is_integer() or given.is_float())
        case Int():
            return isinstance(given, pl.DataType) and given.is_integer() and given != pl.UInt64
        case _:
            return False
