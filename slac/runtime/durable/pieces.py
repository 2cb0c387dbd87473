"""States cut into pieces of bytes, so that what has not changed is the same piece again; and put together from them.

Values are one piece. A small frame is one; a large one is cut into ranges of rows and these into columns, for keys stay
where they are while their values move on.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import polars as pl

from slac.runtime.operator import State

RANGE: Final = 1 << 16
"""Rows of a frame that are one piece at most."""


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """Some bytes: by the name of their blob, or, where they are few, as they are."""

    name: str
    data: bytes = b""


Keep = Callable[[bytes], Piece]
Fetch = Callable[[Piece], bytes]
KeepColumn = Callable[[pl.DataFrame, Callable[[pl.DataFrame], Piece]], Piece]
"""The piece of a frame of one column, and how to make it where it is not known."""


class StateInPieces(msgspec.Struct, frozen=True, kw_only=True):
    """One `State`: `frames` by name, each a list of row ranges of lists of column groups."""

    values: Piece
    frames: dict[str, list[list[Piece]]]

    def names(self) -> set[str]:
        """The blobs that it is made of."""
        pieces = [self.values, *(p for rows in self.frames.values() for row in rows for p in row)]
        return {p.name for p in pieces if p.name}


@dataclass(frozen=True, slots=True)
class CutState:
    """One `State` at the moment of the cut: nothing of it can change any more."""

    values: bytes
    frames: Mapping[str, pl.DataFrame]


def cut(states: Mapping[str, State]) -> dict[str, CutState]:
    """States as they are now.

    Values are encoded at once, for they may be shared with what runs on, and copying them would take longer than that;
    frames do not change, provided that operators hand out no array that they go on writing to.
    """
    return {name: CutState(msgspec.msgpack.encode(s.values), dict(s.frames)) for name, s in states.items()}


def in_pieces(state: CutState, keep: Keep, column: KeepColumn | None = None) -> StateInPieces:
    """Give every piece to `keep`; the columns of large frames to `column`, which may know them already."""
    frames = {name: _pieces_of(frame, keep, column or _encoded) for name, frame in state.frames.items()}
    return StateInPieces(values=keep(state.values), frames=frames)


def from_pieces(state: StateInPieces, fetch: Fetch) -> State:
    """The reverse of `in_pieces`; what `fetch` raises passes through."""
    values: dict[str, Any] = msgspec.msgpack.decode(fetch(state.values))
    return State(values, {name: _joined(rows, fetch) for name, rows in state.frames.items()})


def _encoded(part: pl.DataFrame, encode: Callable[[pl.DataFrame], Piece]) -> Piece:
    return encode(part)


def _pieces_of(frame: pl.DataFrame, keep: Keep, column: KeepColumn) -> list[list[Piece]]:
    if frame.height <= RANGE or not frame.width:
        return [[keep(_to_ipc(frame))]]
    ranges = (frame.slice(start, RANGE) for start in range(0, frame.height, RANGE))
    return [[column(part.select(n), lambda one: keep(_to_ipc(one))) for n in part.columns] for part in ranges]


def _joined(rows: list[list[Piece]], fetch: Fetch) -> pl.DataFrame:
    parts = [[pl.read_ipc(io.BytesIO(fetch(piece))) for piece in row] for row in rows]
    whole = [row[0] if len(row) == 1 else pl.concat(row, how="horizontal") for row in parts]
    return whole[0] if len(whole) == 1 else pl.concat(whole, rechunk=True)


def _to_ipc(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    # The oldest form of text lies in one run, whatever it came from: the same rows are the same bytes.
    frame.rechunk().write_ipc(buffer, compression="lz4", compat_level=pl.CompatLevel.oldest())
    return buffer.getvalue()
