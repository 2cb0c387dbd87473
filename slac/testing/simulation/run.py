"""A document at work under a clock that goes along with its events, one step at a time, forwards and back."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson
import polars as pl

from slac.plan.graph import Plan
from slac.plan.nodes import OutputNode, SourceNode, WindowNode
from slac.runtime.checkpoint import pack, unpack
from slac.runtime.core import Core
from slac.runtime.durable.pieces import StateInPieces
from slac.runtime.instructions import Instruction, Refused
from slac.runtime.operator import BEGINNING
from slac.stream.batch import ARRIVAL_WATERMARK, Batch, instants
from slac.stream.clock import SECOND
from slac.stream.ports import Records
from slac.testing.sensitive import HASHER
from slac.testing.simulation.breaks import Break
from slac.testing.simulation.feed import Feed, Item, in_order

KEPT: Final = 20
"""So many rows of each block are remembered …"""
BACK: Final = 50
"""… and so many places to go back to."""
_BEAT: Final = 30 * SECOND
"""Ticks are no further apart."""

Change = Callable[[Item], Item]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a step has made: rows by block in order, break points that were met with these rows, what was refused.

    `events`: how many came in; `over`: there are no more.
    """

    rows: tuple[tuple[str, pl.DataFrame], ...] = ()
    hits: tuple[tuple[Break, pl.DataFrame], ...] = ()
    refused: tuple[Refused, ...] = ()
    events: int = 0
    over: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a simulation was."""

    states: Mapping[str, StateInPieces]
    now: int
    position: int
    counts: Counter[str]
    last: Mapping[str, tuple[pl.DataFrame, ...]]


@dataclass(slots=True)
class Simulation:
    """`plan` runs on one node, with all its columns. `change` is asked about every event before it comes in."""

    plan: Plan
    feed: Feed
    change: Change = lambda item: item
    now: int = field(init=False)
    position: int = field(init=False, default=0)
    core: Core = field(init=False)
    breaks: dict[int, Break] = field(init=False, default_factory=dict)
    counts: Counter[str] = field(init=False, default_factory=Counter)
    last: dict[str, deque[pl.DataFrame]] = field(init=False, default_factory=dict)
    _fresh: list[tuple[str, pl.DataFrame]] = field(init=False, default_factory=list)
    _places: deque[_Place] = field(init=False, default_factory=lambda: deque(maxlen=BACK))

    def __post_init__(self) -> None:
        self.feed = in_order(self.feed)
        self.now = (self.feed[0].at if self.feed else 0) // SECOND * SECOND
        self.core = self._core(self.now)
        for block in [n.block for n in self.plan.nodes if isinstance(n, SourceNode) and n.table is not None]:
            self.core.on_records(block, [Records(source=block, arrival=self.now, frame=pl.DataFrame())])

    @property
    def watermark(self) -> int | None:
        """How far event time has come (µs); None before it has begun."""
        marks = [self.core.flow.watermark(i) for i in self.core.flow.rim()]
        return min(marks) if marks and min(marks) > BEGINNING else None

    @property
    def due(self) -> int | None:
        """The instant of the clock at which some timer would fire, if nothing came in before."""
        return self.core.next_wake()

    def step(self, events: int = 1) -> Made:
        """So many events, or up to a break point."""
        return self._until(lambda _, count: count >= events)

    def run(self) -> Made:
        """Up to a break point, or the end of the events."""
        return self._until(lambda _, __: False)

    def to_window(self) -> Made:
        """Up to the end of the next window that has one, or as `run`."""
        endless = ("running", "sliding")
        windows = {n.block for n in self.plan.nodes if isinstance(n, WindowNode) and n.window.kind not in endless}
        return self._until(lambda made, _: any(block in windows for block, _ in made))

    def to_watermark(self) -> Made:
        """Up to the next move of event time, or as `run`."""
        before = self.watermark
        return self._until(lambda _, __: self.watermark != before)

    def to_due(self) -> Made:
        """The clock goes on to the next timer that would fire, and events up to there come in."""
        due = self.due
        return self.wait(max((due or self.now) - self.now, 0)) if due is not None else Made(over=self._over)

    def wait(self, length: int) -> Made:
        """The clock goes on by so much (µs), and events up to there come in; or up to a break point."""
        target = self.now + length
        made: list[Made] = []
        while not self._over and self.feed[self.position].at <= target:
            made.append(self._event())
            if made[-1].hits:
                return _joined(made, over=self._over)
        made.append(self._collected(0, self._tick_to(target)))
        return _joined(made, over=self._over)

    def end(self) -> Made:
        """All events, then the clock goes on until what is open then is closed; break points do not hold it up."""
        made = []
        while not self._over:
            made.append(self._together())
        self.core.flow.settle()
        held = self.core.flow.open_until()
        delay = max((s.node.idle + s.node.lateness for s in self.core.sources.values()), default=0)
        made.append(self._collected(0, self._tick_to(max(self.now, (held or self.now) + delay + 1))))
        return _joined(made, over=True)

    def give(self, block: str, record: Mapping[str, object]) -> Made:
        """An event of now that is not in the feed."""
        return self._collected(1, self._enter(Item(self.now, block, record=dict(record))))

    def remember(self) -> None:
        """A place to go back to."""
        last = {block: tuple(frames) for block, frames in self.last.items()}
        states = pack(self.core.snapshot())
        self._places.append(_Place(states, self.now, self.position, Counter(self.counts), last))

    def back(self) -> bool:
        """To the place that was remembered last; False where there is none."""
        if not self._places:
            return False
        place = self._places.pop()
        self.core = self._core(place.now)
        self.core.restore(unpack(place.states), place.now)
        self.now, self.position, self.counts = place.now, place.position, Counter(place.counts)
        self.last = {block: deque(frames, maxlen=KEPT) for block, frames in place.last.items()}
        self._fresh.clear()
        return True

    @property
    def _over(self) -> bool:
        return self.position >= len(self.feed)

    def _core(self, now: int) -> Core:
        core = Core(self.plan.part(self.plan.data.placements[0].name), now=now, live=True, hasher=HASHER)
        core.flow.tap = self._saw
        return core

    def _saw(self, node: str, batch: Batch) -> None:
        found = self.plan[node]
        if node == found.block and not isinstance(found, OutputNode):
            self._fresh.append((node, batch.frame))

    def _until(self, stop: Callable[[Sequence[tuple[str, pl.DataFrame]], int], bool]) -> Made:
        made: list[Made] = []
        while not self._over:
            made.append(self._event())
            if made[-1].hits or stop(made[-1].rows, len(made)):
                break
        return _joined(made, over=self._over)

    def _event(self) -> Made:
        item = self.feed[self.position]
        self.position += 1
        told = self._tick_to(item.at)
        return self._collected(1, [*told, *self._enter(self.change(item))])

    def _together(self) -> Made:
        """All events of one input that come in a row within a second, at once: nobody looks in between.

        None of them is overtaken by what silence would promise at the last one's instant.
        """
        first = self.feed[self.position]
        span = min(SECOND, self.core.sources[first.block].node.idle)
        items = [first]
        self.position += 1
        while not self._over and first.record is not None:
            item = self.feed[self.position]
            if item.block != first.block or item.at - first.at > span or item.record is None:
                break
            items.append(item)
            self.position += 1
        told = self._tick_to(items[-1].at)
        changed = [self.change(item) for item in items]
        if first.record is None:
            return self._collected(1, [*told, *self._enter(changed[0])])
        lines = b"\n".join(orjson.dumps(dict(i.record or {})) for i in changed)
        told += self._records(first.block, lines)
        return self._collected(len(items), told)

    def _enter(self, item: Item) -> list[Instruction]:
        if item.row is None:
            return self._records(item.block, orjson.dumps(dict(item.record or {})))
        source, frame = self.core.sources[item.block], item.row
        source.heard = self.now
        times = instants(frame).to_numpy()
        met = source.arrival.take(times)
        late = ARRIVAL_WATERMARK in frame.columns
        if not late and met is not None and times[0] < met[0]:
            late, frame = True, frame.with_columns(pl.Series(ARRIVAL_WATERMARK, met, dtype=pl.Int64))
        self.core.flow.enter(item.block, Batch(frame, late=late))
        return self.core.carry(self.now)

    def _records(self, block: str, lines: bytes) -> list[Instruction]:
        records = Records(source=block, arrival=self.now, ndjson=lines, origin="simulation")
        return self.core.on_records(block, [records])

    def _tick_to(self, target: int) -> list[Instruction]:
        told: list[Instruction] = []
        while self.now < target:
            wake = self.core.next_wake()
            soon = self.now + _BEAT if wake is None or wake <= self.now else min(wake, self.now + _BEAT)
            self.now = min(target, soon)
            told += self.core.on_tick(self.now)
        return told

    def _collected(self, events: int, told: Sequence[Instruction]) -> Made:
        # What nobody could notice yet waits in front of its block; here somebody looks.
        self.core.flow.settle()
        fresh, self._fresh = self._fresh, []
        for block, rows in fresh:
            self.counts[block] += rows.height
            self.last.setdefault(block, deque(maxlen=KEPT)).extend(rows.tail(KEPT).iter_slices(1))
        hits = [
            (b, met) for b in self.breaks.values() for block, rows in fresh if block == b.block for met in [b.met(rows)]
        ]
        return Made(
            rows=tuple(fresh),
            hits=tuple((b, met) for b, met in hits if met.height),
            refused=tuple(i for i in told if isinstance(i, Refused)),
            events=events,
        )


def _joined(made: Sequence[Made], *, over: bool) -> Made:
    return Made(
        rows=tuple(r for m in made for r in m.rows),
        hits=tuple(h for m in made for h in m.hits),
        refused=tuple(r for m in made for r in m.refused),
        events=sum(m.events for m in made),
        over=over,
    )
