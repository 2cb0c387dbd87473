"""Runs a trace in the harness, in one process, and tells which targets it has reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
import polars as pl

from slac.language.tests import DEFAULT_START, parse_start
from slac.plan.expressions import NamedExpr
from slac.plan.graph import Plan
from slac.plan.lowering import lower
from slac.plan.nodes import SourceNode, WindowNode
from slac.stream.batch import KEPT
from slac.stream.types import Field, Schema
from slac.testing.cases.feed import wire_record
from slac.testing.cases.values import wire_value
from slac.testing.generate.candidates import Kind
from slac.testing.generate.targets import Target
from slac.testing.harness import Harness

START: Final = parse_start(DEFAULT_START)
_TOGETHER: Final = 30_000_000
"""Events of one input within so long (µs) are given at once; the order of time is what counts."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event, at an instant after the start (µs)."""

    at: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Trace:
    """Events in order of time, and how long the clock goes on in all (µs)."""

    events: tuple[Event, ...]
    until: int

    def without(self, dropped: Sequence[int]) -> Trace:
        """The trace without some events, by place."""
        gone = set(dropped)
        return replace(self, events=tuple(e for i, e in enumerate(self.events) if i not in gone))


class Simulator:
    """One plan with probes built in; `runs` counts how often it was run."""

    def __init__(self, plan: Plan, targets: Sequence[Target]) -> None:
        self._targets = targets
        self._probes = {i: f"_t{i}" for i, t in enumerate(targets) if t.probe is not None}
        self._plan = self._probed(plan)
        self._sources = {n.block: n for n in plan.nodes if isinstance(n, SourceNode)}
        self.runs = 0
        self._known: dict[Trace, frozenset[int]] = {}

    def reached(self, trace: Trace) -> frozenset[int]:
        """The targets that a trace reaches, by their place."""
        if trace not in self._known:
            self.runs += 1
            self._known[trace] = frozenset(self._observed(self._run(trace)))
        return self._known[trace]

    def _run(self, trace: Trace) -> Harness:
        harness = Harness(self._plan, live=True, start=START)
        for batch in batches(trace.events, _TOGETHER):
            ahead = START + batch[-1].at - harness.clock.now()
            if ahead > 0:
                harness.advance(ahead, step=ahead)
            harness.give(batch[0].kind.source, [self._record(e) for e in batch])
        rest = START + trace.until - harness.clock.now()
        if rest > 0:
            harness.advance(rest, step=rest)
        return harness

    def _record(self, event: Event) -> dict[str, Any]:
        return record(self._sources[event.kind.source], event)

    def _observed(self, harness: Harness) -> Iterator[int]:
        frames: dict[str, pl.DataFrame] = {}
        for i, target in enumerate(self._targets):
            frame = frames.setdefault(target.node, harness.made(target.node))
            if frame.height and self._holds(i, target, frame):
                yield i

    def _holds(self, i: int, target: Target, frame: pl.DataFrame) -> bool:
        if target.probe is None:
            met = pl.all_horizontal(pl.col(c).is_in(list(v)) for c, v in target.columns.items())
            return bool(frame.select(met.any()).item())
        name = self._probes[i]
        value = pl.col(name) if name in frame.columns else lower(target.probe)
        met = value == pl.lit(target.value)
        if KEPT in frame.columns:
            met = met & (pl.col(KEPT) > 0)
        return bool(frame.select(met.any().fill_null(value=False)).item())

    def _probed(self, plan: Plan) -> Plan:
        """Windows compute their probes themselves: of aggregates no column need come out."""
        nodes = []
        for node in plan.nodes:
            probes = [
                NamedExpr(name=name, expr=t.probe)
                for i, name in self._probes.items()
                if (t := self._targets[i]).node == node.id and t.probe is not None
            ]
            if isinstance(node, WindowNode) and probes:
                fields = (*node.schema.fields, *(Field(p.name, p.expr.dtype) for p in probes))
                node = msgspec.structs.replace(node, then=(*node.then, *probes), schema=Schema(fields))  # noqa: PLW2901
            nodes.append(node)
        return Plan(msgspec.structs.replace(plan.data, nodes=tuple(nodes)))


def batches(events: Sequence[Event], longest: int) -> Iterator[list[Event]]:
    """Neighbours of one input that lie within `longest` (µs), together."""
    batch: list[Event] = []
    for event in events:
        if batch and (event.kind.source != batch[0].kind.source or event.at - batch[0].at > longest):
            yield batch
            batch = []
        batch.append(event)
    if batch:
        yield batch


def record(source: SourceNode, event: Event) -> dict[str, Any]:
    """The event as its input reads it."""
    fields = {f.name: f for f in (*source.payload.fields, *source.context.fields)}
    values = {n: wire_value(v, fields[n].dtype, START) for n, v in event.kind.values if v is not None}
    return wire_record(source, START + event.at, values)
