"""What blocks hold at a place of a full log, so that a replay may begin there: a file of a segment beside its rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from slac.diagnostics import SlacError
from slac.evidence.log.layout import STATE, UNFINISHED
from slac.evidence.log.parts import Part, digest_of
from slac.runtime.durable.pieces import CutState, Piece, StateInPieces, from_pieces, in_pieces
from slac.runtime.operator import State


class BadState(SlacError):
    """A state that cannot be read; the text says why."""


def state_bytes(states: Mapping[str, CutState]) -> int:
    """How much the states are, roughly, before they are packed."""
    return sum(len(s.values) + sum(int(f.estimated_size()) for f in s.frames.values()) for s in states.values())


def write_state(segment: Path, states: Mapping[str, CutState], seq: int) -> Part:
    """The state as of entry `seq`; OSError where the disk refuses."""
    packed = {name: in_pieces(state, lambda data: Piece("", data)) for name, state in states.items()}
    path = segment / f"{STATE}.{seq}"
    unfinished = path.with_suffix(UNFINISHED)
    unfinished.write_bytes(msgspec.msgpack.encode(packed))
    digest, size = digest_of(unfinished), unfinished.stat().st_size
    unfinished.replace(path)
    return Part(file=path.name, kind="state", rows=0, bytes=size, digest=digest, first=seq, last=seq)


def read_state(path: Path) -> dict[str, State]:
    """The reverse of `write_state`; BadState where that cannot be."""
    try:
        packed = msgspec.msgpack.decode(path.read_bytes(), type=dict[str, StateInPieces])
        return {name: from_pieces(state, lambda piece: piece.data) for name, state in packed.items()}
    except (OSError, msgspec.DecodeError) as error:
        raise BadState(f"{path} cannot be read: {error}") from error
