"""Rows of a table as their declared types; a value that is none of its type sets its row aside, and is never bent."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import orjson
import polars as pl

from slac.adapters.decoding import Quarantined
from slac.language.durations import parse_duration
from slac.plan.nodes import TableSpec
from slac.stream.types import AnyType, Bool, Duration, Enum, Field, Schema, Timestamp

_PLACE: Final = "_place"
_WHY: Final = "_why"
_BOOLS: Final = {"true": True, "false": False}
_FITTING: Final[Mapping[type[pl.DataType], tuple[type[pl.DataType], ...]]] = MappingProxyType(
    {pl.Datetime: (pl.Datetime, pl.Date), pl.Duration: (pl.Duration, pl.Time)}
)
_TELL: Final = 1000
"""Rows set aside of one version that are told one by one."""


def conformed(frame: pl.DataFrame, schema: Schema, table: TableSpec) -> tuple[pl.DataFrame, list[Quarantined]]:
    """The sound rows, one for each key (of several the first), and what was set aside with the reason."""
    given = frame.with_row_index(_PLACE)
    columns = {f.name: _typed(given, f) for f in schema.fields}
    typed = pl.DataFrame([given[_PLACE], *columns.values()])
    why = pl.lit(None, pl.String)
    for field in schema.fields:
        here = pl.col(field.name).is_null()
        there = pl.Series(given[field.name].is_not_null()) if field.name in given.columns else pl.lit(value=False)
        why = why.fill_null(pl.when(here & there).then(pl.lit(f'"{field.name}" is not {_a(field.dtype)}')))
        if field.name in table.key or not field.nullable:
            why = why.fill_null(pl.when(here & ~there).then(pl.lit(f'"{field.name}" is missing')))
    judged = typed.with_columns(why.alias(_WHY))
    sound = judged.filter(pl.col(_WHY).is_null())
    twice = (
        ~sound.select(pl.struct(table.key).is_first_distinct()).to_series()
        if sound.height
        else pl.Series([], dtype=pl.Boolean)
    )
    again = sound.filter(twice).with_columns(pl.lit(f"another row has the same {', '.join(table.key)}").alias(_WHY))
    aside = pl.concat([judged.filter(pl.col(_WHY).is_not_null()), again]).select(_PLACE, _WHY)
    return sound.filter(~twice).select(schema.names), _told(given, aside)


def _typed(given: pl.DataFrame, field: Field) -> pl.Series:
    """A column of the declared type, NULL where its value is none of it."""
    dtype = Schema((field,)).polars()[field.name]
    if field.name not in given.columns:
        return pl.Series(field.name, [None] * given.height, dtype=dtype)
    found = given[field.name]
    if found.dtype == pl.String:
        return _parsed(found, field.dtype, dtype)
    if found.dtype in (dtype, pl.Null):
        return found.cast(dtype)
    if dtype == pl.Boolean and found.dtype.is_integer():  # databases without a type of their own for it
        return pl.Series(field.name, [{0: False, 1: True}.get(v) for v in found.to_list()], dtype=dtype)
    if not ((dtype.is_numeric() and found.dtype.is_numeric()) or found.dtype in _FITTING.get(dtype.base_type(), ())):
        return pl.Series(field.name, [None] * given.height, dtype=dtype)
    if isinstance(found.dtype, pl.Datetime) and found.dtype.time_zone is None:
        found = found.dt.replace_time_zone("UTC")
    cast = found.cast(dtype, strict=False)
    if dtype.is_integer() and not found.dtype.is_integer():
        whole = cast.cast(pl.Float64) == found.cast(pl.Float64)
        cast = cast.zip_with(whole, pl.Series([None], dtype=dtype)) if not bool(whole.all()) else cast
    return cast


def _parsed(found: pl.Series, declared: AnyType, dtype: pl.DataType) -> pl.Series:
    """Text as it stands in a CSV file."""
    match declared:
        case Bool():
            return found.str.to_lowercase().replace_strict(_BOOLS, default=None, return_dtype=pl.Boolean)
        case Duration():
            known = {text: _duration(text) for text in found.drop_nulls().unique().to_list()}
            return (
                found.replace_strict(known, default=None, return_dtype=pl.Int64).cast(dtype)
                if known
                else found.cast(pl.Int64).cast(dtype)
            )
        case Timestamp():
            return found.str.to_datetime(time_unit="us", time_zone="UTC", strict=False).cast(dtype)
        case Enum(values=values):
            return found.set(~found.is_in(list(values)), None).cast(dtype)
        case _:
            return found.cast(dtype, strict=False)


def _duration(text: str) -> int | None:
    try:
        return parse_duration(text)
    except ValueError:
        return None


def _told(given: pl.DataFrame, aside: pl.DataFrame) -> list[Quarantined]:
    found = []
    for place, why in aside.sort(_PLACE).head(_TELL).iter_rows():
        row = given.drop(_PLACE).row(place, named=True)
        found.append(Quarantined(index=place, reason=why, raw=orjson.dumps(row, default=str)))
    return found


def _a(dtype: AnyType) -> str:
    noun = str(dtype)
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
