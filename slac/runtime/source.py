"""An input inside the runtime: gate, decoding, ids, lateness and quarantine, without any I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl

from slac.adapters.decoding import (
    Decoder,
    Lines,
    Quarantined,
    WireSchema,
    count_of,
    find_lines,
    frame_of_body,
    lines_taken,
)
from slac.plan.nodes import SourceNode
from slac.runtime.arrival import Arrival, ascends
from slac.runtime.durable.journal import JOURNAL
from slac.runtime.gates.sieve import Sieve
from slac.runtime.hiding import Hiding
from slac.runtime.key_watch import KeyWatch
from slac.runtime.natural_ids import NaturalIds
from slac.runtime.operator import State
from slac.runtime.portions import part, thinned
from slac.runtime.repeating import Repeats
from slac.shedding.gate import Gate
from slac.stream.batch import ARRIVAL_WATERMARK, ID, TIME, Batch, instants
from slac.stream.framing import column_of, frame_of
from slac.stream.ids import sequence_ids, sequence_of, source_prefix
from slac.stream.ports import Position, Records
from slac.stream.privacy import Hasher
from slac.stream.tracestate import RANDOMNESS, STOOD

FUTURE: Final = 3_600_000_000
"""An event further ahead of its arrival than this (µs) would carry the watermark away from all others."""

_SAMPLED: Final = (STOOD, RANDOMNESS)
"""Columns that only rows have of which samplers have said something."""

Ids = npt.NDArray[np.uint64]


@dataclass(slots=True)
class Origin:
    """One source of an input: its id prefix, the next sequence number, and how far it has been read.

    `skip`: so many records of it come again that have been taken already.
    """

    prefix: int
    next: int = 0
    position: Position | None = None
    skip: int = 0


@dataclass(slots=True)
class Taken:
    """What became of one `Records`: rows on time and late, and what could not be used."""

    batches: list[Batch] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)

    def add(self, more: Taken) -> None:
        """What became of those that followed."""
        self.batches += more.batches
        self.quarantined += more.quarantined


class Source:
    """One input's stage: records in, rows of its event type out.

    `live`: event time keeps step with the wall clock. Otherwise files are read to their end, time is theirs alone, and
    nothing is promised. `awaited`: the number of the last record that its journal is to bring before it is idle.
    `hasher`: for sensitive fields; RunFailed where there are some, and it is missing.
    """

    def __init__(self, node: SourceNode, *, document: str, now: int, live: bool, hasher: Hasher | None = None) -> None:
        self.node = node
        self.live = live
        self.gate = Gate(node.block, salt=source_prefix(document, node.block))
        self.sieve = Sieve(node, self.gate)
        self.arrival = Arrival(node.lateness, heed=self.sieve.promised)
        self.deeds = Repeats(self.gate, self.arrival)
        self.origins: dict[str, Origin] = {}
        self.rebuilt: dict[int, int] = {}
        """By id prefix, how many records were taken of a source of which nothing else is known."""
        self.heard = self.moved = now
        """When records came last (wall clock, µs), and when such as moved the watermark."""
        self.ended = False
        self.awaited = 0
        self.has_waiting: Callable[[], bool] = lambda: False
        self.quarantined = 0
        self.unknown_fields = 0
        self.unweighted: Counter[str] = Counter()
        """Spans of which it is not known for how many they stand, by reason."""
        self.late = 0
        self.repeats = 0
        self.ahead = 0
        self.pressed = 0
        """How often reading had to wait while senders waited too."""
        self.unheard = 0
        """How often reading had to wait while a publisher went on, which drops what it cannot send."""
        self.keys = KeyWatch(node.rate.keys if node.rate else {}, frozenset(node.schema.names))
        self._hiding = Hiding(node, hasher)
        self._natural = NaturalIds(document, node.block, node.natural_id, node.retain) if node.natural_id else None
        self._decoder = Decoder(
            WireSchema(
                payload=node.payload,
                context=node.context,
                mapping=node.mapping,
                time_mode=node.time_mode,
                time_unit=node.time_unit,
                types=node.types,
                until=node.until,
                unknown=node.unknown,
                sampled=node.sampled,
                read=frozenset((*node.schema.names, *node.natural_id, *node.clear)),
            )
        )

    def take(self, records: Records) -> Taken:
        """Gate, decode and stamp `records`; the position is remembered for the next checkpoint.

        What was done between them before a crash is done again at its place.
        """
        if self.deeds.due and 0 < self.awaited <= self.journalled:
            self.deeds.overtake()
        if not self.deeds.due:
            return self._take(records)
        origin, taken = self._origin(records.source), Taken()
        origin.next = max(origin.next, records.first or 0)
        left = count_of(records)
        self.deeds.reach(self.positions)
        while 0 < (count := self.deeds.before_next(records.source, origin.next)) < left:
            taken.add(self._take(part(records, 0, count, left)))
            records, left = part(records, count, left, left), left - count
            self.deeds.reach(self.positions)
        taken.add(self._take(records))
        self.deeds.reach(self.positions)
        return taken

    def _take(self, records: Records) -> Taken:
        origin = self._origin(records.source)
        lines = find_lines(records.ndjson) if records.ndjson is not None else None
        count = len(lines) if lines is not None else count_of(records)
        origin.next = max(origin.next, records.first or 0)
        ids = sequence_ids(origin.prefix, origin.next, count)
        origin.next += count
        if records.position is not None:
            origin.position = records.position
        self.heard = max(self.heard, records.arrival)
        before = self.arrival.watermark
        if origin.skip:
            again, lines = min(origin.skip, count), None
            origin.skip -= again
            records, ids = part(records, again, count, count), ids[again:]
        kept, ids, lines = self._admit(records, ids, lines)
        taken = Taken()
        if len(ids):
            decoded = self._decoder.decode(kept, lines)
            taken.quarantined = [replace(q, number=sequence_of(ids[q.index]) + 1) for q in decoded.quarantined]
            self.unknown_fields += decoded.unknown_fields
            self.unweighted.update(decoded.unweighted)
            frame = self._stamp(self._hiding.hidden(decoded.frame), ids)
            # What is left out of rows in the order of time leaves the others in it.
            ascending = ascends(instants(frame).to_numpy())
            frame = self._without_future(frame, records, taken, ascending=ascending)
            frame = self._without_repeats(frame)
            self.keys.take(frame)
            taken.batches = self._split(frame, ascending=ascending)
            if self.arrival.watermark > before:
                self.moved = max(self.moved, records.arrival)
        taken.quarantined = [self._hiding.refused(q) for q in taken.quarantined]
        self.quarantined += len(taken.quarantined)
        return taken

    def end(self) -> None:
        """Nothing will follow."""
        self.ended = True

    def promise(self, now: int) -> bool:
        """Let the watermark follow the clock where nothing has come for `idle` (µs wall clock); True if it moved.

        The promise trails the clock by `idle`, so that an event which is merely under way is not declared late.
        """
        if self.ended or not self.live or self.journalled < self.awaited:
            return False
        if self.deeds.due:
            self.deeds.lose_patience(now)
        # What has come is not silence, however long it waits to be worked off.
        if now - self.heard < self.node.idle or self.has_waiting():
            return self.deeds.has_moved()
        self.deeds.overtake()
        moved = self.arrival.promise(now - self.node.idle - self.node.lateness)
        if moved:
            self.deeds.promised(self.positions)
        return self.deeds.has_moved() or moved

    @property
    def is_repeating(self) -> bool:
        """Whether records come again that had been taken before a crash: nothing new is decided about them."""
        return bool(self.deeds.due) or self.journalled < self.awaited

    @property
    def positions(self) -> dict[str, int]:
        """By source, the sequence number of its next record."""
        return {name: origin.next for name, origin in self.origins.items()}

    def resume(self, source: str) -> Position | None:
        """How far `source` had been read at the last checkpoint."""
        origin = self.origins.get(source)
        return origin.position if origin else None

    @property
    def journalled(self) -> int:
        """The number of the last record of this input's journal that has come in; 0 where there is none."""
        positions = (o.position for o in self.origins.values() if o.position is not None)
        return max((int(p.get(JOURNAL, 0)) for p in positions), default=0)

    def snapshot(self) -> State:
        """Positions, sequence numbers, watermark and gate."""
        return State(
            {
                "origins": {n: [o.prefix, o.next, o.position] for n, o in self.origins.items()},
                "latest": self.arrival.latest,
                "promised": self.arrival.promised,
                "gate": self.gate.snapshot(),
                "sieve": self.sieve.snapshot(),
                "counters": [self.quarantined, self.unknown_fields, self.late, self.repeats],
                "unweighted": dict(self.unweighted),
                "natural": self._natural.latest if self._natural is not None else None,
                "key": self._hiding.fingerprint,
                "skips": {n: o.skip for n, o in self.origins.items() if o.skip},
                "due": self.deeds.snapshot(),
                "rebuilt": {str(prefix): count for prefix, count in self.rebuilt.items()},
            },
            {"natural": self._natural.snapshot()} if self._natural is not None else {},
        )

    def restore(self, state: State) -> None:
        """Take over a snapshot."""
        values: Mapping[str, Any] = state.values
        self._hiding.check(values.get("key", ""))
        skips = values.get("skips", {})
        self.origins = {n: Origin(p, s, q, skips.get(n, 0)) for n, (p, s, q) in values["origins"].items()}
        self.rebuilt = {int(prefix): count for prefix, count in values.get("rebuilt", {}).items()}
        self.arrival.latest, self.arrival.promised = values["latest"], values["promised"]
        self.gate.restore(values["gate"])
        self.sieve.restore(values["sieve"])
        self.deeds.restore(values.get("due", ()))
        self.quarantined, self.unknown_fields, self.late, self.repeats = values["counters"]
        self.unweighted = Counter(values.get("unweighted", {}))
        if self._natural is not None:
            self._natural.restore(state.frames.get("natural"), values["natural"])

    def _origin(self, source: str) -> Origin:
        origin = self.origins.get(source)
        if origin is None:
            taken = {o.prefix for o in self.origins.values()}
            prefix = source_prefix(self.node.block, source)
            while prefix in taken:
                prefix = (prefix + 1) & 0xFFFFFF
            known = self.rebuilt.pop(prefix, 0)
            # What can be read again comes from its beginning.
            again = self.node.can_wait
            origin = self.origins[source] = Origin(prefix, 0 if again else known, skip=known if again else 0)
        return origin

    def _admit(self, records: Records, ids: Ids, lines: Lines | None) -> tuple[Records, Ids, Lines | None]:
        """Drop whole records before they are decoded."""
        if records.arrow is not None and self.gate.decision.admission.hoisted:
            records = replace(records, arrow=None, frame=frame_of_body(records.arrow))
        mask = self.gate.admit_ids(ids, self.sieve.hoisted.among(records, lines))
        if mask is None:
            return records, ids, lines
        # Nothing is read of which nothing is wanted.
        if not mask.any():
            return records, ids[:0], lines
        if lines is None:
            return thinned(records, mask), ids[mask], None
        found = lines_taken(lines, mask)
        return replace(records, first=None, ndjson=found.data), ids[mask], found

    def _stamp(self, frame: pl.DataFrame, ids: Ids) -> pl.DataFrame:
        rows = frame["_row"].to_numpy()
        chosen = ids if len(rows) == len(ids) else ids[rows]
        if self._natural is not None:
            chosen = self._natural.ids_of(frame, chosen)
        # Columns as they are: a query would cost as much again as all else in here.
        own = [frame[name] for name in (*self._hiding.columns, *(n for n in _SAMPLED if n in frame.columns))]
        return frame_of([frame[TIME], column_of(ID, chosen), *own])

    def _without_repeats(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self._natural is None or not frame.height:
            return frame
        first = self._natural.first_times(frame[ID].to_numpy(), frame[TIME].to_physical().to_numpy())
        self.repeats += int((~first).sum())
        return frame if bool(first.all()) else frame.filter(pl.Series(first))

    def _without_future(self, frame: pl.DataFrame, records: Records, taken: Taken, *, ascending: bool) -> pl.DataFrame:
        """Refused where time keeps step with the clock; a file's time is its own, so there they are only counted."""
        bound = records.arrival + FUTURE
        times = instants(frame)
        # NumPy's takes half of the time.
        at = times.to_numpy()
        if not frame.height or int(at[-1] if ascending else at.max()) <= bound:
            return frame
        if not self.live:
            ahead = len(at) - np.searchsorted(at, bound, side="right") if ascending else np.count_nonzero(at > bound)
            self.ahead += int(ahead)
            return frame
        for row in frame.filter(times > bound).iter_rows(named=True):
            reason = f"timestamp {row[TIME].isoformat()} is more than an hour ahead of this machine's clock"
            number = 0 if self._natural is not None else sequence_of(row[ID]) + 1
            raw = orjson.dumps(row, default=str)
            taken.quarantined.append(Quarantined(index=-1, reason=reason, raw=raw, number=number))
        return frame.filter(times <= bound)

    def _split(self, frame: pl.DataFrame, *, ascending: bool) -> list[Batch]:
        if not frame.height:
            return []
        times = instants(frame).to_numpy()
        met = self.arrival.take(times, ascending=ascending)
        if met is None:
            return self._sifted(frame, ascending=ascending)
        late = times < met
        self.late += int(late.sum())
        behind = frame.filter(pl.Series(late)).with_columns(pl.Series(ARRIVAL_WATERMARK, met[late], dtype=pl.Int64))
        # What is late is little, and has mostly been dropped from unread at most.
        on_time = frame.filter(pl.Series(~late))
        batches = [*self._sifted(on_time, ascending=ascending), Batch(self.sieve.unread(behind), late=True)]
        return [b for b in batches if b.height]

    def _sifted(self, frame: pl.DataFrame, *, ascending: bool) -> list[Batch]:
        passed = self.sieve.admit(frame)
        # Numbers in sequence ascend; ids of the document's own do not.
        ordered = ascending and passed is frame and self._natural is None
        return [Batch(passed, ordered=ordered)] if passed.height else []
