"""Rows of a stream as records of traces: the same columns for every form, whatever the document calls them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from slac.plan.traces import AFTER, BEFORE, HOST, TraceSpec
from slac.runtime.audits.held import AT
from slac.stream.batch import ID, WEIGHT
from slac.stream.ids import hash_columns

KEY: Final = "_key"
"""Column (UInt64): the hash of the columns that name the trace."""
PLACE: Final = "_place"
"""Column (Int64): the place in the order of calls or events; −1 where it is not known."""
LEVEL: Final = "_level"
"""Column (Int64): executions: depth on the stack; events: +1 before, −1 after; NULL where it is not known."""
START: Final = "_start"
"""Column (Int64 µs): when the call began; events: their own time."""
END: Final = "_end"
"""Column (Int64 µs): when the call ended; events: their own time."""
OPERATION: Final = "_operation"
HOST_OF: Final = "_host"
SPAN: Final = "_span"
PARENT: Final = "_parent"

TOP_PLACE: Final = (1 << 31) - 1


def records(rows: pl.DataFrame, keys: Sequence[str], spec: TraceSpec) -> pl.DataFrame:
    """Rows with `_at` and `_id`, in the total order → the same as records; rows with NULL in the key are left out."""
    rows = rows.drop_nulls(keys)
    meta = [n for n in (AT, ID, WEIGHT) if n in rows.columns]
    frame = rows.select(*meta, *keys, *_columns(spec))
    return frame.with_columns(hash_columns(frame, keys, 0).alias(KEY))


def _columns(spec: TraceSpec) -> list[pl.Expr]:
    def of(role: str) -> pl.Expr:
        return pl.col(spec.columns[role])

    found = [of("operation").cast(pl.String).alias(OPERATION)]
    if spec.by_host:
        found.append(of(HOST).cast(pl.String).alias(HOST_OF))
    match spec.form:
        case "executions":
            found += [_place(of("order")), of("depth").cast(pl.Int64).alias(LEVEL)]
            found += [_micros(of("start")).alias(START), _micros(of("end")).alias(END)]
        case "events":
            level = pl.when(of("kind") == BEFORE).then(1).when(of("kind").is_in(AFTER)).then(-1)
            found += [_place(of("order")), level.cast(pl.Int64).alias(LEVEL)]
            found += [pl.col(AT).alias(START), pl.col(AT).alias(END)]
        case "spans":
            found += [of("span").cast(pl.String).alias(SPAN), _empty_is_null(of("parent")).alias(PARENT)]
            start, lasting = _micros(of("start")), of("duration").dt.total_microseconds()
            found += [start.alias(START), (start + lasting).alias(END)]
    return found


def _place(order: pl.Expr) -> pl.Expr:
    inside = order.is_between(0, TOP_PLACE)
    return pl.when(inside).then(order).otherwise(-1).cast(pl.Int64).alias(PLACE)


def _micros(instant: pl.Expr) -> pl.Expr:
    return instant.cast(pl.Datetime("us", "UTC")).cast(pl.Int64)


def _empty_is_null(parent: pl.Expr) -> pl.Expr:
    """Exporters write a root's missing parent as NULL, as nothing, or as zeros."""
    text = parent.cast(pl.String)
    return pl.when(text.str.strip_chars("0") != "").then(text)
