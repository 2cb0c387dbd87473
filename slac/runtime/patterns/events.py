"""Rows that wait for the watermark, and then become events: merged over all ports, in the total order, by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import polars as pl

from slac.plan.nodes import PatternNode
from slac.runtime.patterns.meaning import Understood
from slac.runtime.patterns.rows import Row, values_of
from slac.stream.batch import DEPTH, ID, TIME, instants
from slac.stream.framing import column_of, frame_of
from slac.stream.types import AnyType

__all__ = ["MASK", "Incoming", "KeyedEvent"]

MASK: Final = "#mask"


@dataclass(frozen=True, slots=True)
class KeyedEvent:
    """One event: of several ports at once where they show the same row."""

    time: int
    mask: int
    ports: Sequence[int]
    rows: Mapping[int, Row]

    def row(self, atom: int) -> Row:
        """What an atom binds."""
        return self.rows[self.ports[atom]]


@dataclass(slots=True)
class Incoming:
    """Rows of all ports that fit some atom by what can be told of them alone; what is needed of them, no more."""

    node: PatternNode
    understood: Understood
    key_types: Sequence[AnyType]
    held: dict[int, list[pl.DataFrame]] = field(default_factory=dict)
    earliest: int | None = None
    first: int | None = None
    latest: int | None = None
    unkeyed: int = 0

    def add(self, port: int, frame: pl.DataFrame) -> None:
        """Take rows of a port; those with NULL in a key are counted and left out."""
        times = instants(frame)
        highest = int(times.max())  # type: ignore[arg-type]
        lowest = int(times.min())  # type: ignore[arg-type]
        self.latest = highest if self.latest is None else max(self.latest, highest)
        self.first = lowest if self.first is None else min(self.first, lowest)
        kept = self._prepared(port, frame)
        if not (mask := kept[MASK] != 0).all():
            kept = kept.filter(mask)
        if any(kept[key].null_count() for key in self.node.keys):
            keyed = kept.drop_nulls(list(self.node.keys))
            self.unkeyed += kept.height - keyed.height
            kept = keyed
        self.put(port, kept)

    def put(self, port: int, kept: pl.DataFrame) -> None:
        """Hold rows that are prepared already."""
        if kept.height:
            lowest = int(instants(kept).min())  # type: ignore[arg-type]
            self.earliest = lowest if self.earliest is None else min(self.earliest, lowest)
            self.held.setdefault(port, []).append(kept)

    def frames(self) -> dict[int, pl.DataFrame]:
        """The rows that wait, by port."""
        return {port: pl.concat(frames) for port, frames in sorted(self.held.items()) if frames}

    def release(self, watermark: int) -> Iterator[tuple[tuple[Any, ...], list[KeyedEvent]]]:
        """The events that the watermark has passed, in their order, key by key."""
        ready: list[tuple[tuple[int, int, int], int, int, tuple[Any, ...], Row]] = []
        for port, frame in self.passed(watermark).items():
            ready += self._read(port, frame)
        ready.sort(key=lambda r: r[:2])
        yield from self._by_key(ready).items()

    def passed(self, watermark: int) -> dict[int, pl.DataFrame]:
        """The rows that the watermark has passed, by port; they are not held any more."""
        if self.earliest is None or self.earliest >= watermark:
            return {}
        frames, self.held, self.earliest = self.frames(), {}, None
        ready = {}
        for port, frame in frames.items():
            ready[port], rest = _before(frame, watermark)
            self.put(port, rest)
        return {port: frame for port, frame in ready.items() if frame.height}

    def _prepared(self, port: int, frame: pl.DataFrame) -> pl.DataFrame:
        """What is needed of the rows; where nothing is to be worked out, without a query."""
        same = self.understood.same[port]
        if same is None or self.understood.computed[port]:
            return frame.select(self._columns(port, frame))
        depth = column_of(DEPTH, np.full(frame.height, self.node.depths[port], np.uint16))
        return frame_of(
            [
                frame[TIME],
                frame[DEPTH] if DEPTH in frame.columns else depth,
                frame[ID],
                column_of(MASK, np.full(frame.height, same, np.int64)),
                *(frame[key] for key in self.node.keys),
                *(frame[name] for name in self._plain(port)),
            ]
        )

    def _plain(self, port: int) -> list[str]:
        """The columns that are read as they are."""
        types = self.understood.rows[port].types
        return [n for n in types if not n.startswith("#") and n not in (*self.node.keys, TIME, ID)]

    def _columns(self, port: int, frame: pl.DataFrame) -> list[pl.Expr]:
        known = self.understood
        computed = known.computed[port]
        depth = pl.col(DEPTH) if DEPTH in frame.columns else pl.lit(self.node.depths[port], pl.UInt16).alias(DEPTH)
        return [
            pl.col(TIME),
            depth,
            pl.col(ID),
            known.masks[port].alias(MASK),
            *map(pl.col, self.node.keys),
            *map(pl.col, self._plain(port)),
            *computed,
        ]

    def _read(
        self, port: int, frame: pl.DataFrame
    ) -> Iterator[tuple[tuple[int, int, int], int, int, tuple[Any, ...], Row]]:
        ids = frame[ID].to_list()
        places = zip(instants(frame).to_list(), frame[DEPTH].to_list(), ids, strict=True)
        keys = [values_of(frame[k], t) for k, t in zip(self.node.keys, self.key_types, strict=True)]
        of_rows = zip(*keys, strict=True) if keys else ((),) * frame.height
        rows = self.understood.rows[port].rows(port, frame, ids)
        return zip(places, (port,) * frame.height, frame[MASK].to_list(), of_rows, rows, strict=True)

    def _by_key(
        self, ready: Sequence[tuple[tuple[int, int, int], int, int, tuple[Any, ...], Row]]
    ) -> dict[tuple[Any, ...], list[KeyedEvent]]:
        events: dict[tuple[Any, ...], list[KeyedEvent]] = {}
        before: dict[tuple[Any, ...], tuple[int, int, int]] = {}
        for place, port, mask, key, row in ready:
            of_key = events.setdefault(key, [])
            if before.get(key) == place:
                last = of_key[-1]
                of_key[-1] = KeyedEvent(place[0], last.mask | mask, self.node.ports, {**last.rows, port: row})
            else:
                of_key.append(KeyedEvent(place[0], mask, self.node.ports, {port: row}))
            before[key] = place
        return events


def _before(frame: pl.DataFrame, watermark: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows before a watermark, and the rest; rows that are in order of time are cut, not copied."""
    times = instants(frame).to_numpy()
    passed = times < watermark
    count = int(np.count_nonzero(passed))
    if not (passed[1:] > passed[:-1]).any():
        return frame.slice(0, count), frame.slice(count)
    mask = pl.Series(passed)
    return frame.filter(mask), frame.filter(~mask)
