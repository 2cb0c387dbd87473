"""Maps in their canonical form: one JSON object as text, its names in order of code points.

Equal label sets are equal texts, so that grouping, joining and hashing them costs what text costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
import polars as pl

_ENCODER: Final = msgspec.json.Encoder(order="sorted")


def canonical(labels: Mapping[str, str]) -> str:
    """The one text of a label set."""
    return _ENCODER.encode(labels).decode()


def canonical_column(name: str, values: Iterable[Mapping[str, str] | None]) -> pl.Series:
    """A column of label sets."""
    encode = _ENCODER.encode
    texts = [None if v is None else encode(v) for v in values]
    return pl.Series(name, texts, dtype=pl.Binary).cast(pl.String)


def from_arrow(column: pl.Series) -> pl.Series | None:
    """Label sets out of a struct of texts, or an Arrow map (a list of key and value); None for any other type.

    A field of the struct that is NULL is a label that is not there; a map with a key or a value that is NULL is NULL.
    """
    match column.dtype:
        case pl.Struct(fields=fields) if all(f.dtype == pl.String for f in fields):
            rows = column.to_list()
            return canonical_column(column.name, (None if r is None else _present(r) for r in rows))
        case pl.List(inner=pl.Struct(fields=[key, value])) if key.dtype == value.dtype == pl.String:
            return canonical_column(column.name, (_pairs(r, key.name, value.name) for r in column.to_list()))
        case _:
            return None


def _present(row: Mapping[str, Any]) -> dict[str, str]:
    return {k: v for k, v in row.items() if v is not None}


def _pairs(row: list[dict[str, Any]] | None, key: str, value: str) -> dict[str, str] | None:
    if row is None or any(pair[key] is None or pair[value] is None for pair in row):
        return None
    return {pair[key]: pair[value] for pair in row}
