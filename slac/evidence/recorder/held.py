"""The rows of the last while, by node, in bounded memory: what evidence is cut from."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from slac.evidence.lineage.base import LOG
from slac.evidence.lineage.sight import NOTHING
from slac.evidence.log.entries import Entry
from slac.evidence.log.frames import to_logged
from slac.evidence.log.segment import Content
from slac.evidence.recorder.spool import Spooled
from slac.stream.batch import Batch, instants


@dataclass(slots=True)
class Chunk:
    """What came of one node at a time; as a frame, and with its times, once somebody has asked."""

    batches: list[tuple[int, Batch]]
    frame: pl.DataFrame | None = None
    reach: tuple[int, int] | None = None

    def meets(self, low: int | None, high: int | None) -> bool:
        """Whether rows may have times from `low` to `high`."""
        if self.reach is None:
            times = [instants(batch.frame) for _, batch in self.batches]
            self.reach = min(int(t.min()) for t in times), max(int(t.max()) for t in times)  # type: ignore[arg-type]
        return (low is None or self.reach[1] >= low) and (high is None or self.reach[0] <= high)


@dataclass(slots=True)
class _Portion:
    """What was handed over at a time, and its bytes."""

    size: int
    entries: list[Entry]
    chunks: dict[str, Chunk] = field(default_factory=dict)
    edges: dict[str, list[pl.DataFrame]] = field(default_factory=dict)


class Held:
    """A `slac.evidence.lineage.RowSource` over what was added last, up to `limit` bytes; `fields` as in a log."""

    def __init__(self, fields: Mapping[str, Sequence[str]], limit: int) -> None:
        self._fields = fields
        self._limit = limit
        self._portions: deque[_Portion] = deque()
        self._size = 0
        self._fresh = 0

    @property
    def nodes(self) -> frozenset[str]:
        """As `RowSource.nodes`: all that could be."""
        return frozenset(self._fields)

    @property
    def first(self) -> int:
        """The first entry that is remembered."""
        return next((p.entries[0].seq for p in self._portions if p.entries), 0)

    @property
    def entries(self) -> list[Entry]:
        """The entries of that while, in order."""
        return [entry for portion in self._portions for entry in portion.entries]

    def add(self, content: Content, size: int) -> None:
        """Remember, and forget what is too old."""
        chunks = {node: Chunk(batches) for node, batches in content.rows.items()}
        self._portions.append(_Portion(size, content.entries, chunks, content.edges))
        self._size += size
        while self._size > self._limit and len(self._portions) > 1:
            self._size -= self._portions.popleft().size
        self._fresh = min(self._fresh + 1, len(self._portions))

    def add_again(self, spooled: Spooled) -> None:
        """What an earlier run held."""
        placed = {n: f.select(pl.lit(0, pl.UInt16).alias(LOG), pl.all()) for n, f in spooled.rows.items()}
        chunks = {node: Chunk([], frame, _reach(frame)) for node, frame in placed.items()}
        edges = {node: [frame] for node, frame in spooled.edges.items()}
        self._portions.append(_Portion(spooled.size, spooled.entries, chunks, edges))
        self._size += spooled.size

    def gather(self, most: int) -> Spooled | None:
        """What was added since the last time, the latest of it up to `most` bytes; from now on one portion."""
        taken: list[_Portion] = []
        while self._fresh and sum(p.size for p in taken) + self._portions[-1].size <= most:
            taken.insert(0, self._portions.pop())
            self._fresh -= 1
        self._fresh = 0
        if not taken:
            return None
        nodes = dict.fromkeys(node for p in taken for node in p.chunks)
        rows = {n: _joined([self._frame(n, p.chunks[n]) for p in taken if n in p.chunks]) for n in nodes}
        told = dict.fromkeys(node for p in taken for node in p.edges)
        edges = {n: pl.concat([f for p in taken for f in p.edges.get(n, ())]) for n in told}
        size, entries = sum(p.size for p in taken), [e for p in taken for e in p.entries]
        chunks = {node: Chunk([], frame, _reach(frame)) for node, frame in rows.items()}
        self._portions.append(_Portion(size, entries, chunks, {n: [f] for n, f in edges.items()}))
        return Spooled(size=size, entries=entries, rows={n: f.drop(LOG) for n, f in rows.items()}, edges=edges)

    def rows(self, node: str, *, low: int | None = None, high: int | None = None) -> pl.DataFrame:
        """As `RowSource.rows`."""
        found = [p.chunks[node] for p in self._portions if node in p.chunks]
        met = [c for c in found if c.meets(low, high)]
        if not met:
            return NOTHING
        frames = [self._frame(node, chunk) for chunk in met]
        joined = _joined(frames)
        times = pl.col("_time").cast(pl.Int64)
        if low is not None:
            joined = joined.filter(times >= low)
        return joined if high is None else joined.filter(times <= high)

    def edges(self, node: str) -> pl.DataFrame:
        """As `RowSource.edges`."""
        frames = [frame for p in self._portions for frame in p.edges.get(node, ())]
        if not frames:
            return NOTHING.with_columns(pl.lit(None, pl.UInt64).alias("_consumed"))
        return pl.concat(frames).select(pl.lit(0, pl.UInt16).alias(LOG), pl.all())

    def _frame(self, node: str, chunk: Chunk) -> pl.DataFrame:
        if chunk.frame is None:
            logged = to_logged(chunk.batches, self._fields.get(node, ()))
            chunk.frame = logged.select(pl.lit(0, pl.UInt16).alias(LOG), pl.all())
            chunk.batches = []
        return chunk.frame


def _joined(frames: list[pl.DataFrame]) -> pl.DataFrame:
    return frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")


def _reach(frame: pl.DataFrame) -> tuple[int, int]:
    times = frame["_time"].cast(pl.Int64)
    return int(times.min() or 0), int(times.max() or 0)  # type: ignore[arg-type]
