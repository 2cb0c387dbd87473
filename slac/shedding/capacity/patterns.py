"""What a pattern does with what flows into it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from slac.plan.columnar_patterns import column_shape
from slac.plan.nodes import PatternNode
from slac.shedding.capacity.calibration import Work
from slac.shedding.capacity.flow import Flow, NodeLoad, Scene
from slac.shedding.capacity.outflow import calls
from slac.shedding.capacity.sizes import instants_in, json_bytes
from slac.stream.clock import SECOND

__all__ = ["pattern_load"]

MATCHES: Final = 0.01
"""Share of the events of a pattern that complete a match."""
PARTIAL: Final = 600.0
"""Bytes of one partial match beside its rows: instances and timers are Python objects."""
COLUMNS_PARTIAL: Final = 120.0
"""The same by columns: hash, deadlines and orders of a row, dead rows, the copy of a merge."""


def pattern_load(node: PatternNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    """Every row is looked at once in its key; what it opens stays for `within` or until `limit`.

    Patterns of common shapes run by columns, the others event by event: each way has its price.
    """
    rate = sum(f.rate for f in flows)
    keys = float(flows[0].keys.count(node.keys)[0] if node.keys else 1)
    open_matches, told = _open_and_told(node, flows, keys)
    if told is None:
        scene.note(f"{node.block}: {MATCHES:.0%} of its events complete a match, each opens at most one partial match")
    if node.limit is not None:
        open_matches = min(open_matches, node.limit * keys)
    row_bytes = max(f.row_bytes for f in flows)
    waiting = sum(f.rate * (f.lateness / SECOND + 1 / max(f.waves, 1e-9)) * f.row_bytes for f in flows)
    batches, by_columns = calls(node, flows, scene), column_shape(node) is not None
    kind = "pattern.columns" if by_columns else "pattern.events"
    matches = rate * scene.facts.passes[node.id] if node.id in scene.facts.passes else told
    matches = MATCHES * rate if matches is None else matches
    work = Work(batches=batches, rows=rate, groups=matches)
    flow = replace(
        flows[0],
        rate=matches,
        json_bytes=float(json_bytes(node.schema)),
        fields=len(node.schema.fields),
        instants=instants_in(node.schema, windowed=node.windowed),
        window=None,
        inputs=frozenset[str]().union(*(f.inputs for f in flows)),
    )
    memory = open_matches * ((COLUMNS_PARTIAL if by_columns else PARTIAL) + row_bytes) + waiting
    timers = open_matches if node.within is not None else 0.0
    return NodeLoad(flow=flow, rows_in=rate, work=((kind, work),), memory=memory, holds=open_matches, timers=timers)


def _open_and_told(node: PatternNode, flows: Sequence[Flow], keys: float) -> tuple[float, float | None]:
    """Partial matches that are open, and matches a second (None: not to be told), were all events independent.

    With a and b at the rates λ and μ in each key, `a -> b` within W holds λ(1 − e^(−μW))/μ (Little's law) and says
    λ(1 − e^(−μW)); `a -> every b` holds λW and says λμW; a silence says λe^(−μW). Of others λW at most are open.
    """
    rate = sum(f.rate for f in flows)
    lasts = (node.within if node.within is not None else node.retain) / SECOND
    shape = column_shape(node)
    if shape is None or shape.second is None or shape.kind == "both":
        return rate * lasts, None
    first = flows[node.ports[shape.first.index]].rate
    second = flows[node.ports[shape.second.index]].rate / max(keys, 1.0)
    lasts = shape.length / SECOND if shape.kind == "silence" else lasts
    ends = -math.expm1(-second * lasts)
    waits = first * ends / second if second else first * lasts
    match shape.kind:
        case "next":
            return waits, first * ends
        case "each":
            return first * lasts, first * second * lasts
        case _:
            return waits, first * (1.0 - ends)
