"""Columns of text that have not changed since the last checkpoint: known by their rows' hashes, and not encoded again.

Keys of a million rows are a third of what a checkpoint encodes, and mostly the same as before; hashing them takes a
tenth of that.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import xxhash

from slac.runtime.durable.pieces import Piece


class Texts:
    """Pieces of columns by what is in them. `is_there`: whether the blob of a piece can still be relied on."""

    def __init__(self, is_there: Callable[[str], bool]) -> None:
        self._is_there = is_there
        self._pieces: dict[bytes, Piece] = {}
        self._used: dict[bytes, Piece] = {}

    def keep(self, part: pl.DataFrame, encode: Callable[[pl.DataFrame], Piece]) -> Piece:
        """The piece of a frame of one column, encoded where no piece is known that holds the same."""
        column = part.to_series()
        if column.dtype != pl.String:
            return encode(part)
        print_of = _fingerprint(column)
        piece = self._pieces.get(print_of)
        if piece is None or (piece.name and not self._is_there(piece.name)):
            piece = encode(part)
        self._used[print_of] = piece
        return piece

    def turn(self) -> None:
        """A checkpoint is complete: what it did not use is forgotten."""
        self._pieces, self._used = self._used, {}


def _fingerprint(column: pl.Series) -> bytes:
    """Name, length, and 128 bits of each row."""
    digest = xxhash.xxh3_128(f"{column.name}/{len(column)}".encode())
    for seed in (0, 1):
        digest.update(column.hash(seed).to_numpy().tobytes())
    return digest.digest()
