"""What a runtime has measured of its nodes, and what it says of the model: facts, and how far it is off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import msgspec

from slac.diagnostics import UsageError
from slac.plan.graph import Plan
from slac.plan.nodes import LinkInNode, LinkOutNode, OutputNode, SourceNode, UnionNode, WindowNode
from slac.shedding.capacity.calibration import Calibration
from slac.shedding.capacity.flow import Facts, Scene
from slac.shedding.capacity.walk import Walked, walk
from slac.stream.clock import SECOND

__all__ = ["Drift", "Measured", "NodeMeasured", "drift_of", "facts_of", "measured_walk", "read_measured", "seen_facts"]

MEASURED_VERSION: Final = 1
FAR: Final = 2.0
"""The model drifts where what is used is this many times what it says, or the other way round …"""
SMALL: Final = 0.03
"""… and more of a core than this away from it."""


class NodeMeasured(msgspec.Struct, frozen=True, kw_only=True):
    """One node, a second: calls, rows in and out, CPU seconds; `call` and `row`: CPU seconds of one of each."""

    calls: float
    rows_in: float
    rows_out: float
    cores: float
    call: float
    row: float


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One runtime over the last `seconds` before `now` (wall clock, µs).

    `rates`: events a second by input; `nodes` by id; `memory`: bytes of the process, None where that is not known.
    """

    version: int = MEASURED_VERSION
    document: str
    meaning: str
    node: str
    instance: str
    now: int
    seconds: float
    rates: dict[str, float]
    nodes: dict[str, NodeMeasured]
    memory: int | None = None

    @property
    def cores(self) -> float:
        """CPU seconds a second of all its nodes."""
        return sum(n.cores for n in self.nodes.values())


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """A model that is off: cores as predicted and as measured, and the block that is the most of the difference."""

    predicted: float
    measured: float
    block: str


def read_measured(data: bytes, name: str) -> Measured:
    """What a runtime has written; UsageError where it is none."""
    try:
        measured = msgspec.json.decode(data, type=Measured)
    except msgspec.DecodeError as error:
        raise UsageError(f"{name} holds no measurements of a runtime: {error}") from error
    if measured.version != MEASURED_VERSION:
        raise UsageError(f"{name} has version {measured.version}; this slac reads version {MEASURED_VERSION}")
    return measured


def facts_of(plan: Plan, measured: Measured) -> Facts:
    """What was seen, of the nodes that there are here."""
    rows = {i: n.rows_out for i, n in measured.nodes.items() if i in plan.graph}
    calls = {i: n.calls for i, n in measured.nodes.items() if i in plan.graph}
    return seen_facts(plan, rows, calls)


def measured_walk(plan: Plan, measured: Measured, calibration: Calibration) -> Walked:
    """The model at the rates, shares and groups that were measured, with its own costs."""
    facts = replace(facts_of(plan, measured), calls={})
    return walk(plan, calibration, Scene(rates=measured.rates, facts=facts))


def drift_of(plan: Plan, measured: Measured, calibration: Calibration) -> Drift | None:
    """How far the model is off for what was measured; None within its bounds."""
    walked = measured_walk(plan, measured, calibration)
    own = [n for n in plan.nodes if n.id in measured.nodes]
    predicted, used = sum(walked.uses[n.id].cores for n in own), measured.cores
    if abs(predicted - used) <= SMALL or predicted / FAR <= used <= predicted * FAR:
        return None
    blocks: dict[str, float] = {}
    for n in own:
        blocks[n.block] = blocks.get(n.block, 0.0) + measured.nodes[n.id].cores - walked.uses[n.id].cores
    return Drift(predicted=predicted, measured=used, block=max(blocks, key=lambda b: abs(blocks[b])))


def seen_facts(plan: Plan, rows: Mapping[str, float], calls: Mapping[str, float]) -> Facts:
    """What the rows out of each node a second, and its calls, say about its share that passes, and its groups."""
    passes: dict[str, float] = {}
    groups: dict[str, float] = {}
    hops: dict[str, float] = {}
    for node in plan.nodes:
        before = sum(rows.get(i, 0.0) for i in node.inputs)
        hops[node.id] = hops.get(node.inputs[0], 1.0) if node.inputs else _hop_before(plan, node, hops)
        match node:
            case WindowNode(window=window) if window.is_shared:
                if window.kind != "same":
                    hops[node.id] = (window.every or window.size) / SECOND
                groups[node.id] = rows.get(node.id, 0.0) * hops[node.id]
            case SourceNode() | LinkInNode() | LinkOutNode() | OutputNode() | UnionNode():
                pass
            case _ if before and node.id in rows:
                passes[node.id] = rows[node.id] / before
            case _:
                pass
    rim = SourceNode | LinkInNode | LinkOutNode | OutputNode
    inner = {n.id for n in plan.nodes if not isinstance(n, rim)}
    received = {n.id: rows[n.id] for n in plan.nodes if isinstance(n, LinkInNode) and n.id in rows}
    return Facts(passes=passes, groups=groups, calls={i: c for i, c in calls.items() if i in inner}, received=received)


def _hop_before(plan: Plan, node: object, hops: Mapping[str, float]) -> float:
    """A stream that comes over a link has the windows that it had before it."""
    if not isinstance(node, LinkInNode):
        return 1.0
    ends = (n for n in plan.nodes if isinstance(n, LinkOutNode) and (n.stream, n.to) == (node.stream, node.node))
    return next((hops.get(n.id, 1.0) for n in ends), 1.0)
