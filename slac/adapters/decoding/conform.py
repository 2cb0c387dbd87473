"""Columns that come typed from outside (Arrow) are taken over where no value changes by it."""

import polars as pl

from slac.adapters.decoding.maps import from_arrow
from slac.adapters.decoding.times import from_integers, from_text
from slac.adapters.decoding.wire import TimeUnit
from slac.stream.types import (
    AnyType,
    Bool,
    Duration,
    Enum,
    Float,
    Int,
    List,
    Map,
    Null,
    String,
    Struct,
    Timestamp,
    to_polars,
)


def conform(column: pl.Series, dtype: AnyType, unit: TimeUnit) -> pl.Series:
    """`column` with the exact type of `dtype`; NULL where a value cannot be taken over without loss.

    Integers widen to int and are taken for floats; categories become text; instants and durations of any unit become
    µs (finer parts are cut), an instant without a zone is UTC. Nothing else is cast.
    """
    if _is_narrower(dtype):
        return _narrowed(column, dtype, unit)
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


def keeps_all(given: pl.DataType, dtype: AnyType) -> bool:
    """Whether `conform` takes every value of a column over, so that it need not be tried where nobody reads it."""
    if _is_narrower(dtype):
        return False
    match dtype:
        case Int():
            return given.is_integer() and given not in (pl.UInt64, pl.Int128, pl.UInt128)
        case Float():
            return given.is_integer() or given.is_float()
        case String():
            return isinstance(given, pl.String | pl.Categorical | pl.Enum)
        case _:
            return given == to_polars(dtype)


def _is_narrower(dtype: AnyType) -> bool:
    """Whether not every value of the physical type is one of `dtype`."""
    match dtype:
        case Enum() | Map():
            return True
        case List(item=item):
            return _is_narrower(item)
        case Struct(fields=fields):
            return any(_is_narrower(f.dtype) for f in fields)
        case _:
            return False


def _narrowed(column: pl.Series, dtype: AnyType, unit: TimeUnit) -> pl.Series:
    match dtype:
        case Enum(values=values) if isinstance(column.dtype, pl.String | pl.Categorical | pl.Enum):
            return _texts_of(column, values)
        case List(item=item) if isinstance(column.dtype, pl.List):
            return _items(column, dtype, item, unit)
        case Struct() if isinstance(column.dtype, pl.Struct):
            return _struct(column, dtype, unit)
    found = from_arrow(column) if dtype == Map() else None
    return nulls(column.name, column.len(), dtype) if found is None else found


def _texts_of(column: pl.Series, values: tuple[str, ...]) -> pl.Series:
    texts = column.cast(pl.String)
    declared = texts.is_in(list(values)).fill_null(value=False)
    return texts.zip_with(declared, nulls(column.name, column.len(), String()))


def _items(column: pl.Series, dtype: List, item: AnyType, unit: TimeUnit) -> pl.Series:
    """All items as one column; a list with an item that is not taken over is NULL as a whole."""
    if not column.len():
        return nulls(column.name, 0, dtype)
    rows = pl.DataFrame({"row": pl.int_range(column.len(), eager=True), "given": column})
    flat = rows.filter(pl.col("given").list.len() > 0).explode("given")
    taken = conform(flat["given"], item, unit)
    lost = taken.is_null() & flat["given"].is_not_null()
    made = flat.with_columns(taken.alias("given"), lost.alias("lost"))
    lists = made.group_by("row", maintain_order=True).agg("given", pl.col("lost").any())
    whole = rows.rename({"given": "held"}).join(lists, on="row", how="left", maintain_order="left")
    empty = pl.lit([], dtype=to_polars(dtype))
    value = pl.when(pl.col("held").list.len() == 0).then(empty).when(~pl.col("lost")).then(pl.col("given"))
    return whole.select(value.cast(to_polars(dtype)).alias(column.name)).to_series()


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
