"""Which type converts to which, and how; what cannot be converted becomes NULL.

A float becomes the nearest integer (halves to even); text is taken without the white space around it; text for a
timestamp is RFC 3339, or a date, or a date and time, without a zone in UTC; a timestamp becomes RFC 3339 in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import polars as pl

from slac.plan.signatures import BOOL, FLOAT, INT, MAP, NULL, STRING, TIMESTAMP, widened
from slac.stream.types import AnyType, to_polars

Conversion: TypeAlias = Callable[[pl.Expr], pl.Expr]

_TRUE = ("true", "t", "1", "yes", "y")
_FALSE = ("false", "f", "0", "no", "n")


def _text_to_bool(a: pl.Expr) -> pl.Expr:
    word = a.str.strip_chars().str.to_lowercase()
    return pl.when(word.is_in(_TRUE)).then(True).when(word.is_in(_FALSE)).then(False)


def _text_to_number(dtype: pl.DataType) -> Conversion:
    return lambda a: a.str.strip_chars().cast(dtype, strict=False)


def _text_to_timestamp(a: pl.Expr) -> pl.Expr:
    """The formats are named: a guess would depend on the first value of a batch."""
    text = (
        a.str.strip_chars()
        .str.replace(r"^(\d{4}-\d\d-\d\d) ", "${1}T")
        .str.replace(r"^(\d{4}-\d\d-\d\d)$", "${1}T00:00:00")
    )
    formats = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f")
    return pl.coalesce(text.str.to_datetime(f, time_unit="us", time_zone="UTC", strict=False) for f in formats)


def _float_to_int(a: pl.Expr) -> pl.Expr:
    return a.round(0, mode="half_to_even").cast(pl.Int64, strict=False)


def _bool_to_text(a: pl.Expr) -> pl.Expr:
    return pl.when(a).then(pl.lit("true")).when(a.not_()).then(pl.lit("false"))


def _timestamp_to_text(a: pl.Expr) -> pl.Expr:
    return a.dt.to_string("%Y-%m-%dT%H:%M:%S%.fZ")


def _truth(a: pl.Expr) -> pl.Expr:
    return a.ne(0)


CASTS: Mapping[tuple[AnyType, AnyType], Conversion] = MappingProxyType(
    {
        (BOOL, INT): lambda a: a.cast(pl.Int64),
        (BOOL, FLOAT): lambda a: a.cast(pl.Float64),
        (BOOL, STRING): _bool_to_text,
        (INT, BOOL): _truth,
        (INT, FLOAT): lambda a: a.cast(pl.Float64),
        (INT, STRING): lambda a: a.cast(pl.String),
        (FLOAT, BOOL): _truth,
        (FLOAT, INT): _float_to_int,
        (FLOAT, STRING): lambda a: a.cast(pl.String),
        (STRING, BOOL): _text_to_bool,
        (STRING, INT): _text_to_number(pl.Int64()),
        (STRING, FLOAT): _text_to_number(pl.Float64()),
        (STRING, TIMESTAMP): _text_to_timestamp,
        (TIMESTAMP, STRING): _timestamp_to_text,
        (MAP, STRING): lambda a: a,
    }
)
"""Conversions between different types; a type converts to itself, and NULL to all."""

_LOSES_NOTHING = frozenset({(BOOL, INT), (BOOL, FLOAT), (BOOL, STRING), (INT, BOOL), (INT, FLOAT), (INT, STRING)}) | {
    (FLOAT, BOOL),
    (FLOAT, STRING),
    (TIMESTAMP, STRING),
    (MAP, STRING),
}


def can_cast(source: AnyType, target: AnyType) -> bool:
    """Whether the language converts one type to the other."""
    return source == NULL or widened(source) == target or (widened(source), target) in CASTS


def may_fail(source: AnyType, target: AnyType) -> bool:
    """Whether a value that is not NULL may become NULL on the way."""
    return widened(source) != target and (widened(source), target) not in _LOSES_NOTHING


def targets(source: AnyType) -> list[str]:
    """The names of the types that `source` converts to."""
    return [str(b) for a, b in CASTS if a == widened(source)]


def convert(value: pl.Expr, source: AnyType, target: AnyType) -> pl.Expr:
    """The Polars expression of the conversion, which `can_cast` must allow."""
    if widened(source) == widened(target):
        return value
    if source == NULL:
        return value.cast(to_polars(target))
    return CASTS[widened(source), target](value)
