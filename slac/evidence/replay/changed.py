"""Logs through another document: its own nodes over what came in at the inputs, as if all had run in one process."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import networkx as nx
import polars as pl

from slac.diagnostics import UsageError, listed
from slac.evidence.log.feed import Entered, Marked, Ran, RunBegan, steps
from slac.evidence.log.nodes import modes_of
from slac.evidence.log.once import Once
from slac.evidence.log.reader import LogDirectory
from slac.evidence.replay.given import Given
from slac.evidence.replay.path import is_sighted, only, without_sight
from slac.evidence.replay.whole import full_part, in_the_middle
from slac.plan.changes import words_of
from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, LinkInNode, SourceNode
from slac.runtime.assembly import operators_of
from slac.runtime.dataflow import Dataflow
from slac.runtime.instructions import Instruction
from slac.runtime.operator import BEGINNING, OperatorContext
from slac.stream.batch import Batch, instants


@dataclass(slots=True, kw_only=True)
class Made:
    """The rows that left each node, batches on time and late ones, and how many events came in."""

    plan: Plan
    rows: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    events: int = 0
    gaps: list[str] = field(default_factory=list)

    def frame(self, node: str) -> pl.DataFrame:
        """All rows of a node; empty where there are none."""
        frames = self.rows.get(node, [])
        return pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame()


@dataclass(slots=True)
class _Wave:
    """What a log says between two runs: batches, and the watermarks behind them."""

    entered: list[tuple[str, Batch]] = field(default_factory=list)
    marks: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Reading:
    """One log, wave by wave; rows that a restart brought again come once.

    `wanted`: sources, and inner nodes whose rows are taken as they were logged. `is_over`: the log has no more;
    `ended`: because the inputs of its run had come to their end. Else it stops in the middle of one.
    """

    log: LogDirectory
    wanted: frozenset[str]
    reached: dict[str, int] = field(default_factory=dict)
    is_over: bool = False
    ended: bool = False
    missing: int = 0
    live: bool = False
    start: int | None = None
    _marks: dict[str, int] = field(default_factory=dict)
    _once: Once = field(default_factory=Once)

    def waves(self) -> Iterator[_Wave]:
        behind = self._inner()
        given = Given(
            self.log, behind, sorted({s.header.run: s.header.first for s in self.log.segments[::-1]}.values())
        )
        entered: list[tuple[str, Batch]] = []
        for step in steps(self.log):
            self._once.follow(step)
            self.ended = self.ended and not isinstance(step, Entered | Marked)
            match step:
                case RunBegan(header=header):
                    entered = []
                    self.live, self.start = header.live, header.start if self.start is None else self.start
                case Entered(node=node, batch=batch, rows=rows) if node in self.wanted:
                    self.missing += rows if batch is None else 0
                    entered += self._taken(node, batch) if batch is not None else []
                case Marked(node=node, watermark=mark):
                    self._marks[node] = mark
                case Ran(seq=seq, end=end):
                    self.ended = self.ended or end
                    entered += [e for node, batch in given.at(seq) for e in self._taken(node, batch)]
                    # Where the input has ended, watermarks were moved to the end of windows: of other ones than ours.
                    yield _Wave(entered, {} if end else self._told(behind, given, seq))
                    entered = []
                case _:
                    continue

    def mark(self, node: str, others: int) -> int:
        """How far all rows of the node have come, when other logs have come to `others`.

        What has come to its end holds nobody up; what stops in the middle of a live run does for `hold`, as an instance
        that is gone.
        """
        reached = self.reached.get(node, BEGINNING)
        if not self.is_over:
            return reached
        if self.ended:
            return max(reached, others)
        holds = [n.hold for n in self.log.plan.nodes if isinstance(n, LinkInNode)]
        return max(reached, others - max(holds)) if self.live and holds else reached

    def _inner(self) -> Mapping[str, tuple[str, ...]]:
        """Inner nodes that are wanted, each with the sources and links behind it."""
        part = self.log.plan.part(self.log.header.node)
        inner = [n.id for n in part.nodes if n.id in self.wanted and not isinstance(n, SourceNode)]
        rims = {n.id for n in part.nodes if isinstance(n, SourceNode | LinkInNode)}
        return {i: tuple(nx.ancestors(part.graph, i) & rims) for i in inner}

    def _told(self, behind: Mapping[str, tuple[str, ...]], given: Given, seq: int) -> dict[str, int]:
        marks = {node: mark for node, mark in self._marks.items() if node in self.wanted}
        for node, rims in behind.items():
            mark = min((self._marks.get(r, BEGINNING) for r in rims), default=BEGINNING)
            marks[node] = min(mark, given.floor(node, seq))
        return marks

    def _taken(self, node: str, batch: Batch) -> list[tuple[str, Batch]]:
        fresh = self._once.fresh(node, batch.frame)
        frame = batch.frame if fresh.all() else batch.frame.filter(pl.Series(fresh))
        return [(node, Batch(frame, late=batch.late))] if frame.height else []


def replay_changed(logs: Sequence[LogDirectory], plan: Plan) -> Made:
    """What the logged events make of `plan`, a document that runs on one node.

    UsageError where an input of it is not in the logs, or lacks a column.
    """
    parts = [full_part(log) for log in logs]
    logs = [log for log, _ in parts]
    plan, given = _without_clear(plan, logs)
    sources = {n.id: n for n in plan.nodes if isinstance(n, SourceNode)}
    rims = frozenset((*sources, *given))
    readings = [_Reading(log, rims & _rims_of(log)) for log in logs]
    _check_inputs(sources, readings)
    made = Made(plan=plan, gaps=[gap for part, gaps in parts for gap in (*gaps, *in_the_middle(part))])
    flow: Dataflow | None = None
    instructions: list[Instruction] = []
    latest = BEGINNING
    for reading, wave in _merged(readings):
        if flow is None:
            context = OperatorContext(document=plan.document, start=reading.start if reading.live else None)
            computed = only(plan, {n.id for n in plan.nodes} - given)
            flow = Dataflow(plan, operators_of(computed, context, instructions))
            flow.tap = lambda node, batch: made.rows.setdefault(node, []).append(batch.frame)
        for node, batch in wave.entered:
            _check_columns(plan[node], batch)
            made.events += batch.height
            latest = max(latest, int(instants(batch.frame).max()))  # type: ignore[arg-type]
            flow.enter(node, batch)
        reading.reached |= wave.marks
        _promise(flow, readings, rims)
        flow.run()
        instructions.clear()
    if flow is not None:
        _promise(flow, readings, rims)
        if all(r.ended for r in readings if r.wanted):
            _finish(flow, plan, rims, latest)
        else:
            flow.run()
            flow.settle()
    made.gaps += [f"{r.missing} rows that came in are not in the log {r.log.place.name}" for r in readings if r.missing]
    made.gaps += [str(d) for log in logs for d in log.damage]
    return made


def _promise(flow: Dataflow, readings: Sequence[_Reading], rims: Collection[str]) -> None:
    others = max((m for r in readings if not (r.is_over and r.ended) for m in r.reached.values()), default=BEGINNING)
    for node in rims:
        flow.promise(node, min((r.mark(node, others) for r in readings if node in r.wanted), default=BEGINNING))


def _merged(readings: Sequence[_Reading]) -> Iterator[tuple[_Reading, _Wave]]:
    """The waves of all logs, that log first which is the furthest behind; one that is over holds nobody up."""
    streams = [reading.waves() for reading in readings]
    heap = [(BEGINNING, number) for number in range(len(readings))]
    heapq.heapify(heap)
    while heap:
        _, number = heapq.heappop(heap)
        reading = readings[number]
        wave = next(streams[number], None)
        if wave is None:
            reading.is_over = True
            continue
        yield reading, wave
        heapq.heappush(heap, (max(reading.reached.values(), default=BEGINNING), number))


def _finish(flow: Dataflow, plan: Plan, rims: Collection[str], latest: int) -> None:
    """As a run that reads to the end: what is open is closed, and no later silence invented."""
    final = max([latest + 1, *(flow.watermark(i) for i in rims)])
    for _ in range(len(plan.nodes) + 1):
        final = max(final, flow.open_until() or BEGINNING)
        for node in rims:
            flow.promise(node, final)
        flow.run(end=True)
        held = flow.open_until()
        if held is None or held <= final:
            break


def _rims_of(log: LogDirectory) -> frozenset[str]:
    """What the log has, or would have: an input of which nothing had come is none that is missing."""
    plan = log.plan
    return frozenset(log.nodes) | modes_of(plan.part(log.header.node), "full", plan.data.logging).keys()


def _without_clear(plan: Plan, logs: Sequence[LogDirectory]) -> tuple[Plan, frozenset[str]]:
    """The plan without columns that no log holds; who would need them is given what was logged of it."""
    given = frozenset(n.id for n in plan.nodes if is_sighted(n))
    known = {n.id: n for log in logs for n in log.plan.nodes}
    logged = frozenset(i for log in logs for i in log.nodes)
    for node in (plan[i] for i in given):
        if node.id not in logged or words_of([node]) != words_of([known.get(node.id, node)]):
            raise UsageError(
                f'the conditions of "{node.block}" over {listed(getattr(node, "sees", ()))} cannot be asked again: '
                "the log has no clear text. Its rows can only be taken as they were logged, with the block unchanged"
            )
    nodes = tuple(msgspec.structs.replace(n, inputs=()) if n.id in given else without_sight(n) for n in plan.nodes)
    read = {i for n in nodes for i in n.inputs} | given
    kept = tuple(n for n in nodes if not isinstance(n, SourceNode) or n.id in read)
    return Plan(msgspec.structs.replace(plan.data, nodes=kept)), given


def _check_inputs(sources: Mapping[str, AnyNode], readings: Sequence[_Reading]) -> None:
    known: Collection[str] = {node for r in readings for node in r.wanted}
    missing = sorted(set(sources) - set(known))
    if missing:
        logged = {node for r in readings for node in r.log.nodes}
        there = sorted({n.id for r in readings for n in r.log.plan.nodes if isinstance(n, SourceNode)} & logged)
        raise UsageError(f"the log has no rows of {listed(missing)}; it has those of {listed(there) or 'no input'}")


def _check_columns(node: AnyNode, batch: Batch) -> None:
    missing = [n for n in node.schema.names if n not in batch.frame.columns]
    if missing:
        raise UsageError(
            f'the log does not have {listed(missing)} of "{node.block}": nobody read it then, so that it was not kept'
        )
