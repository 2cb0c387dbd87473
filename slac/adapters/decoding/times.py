"""Instants on the wire: RFC 3339 text with an offset, or an integral number in the input's unit; µs inside."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import numpy as np
import polars as pl

from slac.adapters.decoding.wire import TimeUnit
from slac.stream.batch import TIME_TYPE
from slac.stream.framing import column_of_values

EARLIEST: Final = -62_135_596_800_000_000
"""0001-01-01T00:00:00Z in µs: what RFC 3339 can write, and nothing before it."""
LATEST: Final = 253_402_300_799_999_999
"""The last µs of the year 9999."""

_WHOLE: Final = pl.Int64()
_PER_UNIT: Final[dict[TimeUnit, int]] = {"s": 1_000_000, "ms": 1_000, "us": 1}

Wire = int | float | str | None
"""An instant as it was written; None where a nullable field has none."""


def instants(values: Sequence[Wire], unit: TimeUnit) -> pl.Series:
    """Datetime µs UTC per value; NULL where a value is None or is no instant. Nanoseconds are cut, not rounded."""
    if isinstance(next((v for v in values if v is not None), None), int | None):
        # Where all are integers, nothing but the column itself looks at each of them.
        with suppress(TypeError):
            return from_integers(_integers(values), unit)
    kinds = set(map(type, values)) - {type(None)}
    if kinds == {str}:
        return from_text(pl.Series(values, dtype=pl.String))
    numbers = [_integral(v) for v in values]
    texts = [v if isinstance(v, str) else None for v in values]
    return from_integers(_integers(numbers), unit).zip_with(
        pl.Series([t is None for t in texts], dtype=pl.Boolean), from_text(pl.Series(texts, dtype=pl.String))
    )


def from_text(texts: pl.Series) -> pl.Series:
    """Instants of RFC 3339 text; NULL where it is none, or has no offset."""
    times = texts.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    return _within_years(times.to_physical())


def from_integers(numbers: pl.Series, unit: TimeUnit) -> pl.Series:
    """Instants of Int64 counts of `unit` since the epoch; NULL outside the years 1 to 9999."""
    if unit == "ns":
        return _within_years(numbers // 1000)
    factor = _PER_UNIT[unit]
    # Bounded before it is multiplied: Int64 would wrap silently. Behind that it lies within the years.
    bounded = _null_outside(numbers, EARLIEST // factor, LATEST // factor)
    return (bounded if factor == 1 else bounded * factor).cast(TIME_TYPE)


def _within_years(microseconds: pl.Series) -> pl.Series:
    return _null_outside(microseconds, EARLIEST, LATEST).cast(TIME_TYPE)


def _null_outside(values: pl.Series, lowest: int, highest: int) -> pl.Series:
    if values.null_count() == len(values):
        return values
    if values.null_count():
        low, high = values.min(), values.max()
    else:
        # NumPy's take a quarter of the time.
        found = values.to_numpy()
        low, high = int(found.min()), int(found.max())
    if low >= lowest and high <= highest:  # type: ignore[operator]
        return values
    within = values.is_between(lowest, highest).fill_null(value=False)
    return values.zip_with(within, pl.Series([None], dtype=values.dtype))


def _integers(values: Sequence[Wire]) -> pl.Series:
    return column_of_values("", values, _WHOLE)


def _integral(value: Wire) -> int | None:
    match value:
        case int():
            return value
        case float() if value.is_integer() and abs(value) < np.iinfo(np.int64).max:
            return int(value)
        case _:
            return None
