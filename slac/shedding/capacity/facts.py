"""What has been seen of a node stands above what the model would take it for."""

from __future__ import annotations

import math
from dataclasses import replace

from slac.plan.nodes import AnyNode
from slac.shedding.capacity.flow import NodeLoad, Scene

__all__ = ["observed"]


def observed(node: AnyNode, load: NodeLoad, scene: Scene) -> NodeLoad:
    """The load of a node, with as many rows behind it as the facts of the scene say."""
    passes = scene.facts.passes.get(node.id)
    if passes is None:
        return load
    rate = passes * load.rows_in
    called = load.work[0][1].batches if load.work else load.flow.batches
    return replace(load, flow=replace(load.flow, rate=rate, batches=_batches(called, load.rows_in, passes)))


def _batches(batches: float, rows_in: float, passes: float) -> float:
    """Batches that hold a row at all, of so many calls, where each row passes by chance."""
    if not batches or passes >= 1.0:
        return min(batches, passes * rows_in)
    return batches * (1.0 - math.exp(rows_in / batches * math.log1p(-passes)))
