"""Messages of violations, row by row: `{column}` is replaced by the column's value."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from slac.plan.messages import PLACE


def message(template: str | None, columns: Collection[str]) -> pl.Expr:
    """The message of each row; NULL where there is no template.

    `columns` are those that exist; braces around any other name stay as they are. A value that is NULL reads `NULL`.
    """
    if template is None:
        return pl.lit(None, pl.String)
    pieces = PLACE.split(template)
    parts: list[pl.Expr] = []
    for i, piece in enumerate(pieces):
        if i % 2 == 0:
            parts.append(pl.lit(piece))
        elif piece in columns:
            parts.append(pl.col(piece).cast(pl.String).fill_null("NULL"))
        else:
            parts.append(pl.lit("{" + piece + "}"))
    return pl.concat_str(parts)
