"""A log through the document that wrote it: step by step as it was, and compared with what came of it then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from slac.evidence.log.entries import EntryKind
from slac.evidence.log.feed import (
    Entered,
    GateChanged,
    Held,
    Lost,
    Missing,
    Restored,
    RunBegan,
    Saved,
    Step,
    steps,
)
from slac.evidence.log.frames import to_logged
from slac.evidence.log.reader import LogDirectory
from slac.evidence.replay.compare import Outcome, outcome
from slac.evidence.replay.flow import ReplayFlow
from slac.evidence.replay.gates import Decisions, GatesAgain
from slac.evidence.replay.given import Given
from slac.evidence.replay.path import SubPath, sub_path
from slac.evidence.replay.unknown import END, Unknown
from slac.evidence.replay.whole import full_part
from slac.plan.nodes import LinkInNode, LinkOutNode, OutputNode, SourceNode
from slac.runtime.durable.pieces import StateInPieces
from slac.runtime.operator import State
from slac.stream.batch import Batch

Pace = Callable[[int], None]
"""Told how far event time (µs) has come, before what came in is carried on."""
Watch = Callable[[str, Batch], None]
"""Sees the rows that leave nodes, as they are made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay of one log has found.

    `events`: rows that came in; `runs`: how often the runtime had started; `gaps`: what is missing, in sentences;
    `notes`: what was left alone though nothing is missing.
    """

    name: str
    events: int
    runs: int
    outcomes: tuple[Outcome, ...]
    gaps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether all that can be compared is the same to the bit."""
        return all(o.same for o in self.outcomes)


@dataclass(slots=True)
class _Rows:
    """What the nodes have made: for good, and what would have come next where a run breaks off."""

    wanted: frozenset[str]
    watch: Watch
    made: dict[str, list[tuple[int, Batch]]] = field(default_factory=dict)
    open: dict[str, list[tuple[int, Batch]]] = field(default_factory=dict)
    is_over: bool = False

    def saw(self, seq: int, node: str, batch: Batch) -> None:
        if node in self.wanted:
            (self.open if self.is_over else self.made).setdefault(node, []).append((seq, batch))
        if not self.is_over:
            self.watch(node, batch)

    def forget(self, seq: int) -> None:
        """What was made from this entry on is not known to be right."""
        for made in (self.made, self.open):
            for node, batches in made.items():
                made[node] = [(at, batch) for at, batch in batches if at < seq]


