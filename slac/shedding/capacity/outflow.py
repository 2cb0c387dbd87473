"""What flows out of a node: rows of its schema, and how often they come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from slac.plan.nodes import AnyNode
from slac.shedding.capacity.flow import Flow, Scene
from slac.shedding.capacity.keys import ASSUMED_KEYS, NO_KEYS, Keys
from slac.shedding.capacity.sizes import arrow_bytes, instants_in, json_bytes
from slac.stream.clock import SECOND

__all__ = ["COPIES", "calls", "count_keys", "flow_behind", "inputs_of", "outflow"]

COPIES: Final = 3.0
"""A batch under way exists as bytes, as decoded columns, and as what an operator makes of it."""


def count_keys(node: AnyNode, columns: Sequence[str], flow: Flow, scene: Scene) -> float:
    """How many values of these columns there are; what nobody has declared is assumed, and noted."""
    count, declared = flow.keys.count(columns)
    if not declared:
        names = ", ".join(columns)
        scene.note(f"{node.block}: {ASSUMED_KEYS} distinct values of ({names}), since no `rate: keys:` names them")
    return float(count)


def calls(node: AnyNode, flows: Sequence[Flow], scene: Scene) -> float:
    """Calls a second of a node in which it has rows: what comes at several ports may come in the same waves."""
    waves = max((f.waves for f in flows), default=0.0)
    if node.id in scene.facts.calls or not waves:
        return scene.facts.calls.get(node.id, 0.0)
    return waves * (1.0 - math.prod(max(1.0 - f.batches / waves, 0.0) for f in flows))


def inputs_of(flows: Sequence[Flow]) -> frozenset[str]:
    """The inputs from which these flows come."""
    return frozenset().union(*(f.inputs for f in flows))


def outflow(
    node: AnyNode,
    *,
    rate: float,
    batches: float,
    waves: float,
    keys: Keys = NO_KEYS,
    window: tuple[int, int] | None = None,
    lateness: int = 0,
    inputs: frozenset[str] = frozenset(),
) -> Flow:
    """The flow out of a node, of rows as its schema says."""
    return Flow(
        rate=rate,
        batches=batches,
        waves=waves,
        row_bytes=arrow_bytes(node.schema, windowed=node.windowed),
        json_bytes=json_bytes(node.schema),
        fields=len(node.schema.fields),
        keys=keys,
        window=window,
        lateness=lateness,
        inputs=inputs,
        instants=instants_in(node.schema, windowed=node.windowed),
    )


def flow_behind(
    node: AnyNode,
    before: Flow,
    *,
    rate: float,
    keys: Keys,
    window: tuple[int, int] | None = None,
    lateness: int | None = None,
    batches: float | None = None,
    waves: float | None = None,
) -> Flow:
    """The flow out of a node with one main input; a batch goes out at most with every row, and with every wave."""
    spread = before.batches if batches is None else batches
    if window is not None:
        spread = min(before.waves, SECOND / window[1])
    flow = outflow(
        node,
        rate=rate,
        batches=min(spread, rate),
        waves=before.waves if waves is None else waves,
        keys=keys,
        window=window or before.window,
        lateness=before.lateness if lateness is None else lateness,
        inputs=before.inputs,
    )
    return replace(flow, weighted=before.weighted)
