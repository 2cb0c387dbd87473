"""What joins do with what flows into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from slac.plan.nodes import IntervalJoinNode, LatestJoinNode
from slac.shedding.capacity.calibration import Work
from slac.shedding.capacity.flow import Flow, NodeLoad, Scene
from slac.shedding.capacity.outflow import calls, count_keys
from slac.shedding.capacity.prices import text_columns
from slac.shedding.capacity.sizes import WORD, arrow_bytes, instants_in, json_bytes
from slac.stream.clock import SECOND
from slac.stream.types import Schema

__all__ = ["interval_load", "latest_load"]


def latest_load(node: LatestJoinNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    """The latest row of each key is held; what a join with a table holds is charged to the table."""
    left, right = flows
    held = 0.0 if node.table else min(count_keys(node, node.by, right, scene), right.rate * node.retain / SECOND)
    waiting = left.rate * (left.lateness / SECOND + 1 / max(left.waves, 1e-9))
    rows = left.rate + right.rate
    touched = min(held, rows / max(left.waves, 1e-9)) * left.waves
    flow = replace(
        left,
        batches=min(left.batches, left.rate),
        row_bytes=float(arrow_bytes(node.schema, windowed=node.windowed)),
        json_bytes=float(json_bytes(node.schema)),
        fields=len(node.schema.fields),
        instants=instants_in(node.schema, windowed=node.windowed),
        keys=left.keys | right.keys.prefixed(node.alias),
    )
    # Keys are looked up by their values; what else a row has is not touched for that.
    by = set(node.by)
    texts = rows * text_columns(Schema(tuple(f for f in node.schema.fields if f.name in by)))
    if node.id in scene.paired:
        # Its window hands over what each row meets: nothing is looked up, and the right side brings no rows.
        kind, work = "join.own", Work(batches=left.batches, rows=left.rate, texts=texts)
    else:
        kind, work = "join", Work(batches=calls(node, flows, scene), rows=rows, texts=texts, groups=touched)
    return NodeLoad(
        flow=flow,
        rows_in=rows,
        work=((kind, work),),
        memory=held * (right.row_bytes + scene.bytes_per_key) + waiting * left.row_bytes + _again(node, flows, flow),
    )


def interval_load(node: IntervalJoinNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    """Every row meets the rows of the other side and of its key in its interval, spread evenly over the keys."""
    left, right = flows
    keys = count_keys(node, node.by, left, scene)
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
        instants=instants_in(node.schema, windowed=node.windowed),
        keys=left.keys | right.keys.prefixed(node.alias),
        window=None,
        lateness=0,
        inputs=left.inputs | right.inputs,
    )
    # Each wave looks through what is held once: a column of keys.
    looked = sum(held) * left.waves / 64
    work = Work(batches=calls(node, flows, scene), rows=rows + emitted, groups=rows + looked)
    memory = 2 * (held[0] * (left.row_bytes + 2 * WORD) + held[1] * (right.row_bytes + 2 * WORD))
    memory += _again(node, flows, flow)
    return NodeLoad(flow=flow, rows_in=rows, work=(("join.interval", work),), memory=memory)


def _again(node: LatestJoinNode | IntervalJoinNode, flows: Sequence[Flow], said: Flow) -> float:
    """Bytes of the rows in and out that are kept because they may be said again."""
    return node.restate / SECOND * sum(f.rate * f.row_bytes for f in (*flows, said))
