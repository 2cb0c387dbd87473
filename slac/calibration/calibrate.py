"""The whole measurement: `subject.yaml` at several rates, and the prices that its nodes make, with the machine."""

from __future__ import annotations

import gc
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from importlib.resources import files
from typing import Final

import msgspec
import networkx as nx

from slac.calibration.fit import fit
from slac.calibration.footprint import Footprint, footprint
from slac.calibration.pace import RATE, reference_pieces, share
from slac.calibration.phase import phase
from slac.calibration.samples import Sample
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, OutputNode, SourceNode
from slac.runtime.costs import Timer
from slac.shedding.capacity.calibration import Calibration
from slac.shedding.machine import read_machine
from slac.stream.clock import SECOND

PHASES: Final = ((60.0, 4.0), (500.0, 3.0), (6_000.0, 2.0))
"""Events a second of each input, and for how many seconds of event time."""
QUICK: Final = ((80.0, 2.0), (800.0, 2.0))
THINNED: Final = ((1_000.0, 2.0, 0.25), (16_000.0, 1.5, 0.25), (16_000.0, 1.5, 0.02))
"""The same behind gates that drop, and which share they let pass."""
QUICKLY_THINNED: Final = ((300.0, 1.0, 0.25),)
PUBLISHED: Final = 4
"""Blocks that a piece of it publishes."""


def calibrate(
    *, timer: Timer, quick: bool = False, progress: Callable[[str], None] = lambda _: None, own: Footprint | None = None
) -> Calibration:
    """Measure every kind of operator on this machine, in less than a minute (`quick`: in seconds).

    `timer` gives CPU seconds of this process; `progress` is told what is measured; `own` spares the child process
    that measures a bare runtime.
    """
    progress("measuring a bare runtime")
    bare = own or footprint(subject(whole=True))
    found: list[Sample] = []
    again: list[Sample] = []
    pieces = parts(subject(whole=True))
    known = {id(piece) for piece in reference_pieces(pieces)}
    gc.collect()
    gc.disable()
    try:
        for rate, seconds in QUICK if quick else PHASES:
            progress(f"measuring all kinds of operators at {rate:g} events/s an input")
            for plan in (subject(whole=False), *pieces):
                some = phase(plan, rate, seconds, timer)
                found += some
                again += some if rate == RATE and id(plan) in known else []
        for rate, seconds, passing in QUICKLY_THINNED if quick else THINNED:
            progress(f"measuring gates that drop at {rate:g} events/s an input")
            found += phase(subject(whole=True, name="thinned.yaml"), rate, seconds, timer, thinned=passing)
    finally:
        gc.enable()
    kinds = fit(found)
    return Calibration(
        machine=read_machine(),
        kinds=kinds,
        reference=share(kinds, again),
        base_memory=bare.base_memory,
        node_memory=bare.node_memory,
        bytes_per_key=bare.bytes_per_key,
        idle_cores=bare.idle_cores,
    )


def subject(*, whole: bool, name: str = "subject.yaml") -> Plan:
    """The document that is measured: on two nodes, with links between them, or as a `whole` on one."""
    # Here, so that the process that measures a bare runtime has no compiler in its memory.
    from slac.compiler import CompileOptions, compile_document

    text = files("slac.calibration").joinpath(name).read_text(encoding="utf-8")
    plan = compile_document(Source(name, text), CompileOptions(collapse=whole)).plan
    return Plan(msgspec.structs.replace(plan.data, checkpoint=SECOND))


def parts(plan: Plan) -> list[Plan]:
    """The same in pieces of the size of documents: a few published blocks of the same inputs, and what they need."""
    outputs = [n for n in plan.nodes if isinstance(n, OutputNode)]
    ends = {n.inputs[port]: (n.id, port) for n in outputs for port in range(len(n.inputs))}
    needs = {i: nx.ancestors(plan.graph, i) | {i} for i in ends}
    sources = {n.id for n in plan.nodes if isinstance(n, SourceNode)}
    ordered = sorted(ends, key=lambda i: sorted(sources & needs[i]))
    return [
        _part(plan, {ends[i] for i in some}, set().union(*(needs[i] for i in some)))
        for some in (ordered[n : n + PUBLISHED] for n in range(0, len(ordered), PUBLISHED))
    ]


def _part(plan: Plan, ends: AbstractSet[tuple[str, int]], needed: AbstractSet[str]) -> Plan:
    """What leads to some ports of outputs."""
    outputs = {i for i, _ in ends}
    nodes = [_only(n, ends) for n in plan.nodes if n.id in needed or n.id in outputs]
    return Plan(msgspec.structs.replace(plan.data, nodes=tuple(nodes)))


def _only(node: AnyNode, ends: AbstractSet[tuple[str, int]]) -> AnyNode:
    """An output with some of its ports."""
    if not isinstance(node, OutputNode):
        return node
    ports = [port for port in range(len(node.inputs)) if (node.id, port) in ends]
    taken = {name: tuple(getattr(node, name)[p] for p in ports) for name in ("inputs", "blocks", "kinds")}
    return msgspec.structs.replace(node, **taken)
