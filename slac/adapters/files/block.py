"""A block of records read from a file, before it is handed over."""

from dataclasses import dataclass
from typing import Final

import polars as pl

ROWS: Final = 65_536
"""Records in a block at most."""
BYTES: Final = 4 * 2**20
"""Bytes of NDJSON read for a block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Records of one file: where they began (`offset` in bytes, or in rows of Arrow), and the position after them."""

    offset: int
    position: dict[str, int]
    ndjson: bytes | None = None
    frame: pl.DataFrame | None = None
