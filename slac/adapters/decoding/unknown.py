"""Fields of a record that nobody declared: their paths, and their values as text."""

from collections.abc import Iterator
from typing import Any

import msgspec
import polars as pl

from slac.adapters.decoding.wire import Path


def unknown_paths(line: bytes, known: frozenset[Path]) -> tuple[str, ...]:
    """Dotted paths in one record that no declared field covers, none where it is no object."""
    try:
        record = msgspec.json.decode(line)
    except (ValueError, RecursionError):
        return ()
    return tuple(path for path, _ in _undeclared(record, (), known)) if isinstance(record, dict) else ()


def unknown_values(line: bytes, known: frozenset[Path]) -> dict[str, str]:
    """What one record holds at such paths: text as it is, all else as JSON; NULL is left out."""
    found = _undeclared(msgspec.json.decode(line), (), known)
    return {path: _text(value) for path, value in found if value is not None}


def unknown_columns(frame: pl.DataFrame, known: frozenset[Path]) -> dict[str, pl.Series]:
    """The columns of a frame, and the fields of its structs, that no declared field covers, by dotted path."""
    flat = {path[-1] for path in known} | {".".join(path) for path in known}
    found: dict[str, pl.Series] = {}
    for column in frame.get_columns():
        if column.name not in flat:
            found |= _unknown_in(column, (column.name,), known)
    return found


def _unknown_in(column: pl.Series, path: Path, known: frozenset[Path]) -> dict[str, pl.Series]:
    if path in known:
        return {}
    if not any(k[: len(path)] == path for k in known) or not isinstance(column.dtype, pl.Struct):
        return {".".join(path): column}
    inner = column.struct.unnest().get_columns()
    return {p: s for field in inner for p, s in _unknown_in(field, (*path, field.name), known).items()}


def values_by_row(columns: dict[str, pl.Series], height: int) -> list[dict[str, str]]:
    """Per row of a frame what `unknown_values` says of a record."""
    rows: list[dict[str, str]] = [{} for _ in range(height)]
    for path, column in columns.items():
        for row, value in zip(rows, column.to_list(), strict=True):
            if value is not None:
                row[path] = _text(value)
    return rows


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value, order="sorted", enc_hook=str).decode()


def _undeclared(value: dict[str, Any], prefix: Path, known: frozenset[Path]) -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        path = (*prefix, key)
        if path in known:
            continue
        if not any(k[: len(path)] == path for k in known):
            yield ".".join(path), inner
        elif isinstance(inner, dict):
            yield from _undeclared(inner, path, known)
