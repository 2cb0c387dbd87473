"""The types of the fields of `_bounds`, as names that a snapshot can hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import polars as pl

from slac.stream.batch import BOUNDS
from slac.stream.types import AnyType, Bool, Duration, Float, Timestamp, to_polars

Fields: TypeAlias = list[tuple[str, str]]
"""Names, each with that of its type."""
TYPES: Final[Mapping[str, AnyType]] = {"bool": Bool(), "float": Float(), "duration": Duration(), "time": Timestamp()}


def fields_of(frame: pl.DataFrame) -> Fields:
    """Of a frame that has `_bounds`."""
    return [(f.name, _kind(f.dtype)) for f in frame.schema[BOUNDS].fields]  # type: ignore[attr-defined]


def struct_of(fields: Iterable[tuple[str, str]]) -> pl.DataType:
    """What a column of them is."""
    return pl.Struct({name: to_polars(TYPES[kind]) for name, kind in fields})


def _kind(dtype: pl.DataType) -> str:
    match dtype:
        case pl.Boolean():
            return "bool"
        case pl.Duration():
            return "duration"
        case pl.Datetime():
            return "time"
        case _:
            return "float"
