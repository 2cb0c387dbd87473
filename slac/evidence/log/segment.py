"""One segment as it is written: files that become whole one after the other, and fewer when it is closed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from slac.evidence.log.entries import Entry, to_frame
from slac.evidence.log.frames import SEQ, to_logged
from slac.evidence.log.layout import EDGES, ENDING, ORDER, ROWS, UNFINISHED
from slac.evidence.log.parts import Part, PartKind, append_parts, digest_of, replace_parts
from slac.evidence.log.states import write_state
from slac.runtime.durable.pieces import CutState
from slac.stream.batch import TIME, Batch

LEVEL: Final = 1
"""Of zstd: a higher one takes longer and gains next to nothing (ids do not compress)."""
FEW: Final = 2
"""So many small files of a node are left as they are when a segment is closed …"""
SMALL: Final = 1 << 20
"""… and so are all that have so many bytes."""


@dataclass(slots=True, kw_only=True)
class Content:
    """What one write brings: entries in order, rows by node, and edges by node (`_seq`, `_id`, `_consumed`).

    `logged`: rows by node that are as a log holds them already. `states`: what blocks held, by entry.
    """

    entries: list[Entry] = field(default_factory=list)
    rows: dict[str, list[tuple[int, Batch]]] = field(default_factory=dict)
    logged: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    edges: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    states: dict[int, Mapping[str, CutState]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.entries or self.rows or self.logged or self.edges or self.states)


class OpenSegment:
    """The segment in `path`, whose header is there. `fields`: by node, the names of its columns in their order.

    `first`: the number of the first file that it writes.
    """

    def __init__(self, path: Path, fields: Mapping[str, Sequence[str]], size: int, *, first: int = 1) -> None:
        self.path = path
        self.size = size
        self._fields = fields
        self._parts: list[Part] = []
        self._number = first - 1

    def write(self, content: Content) -> None:
        """Files for all of it, and their account; OSError where the disk refuses, and then nothing of it counts."""
        self._number += 1
        nodes = dict.fromkeys([*content.rows, *content.logged])
        parts = [self._rows(node, content) for node in nodes]
        parts += [self._edges(node, frames) for node, frames in content.edges.items()]
        parts += [write_state(self.path, states, seq) for seq, states in content.states.items()]
        if content.entries:
            parts.append(self._put(ORDER, to_frame(content.entries), "order", ""))
        self.size += append_parts(self.path, parts) + sum(part.bytes for part in parts)
        self._parts += parts

    def close(self) -> None:
        """Make few files of many small ones."""
        groups: dict[tuple[PartKind, str], list[Part]] = {}
        for part in self._parts:
            if part.bytes >= SMALL or part.kind == "state":
                continue
            groups.setdefault((part.kind, part.node), []).append(part)
        many = [parts for parts in groups.values() if len(parts) > FEW]
        if not many:
            return
        self._number += 1
        merged = [self._merged(parts) for parts in many]
        gone = {part.file for parts in many for part in parts}
        self._parts = [part for part in self._parts if part.file not in gone] + merged
        replace_parts(self.path, self._parts)
        for name in gone:
            (self.path / name).unlink(missing_ok=True)
        self.size += sum(p.bytes for p in merged) - sum(p.bytes for parts in many for p in parts)

    def put_rows(self, node: str, rows: pl.DataFrame) -> Part:
        """A file of rows that were logged before; the account is another's affair."""
        self._number += 1
        return self._put(f"{node}/{ROWS}", rows, "rows", node)

    def _merged(self, parts: Sequence[Part]) -> Part:
        frames = [pl.read_parquet(self.path / part.file) for part in parts]
        name = parts[0].file.rsplit(".", 2)[0]
        return self._put(name, pl.concat(frames, how="diagonal_relaxed"), parts[0].kind, parts[0].node)

    def _rows(self, node: str, content: Content) -> Part:
        frames = list(content.logged.get(node, ()))
        if batches := content.rows.get(node):
            frames.append(to_logged(batches, self._fields.get(node, ())))
        joined = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")
        return self._put(f"{node}/{ROWS}", joined, "rows", node)

    def _edges(self, node: str, frames: Iterable[pl.DataFrame]) -> Part:
        return self._put(f"{node}/{EDGES}", pl.concat(frames), "edges", node)

    def _put(self, name: str, frame: pl.DataFrame, kind: PartKind, node: str) -> Part:
        file = f"{name}.{self._number:06d}{ENDING}"
        path = self.path / file
        path.parent.mkdir(exist_ok=True)
        unfinished = path.with_suffix(UNFINISHED)
        frame.write_parquet(unfinished, compression="zstd", compression_level=LEVEL)
        size, digest = unfinished.stat().st_size, digest_of(unfinished)
        unfinished.replace(path)
        seq = frame[SEQ]
        times = frame[TIME].cast(pl.Int64) if TIME in frame.columns else None
        return Part(
            file=file,
            kind=kind,
            node=node,
            rows=frame.height,
            bytes=size,
            digest=digest,
            first=int(seq.min() or 0),  # type: ignore[arg-type]
            last=int(seq.max() or 0),  # type: ignore[arg-type]
            low=None if times is None else times.min(),  # type: ignore[arg-type]
            high=None if times is None else times.max(),  # type: ignore[arg-type]
        )
