"""What reads a table: all of its rows at once, or nothing where they are those of before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import polars as pl


class Unreadable(Exception):  # caught in this package, which tells it or refuses to start
    """Why a table cannot be read, in a sentence without full stop."""


class TableReader(Protocol):
    """A place where a table is read."""

    def read(self, max_rows: int) -> pl.DataFrame | None:
        """The declared columns of all rows, None where nothing has changed; Unreadable says why it cannot."""
        ...


def chosen(frame: pl.DataFrame, columns: Iterable[str], max_rows: int) -> pl.DataFrame:
    """The declared columns; Unreadable where one is missing, or there are more rows than the table may have."""
    wanted = list(columns) or frame.columns
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        raise Unreadable(f'there is no column "{missing[0]}" (there are: {", ".join(frame.columns)})')
    if frame.height > max_rows:
        raise Unreadable(f"it has more than {max_rows} rows; `max_rows` says how many it may have")
    return frame.select(wanted)
