"""A log as the steps that a core took, in order: what a replay repeats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import polars as pl

from slac.evidence.log.entries import EntryKind
from slac.evidence.log.frames import SEQ, as_came
from slac.evidence.log.header import Header
from slac.evidence.log.reader import LogDirectory, LogSegment
from slac.runtime.operator import State
from slac.stream.batch import Batch


@dataclass(frozen=True, slots=True)
class RunBegan:
    """A run begins here; `header` says how, and from which checkpoint it went on."""

    header: Header


@dataclass(frozen=True, slots=True)
class Entered:
    """Rows came in at a source or a receiving link; None where they are not in the log."""

    seq: int
    node: str
    batch: Batch | None
    rows: int


@dataclass(frozen=True, slots=True)
class Marked:
    """The watermark of a source or link is at least this (µs)."""

    seq: int
    node: str
    watermark: int


@dataclass(frozen=True, slots=True)
class Doubted:
    """A link has all rows of its peers only up to this (µs)."""

    seq: int
    node: str
    certain: int


@dataclass(frozen=True, slots=True)
class Ran:
    """All that came in before was carried through."""

    seq: int
    end: bool


@dataclass(frozen=True, slots=True)
class GateChanged:
    """A gate decided; `decision` is its JSON."""

    seq: int
    node: str
    decision: str


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint was cut here."""

    seq: int
    number: int


@dataclass(frozen=True, slots=True)
class Restored:
    """A run went on from a checkpoint of a run before: what was done behind it was done again."""

    number: int


@dataclass(frozen=True, slots=True)
class Held:
    """What all blocks held here; `states` reads it, and gives None where it is not whole."""

    seq: int
    states: Callable[[], Mapping[str, State] | None]


@dataclass(frozen=True, slots=True)
class Missing:
    """Segments of this run are not there: what blocks hold from this entry on is not known."""

    seq: int


@dataclass(frozen=True, slots=True)
class Lost:
    """Rows that are not in the log, or records that were refused: `what` says which kind of entry told it."""

    seq: int
    node: str
    rows: int
    what: str


Step = RunBegan | Restored | Entered | Marked | Doubted | Ran | GateChanged | Saved | Held | Missing | Lost

_SKIPPED: Final = frozenset({EntryKind.NOTICE, EntryKind.VERDICT, EntryKind.REFUSED, EntryKind.LINK})
_TELLS: Final = '"gates":'
_TELLS_NOTHING: Final = '"gates":null'
"""In what a link has accepted: most of it says nothing of gates."""


def steps(log: LogDirectory) -> Iterator[Step]:
    """All steps in the log, in order, of all runs that it holds; a segment is held at a time."""
    run = number = None
    for segment in log.segments:
        header = segment.header
        if header.run != run:
            run, number = header.run, header.run - 1
            yield RunBegan(header)
            if header.restored:
                yield Restored(header.restored)
        if number is not None and header.number != number + 1:
            yield Missing(header.first)
        number = header.number
        yield from _steps_of(segment)


def _steps_of(segment: LogSegment) -> Iterator[Step]:
    frames = list(segment.frames("order"))
    if not frames:
        return
    order = pl.concat(frames).sort(SEQ, maintain_order=True)
    entered = order.filter(pl.col("kind") == EntryKind.ENTER)["node"].unique().to_list()
    batches = {node: _batches(segment, node) for node in entered}
    for seq, kind, node, value, late, detail in order.iter_rows():
        if kind == EntryKind.LINK and _TELLS in detail and _TELLS_NOTHING not in detail:
            yield GateChanged(seq, node, detail)
        elif kind not in _SKIPPED:
            if kind == EntryKind.STATE:
                yield Held(seq, partial(segment.state, seq))
            else:
                yield _step(EntryKind(kind), (seq, node, value, late, detail), batches)


def _step(
    kind: EntryKind, entry: tuple[int, str, int, bool, str], batches: Mapping[str, Mapping[int, pl.DataFrame]]
) -> Step:
    seq, node, value, late, detail = entry
    match kind:
        case EntryKind.ENTER:
            frame = batches[node].get(seq)
            return Entered(seq, node, None if frame is None else Batch(as_came(frame), late=late), value)
        case EntryKind.MARK:
            return Marked(seq, node, value)
        case EntryKind.DOUBT:
            return Doubted(seq, node, value)
        case EntryKind.RUN:
            return Ran(seq, end=value == 1)
        case EntryKind.GATE:
            return GateChanged(seq, node, detail)
        case EntryKind.SAVED:
            return Saved(seq, value)
        case _:
            return Lost(seq, node, value, detail)


def _batches(segment: LogSegment, node: str) -> dict[int, pl.DataFrame]:
    frames = list(segment.frames("rows", node))
    if not frames:
        return {}
    joined = pl.concat(frames, how="diagonal_relaxed")
    return {int(key[0]): frame for key, frame in joined.partition_by(SEQ, as_dict=True, maintain_order=True).items()}
