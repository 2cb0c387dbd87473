"""Messages of violations, row by row: `{column}` is replaced by the column's value."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from slac.plan.messages import PLACE


def message(template: str | None, columns: Collection[str]) -> pl.Expr:
    """The message of each row; NULL where there is no template.

    `columns` are those that exist; braces around any other name stay as they are. A value that is NULL reads `NULL`, a
    duration is in seconds (`1.5s`), and of a list of plain values each stands beside the others.
    """
    if template is None:
        return pl.lit(None, pl.String)
    pieces = PLACE.split(template)
    parts: list[pl.Expr] = []
    for i, piece in enumerate(pieces):
        if i % 2 == 0:
            parts.append(pl.lit(piece))
        elif piece in columns:
            parts.append(pl.col(piece).map_batches(_text, return_dtype=pl.String()).fill_null("NULL"))
        else:
            parts.append(pl.lit("{" + piece + "}"))
    return pl.concat_str(parts)


def _text(values: pl.Series) -> pl.Series:
    match values.dtype:
        case pl.Duration():
            return values.to_frame("x").select(_seconds(pl.col("x").dt.total_microseconds())).to_series()
        case pl.List(inner=inner) if not inner.is_nested():
            return values.list.eval(pl.element().cast(pl.String)).list.join(", ")
        case _:
            return values.cast(pl.String)


def _seconds(micros: pl.Expr) -> pl.Expr:
    """In whole numbers: what a division makes of a column depends on its length."""
    size = micros.abs()
    sign = pl.when(micros < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    rest = (size % 1_000_000).cast(pl.String).str.zfill(6).str.strip_chars_end("0")
    whole = (size // 1_000_000).cast(pl.String)
    return sign + (whole + "." + rest).str.strip_suffix(".") + "s"
