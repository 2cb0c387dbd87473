"""Drives an operator as the core does: batches in waves, then the watermark if something is due."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from slac.runtime.operator import BEGINNING, Operator, OperatorContext, State
from slac.stream.batch import ARRIVAL_WATERMARK, ID, TIME, TIME_TYPE, Batch

CONTEXT = OperatorContext(document="doc")


def events(rows: Sequence[dict[str, Any]], schema: dict[str, Any]) -> pl.DataFrame:
    """Rows with `_time` given as µs and `_id` by position, unless they bring one."""
    full = [{ID: i, **row} for i, row in enumerate(rows)]
    types = {TIME: pl.Int64(), ID: pl.UInt64(), **schema}
    frame = pl.DataFrame([{n: r.get(n) for n in types} for r in full], schema=types, orient="row")
    return frame.with_columns(pl.col(TIME).cast(TIME_TYPE))


@dataclass
class Arrivals:
    """Rows in order of arrival, told by a watermark that trails the latest by `lateness`, as an input does."""

    lateness: int = 0
    watermark: int = BEGINNING

    def take(self, frame: pl.DataFrame) -> Iterator[Batch]:
        """The rows on time, then those behind the watermark with `_wm`; the watermark moves on."""
        met = []
        for time in frame[TIME].to_physical():
            met.append(self.watermark)
            self.watermark = max(self.watermark, time - self.lateness)
        marked = frame.with_columns(pl.Series(ARRIVAL_WATERMARK, met, dtype=pl.Int64))
        late = pl.col(TIME).to_physical() < pl.col(ARRIVAL_WATERMARK)
        for batch in (Batch(marked.filter(~late).drop(ARRIVAL_WATERMARK)), Batch(marked.filter(late), late=True)):
            if batch.height:
                yield batch


@dataclass
class Driver:
    """One operator and all that it said; `restart` goes through a snapshot as it would be written and read."""

    build: Callable[[], Operator]
    out: list[pl.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.operator = self.build()

    def give(self, batches: Iterable[Batch], port: int = 0) -> None:
        """Rows of one port."""
        for batch in batches:
            self.out += [b.frame for b in self.operator.on_batch(port, batch)]

    def advance(self, watermark: int, *, end: bool = False) -> list[pl.DataFrame]:
        """The watermark, if something is due; returns what was said now."""
        due = self.operator.next_due()
        said: list[pl.DataFrame] = []
        if due is not None and due <= watermark:
            said = [b.frame for b in self.operator.on_watermark(watermark, end=end)]
            after = self.operator.next_due()
            assert after is None or after > watermark, "a due time that was worked off must be gone"
        self.out += said
        return said

    def finish(self) -> pl.DataFrame:
        """End of input: close what is open; all rows in the order in which they were said."""
        reached = BEGINNING
        # What waits for its order opens windows only when it is released: the core asks again, too.
        while (until := self.operator.open_until()) is not None and until > reached:
            self.advance(until, end=True)
            reached = until
        return pl.concat(self.out) if self.out else pl.DataFrame()

    def restart(self) -> None:
        """Go on in a new operator from a snapshot that was written and read."""
        written = self.operator.snapshot()
        frames = {name: _through_ipc(frame) for name, frame in written.frames.items()}
        self.operator = self.build()
        self.operator.restore(State(json.loads(json.dumps(dict(written.values))), frames))


def cut(frame: pl.DataFrame, sizes: Sequence[int]) -> Iterator[pl.DataFrame]:
    """A frame in slices of the given heights, over and over."""
    start = step = 0
    while start < frame.height:
        size = max(1, sizes[step % len(sizes)])
        yield frame[start : start + size]
        start, step = start + size, step + 1


def feed_sides(
    target: Driver, left: pl.DataFrame, right: pl.DataFrame, sizes: Sequence[int], lateness: int
) -> pl.DataFrame:
    """Both sides of a join in slices, in turn, with a restart after each; the watermark is the lower of the two."""
    arrivals = [Arrivals(lateness), Arrivals(lateness)]
    pieces = [list(cut(left, sizes)), list(cut(right, sizes[::-1]))]
    for step in range(max(map(len, pieces))):
        for port in (0, 1):
            if step < len(pieces[port]):
                target.give(arrivals[port].take(pieces[port][step]), port)
            if step + 1 >= len(pieces[port]):
                arrivals[port].watermark = 1 << 40
        target.advance(min(a.watermark for a in arrivals))
        target.restart()
    return target.finish()


def on_time(frame: pl.DataFrame, lateness: int) -> list[dict[str, Any]]:
    """Rows that are not behind the watermark of their own side when they arrive, in the total order."""
    kept = [b.frame for b in Arrivals(lateness).take(frame) if not b.late]
    found = pl.concat(kept).with_columns(pl.col(TIME).to_physical()).rows(named=True) if kept else []
    return sorted(found, key=lambda r: (r[TIME], r[ID]))


def _through_ipc(frame: pl.DataFrame) -> pl.DataFrame:
    buffer = io.BytesIO()
    frame.write_ipc(buffer)
    buffer.seek(0)
    return pl.read_ipc(buffer)
