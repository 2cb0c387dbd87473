"""What an interval join does with what flows into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from slac.plan.nodes import IntervalJoinNode
from slac.shedding.capacity.calibration import Work
from slac.shedding.capacity.flow import Flow, NodeLoad, Scene
from slac.shedding.capacity.keys import ASSUMED_KEYS
from slac.shedding.capacity.sizes import WORD, arrow_bytes, json_bytes
from slac.stream.clock import SECOND

__all__ = ["interval_load"]


def interval_load(node: IntervalJoinNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    """Every row meets the rows of the other side and of its key in its interval, spread evenly over the keys."""
    left, right = flows
    keys, declared = left.keys.count(node.by)
    if not declared:
        names = ", ".join(node.by)
        scene.note(f"{node.block}: {ASSUMED_KEYS} distinct values of ({names}), since no `rate: keys:` names them")
    before, after = (reach / SECOND for reach in node.reach)
    earlier = [min(r * reach / max(keys, 1), node.limit) for r, reach in ((right.rate, before), (left.rate, after))]
    pairs = left.rate * earlier[0] + right.rate * earlier[1]
    scene.note(f"{node.block}: its rows are spread evenly over the keys")
    emitted = max(pairs, left.rate) if node.outer else pairs
    rows = left.rate + right.rate
    held = [min(r * reach, keys * node.limit) for r, reach in ((left.rate, after), (right.rate, before))]
    flow = replace(
        left,
        rate=emitted,
        batches=min(left.batches, emitted),
        row_bytes=float(arrow_bytes(node.schema)),
        json_bytes=float(json_bytes(node.schema)),
        fields=len(node.schema.fields),
        keys=left.keys | right.keys.prefixed(node.alias),
        window=None,
        lateness=0,
        inputs=left.inputs | right.inputs,
    )
    # Each wave looks through what is held once: a column of keys.
    looked = sum(held) * left.waves / 64
    work = Work(batches=left.batches + right.batches, rows=rows + emitted, groups=rows + looked)
    memory = 2 * (held[0] * (left.row_bytes + 2 * WORD) + held[1] * (right.row_bytes + 2 * WORD))
    return NodeLoad(flow=flow, rows_in=rows, work=(("join", work),), memory=memory)
