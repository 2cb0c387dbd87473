"""Messages of violations: `{column}` is replaced by the column's value; there are no format specs and no code."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

import polars as pl

_PLACE: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")


def columns_in(template: str | None) -> tuple[str, ...]:
    """The columns that a template names, in order, each once."""
    return tuple(dict.fromkeys(_PLACE.findall(template or "")))


def message(template: str | None, columns: Collection[str]) -> pl.Expr:
    """The message of each row; NULL where there is no template.

    `columns` are those that exist; braces around any other name stay as they are. A value that is NULL reads `NULL`.
    """
    if template is None:
        return pl.lit(None, pl.String)
    pieces = _PLACE.split(template)
    parts: list[pl.Expr] = []
    for i, piece in enumerate(pieces):
        if i % 2 == 0:
            parts.append(pl.lit(piece))
        elif piece in columns:
            parts.append(pl.col(piece).cast(pl.String).fill_null("NULL"))
        else:
            parts.append(pl.lit("{" + piece + "}"))
    return pl.concat_str(parts)