class Walk:
    """The walk through the steps of one log."""

    def __init__(self, log: LogDirectory, begin: str | None, end: str | None, pace: Pace, watch: Watch) -> None:
        self._log = log
        self._begin, self._end, self._pace, self._watch = begin, end, pace, watch
        runs = {s.header.run: s.header for s in reversed(log.segments)}
        self._firsts = sorted(h.first for h in runs.values())
        self._resumed = {h.restored for h in runs.values() if h.restored}
        self._saved: dict[int, Mapping[str, StateInPieces]] = {}
        self._header = log.segments[0].header
        self.flow: ReplayFlow | None = None
        self._paths: dict[str, tuple[SubPath, Given]] = {}
        self.rows = _Rows(frozenset(), watch)
        self._decisions: Decisions = {}
        self.events = self.runs = 0
        self.gaps: list[str] = []
        self.unknown = Unknown()

    def take(self, step: Step) -> None:
        match step:
            case RunBegan():
                self._start(step)
            case Restored(number=number):
                self._resume(number)
            case Held(seq=seq, states=states):
                self._hold(seq, states)
            case Missing(seq=seq):
                self.unknown.begin(seq, "segments before it are gone")
            case Saved(number=number):
                self._save(number)
            case Lost(node=node, rows=rows, what=what):
                self.gaps.append(f"{rows} rows of {node} are not in the log: {what}")
            case GateChanged():
                if self.flow is not None:
                    self.flow.take(step)
            case Entered(batch=batch, node=node, rows=rows):
                self.events += rows
                if batch is None and rows:
                    self.gaps.append(f"{rows} rows that came in at {node} are not in the log")
                    self.unknown.begin(step.seq, f"rows of {node} are missing")
                self._step(step)
            case _:
                self._step(step)

    def finish(self) -> None:
        """What waits would have come out sooner or later; whether it did is for the log to say."""
        if self.flow is not None:
            self.rows.is_over = True
            self.flow.settle()
            self.rows.is_over = False

    def path(self, meaning: str, node: str) -> tuple[SubPath, Given]:
        if meaning not in self._paths:
            part = self._log.plan_of(meaning).part(node)
            found = sub_path(part, frozenset(self._log.nodes), begin=self._begin, end=self._end)
            self._paths[meaning] = found, Given(self._log, found.given, self._firsts)
        return self._paths[meaning]

    def _start(self, step: RunBegan) -> None:
        self.finish()
        self.unknown.stop(step.header.first)
        header = step.header
        self.runs += 1
        self._header = header
        self.flow = self._fresh()
        if not header.whole:
            self.unknown.begin(header.first, "the log was switched on when the runtime was at work already")

    def _fresh(self, gates: GatesAgain | None = None) -> ReplayFlow:
        path, given = self.path(self._header.meaning, self._header.node)
        self.rows.wanted |= path.computed
        header, saw = self._header, self.rows.saw
        gates = gates or GatesAgain(self._log.plan_of(header.meaning).part(header.node), self._decisions)
        return ReplayFlow(path, given, live=header.live, start=header.start, saw=saw, gates=gates)

    def _resume(self, number: int) -> None:
        if self.flow is None:
            return
        if number in self._saved:
            self.flow.restore(self._saved[number])
        else:
            what = f"checkpoint {number}" if number > 0 else "what another version had held"
            self.unknown.begin(
                self._header.first, f"the runtime went on from {what}, and what led to it is not in the log"
            )

    def _hold(self, seq: int, states: Callable[[], Mapping[str, State] | None]) -> None:
        if self.flow is None:
            return
        self.flow.settle()
        held = states() if self.unknown.since is not None else None
        if held is not None and self.unknown.since is not None:
            self.rows.forget(self.unknown.since)
            self.flow = self._fresh(self.flow.gates)
            self.flow.begin_with(held)
            self.unknown.end(seq)

    def _save(self, number: int) -> None:
        if self.flow is not None:
            self.flow.settle()
            self.flow.published.clear()
            if number in self._resumed and self.unknown.since is None:
                self._saved[number] = self.flow.saved()

    def _step(self, step: Step) -> None:
        if self.flow is None:
            return
        mark = getattr(step, "watermark", None)
        if mark is not None:
            self._pace(mark)
        self.flow.take(step)  # type: ignore[arg-type]


def replay_same(
    log: LogDirectory,
    *,
    begin: str | None = None,
    end: str | None = None,
    pace: Pace = lambda _: None,
    watch: Watch = lambda _, __: None,
) -> Replayed:
    """Run a log again, whole or from block `begin` to block `end`, and compare every row.

    UsageError where there is no such way, or rows that it needs are not in the log.
    """
    log, left_out = full_part(log)
    walk = Walk(log, begin, end, pace, watch)
    for step in steps(log):
        walk.take(step)
    walk.finish()
    walk.unknown.stop(END)
    log.check()
    part = log.plan.part(log.header.node)
    lost = _lost(log)
    found = []
    for node in part.nodes:
        if node.id in walk.rows.wanted and not isinstance(node, OutputNode | LinkOutNode | SourceNode | LinkInNode):
            logged = walk.unknown.known(log.rows(node.id))
            if node.id in log.nodes or lost.get(node.id):
                made = walk.unknown.known(_frame(walk.rows.made.get(node.id), node.schema.names))
                more = _frame(walk.rows.open.get(node.id), node.schema.names)
                found.append(outcome(node.id, node.block, logged, made, more, lost.get(node.id, 0)))
    return Replayed(
        name=log.place.name,
        events=walk.events,
        runs=walk.runs,
        outcomes=tuple(found),
        gaps=(*dict.fromkeys([*walk.unknown.gaps, *walk.gaps]), *(str(d) for d in log.damage)),
        notes=(*left_out, *walk.unknown.notes),
    )


def _frame(batches: list[tuple[int, Batch]] | None, fields: tuple[str, ...]) -> pl.DataFrame:
    return to_logged(batches, fields) if batches else pl.DataFrame()


def _lost(log: LogDirectory) -> dict[str, int]:
    """By node the rows that are not in the log, because the disk did not follow or because files are damaged."""
    lost: dict[str, int] = {}
    order = log.order()
    for node, rows in order.filter(pl.col("kind") == EntryKind.LOST).select("node", "value").iter_rows():
        lost[node] = lost.get(node, 0) + rows
    for damage in log.damage:
        if damage.rows and damage.node:
            lost[damage.node] = lost.get(damage.node, 0) + damage.rows
    return lost


__all__ = ["Pace", "Replayed", "Watch", "replay_same"]
