"""What RATE, INCREASE and DELTA do from sample to sample with what flows into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from slac.plan.nodes import StepsNode
from slac.shedding.capacity.calibration import Work
from slac.shedding.capacity.flow import Flow, NodeLoad, Scene
from slac.shedding.capacity.outflow import count_keys
from slac.shedding.capacity.prices import text_columns
from slac.shedding.capacity.sizes import WORD, arrow_bytes, instants_in, json_bytes
from slac.stream.clock import SECOND

__all__ = ["steps_load"]

_SAMPLE = 2 * WORD
"""Bytes of the last sample of a key: its time and its value."""


def steps_load(node: StepsNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    """Rows wait for the watermark; of each key the last sample of each step is held, for `retain`."""
    (before,) = flows
    held = min(count_keys(node, node.keys, before, scene), before.rate * node.retain / SECOND)
    waiting = before.rate * (before.lateness / SECOND + 1 / max(before.waves, 1e-9))
    touched = min(held, before.rate / max(before.waves, 1e-9)) * before.waves
    flow = replace(
        before,
        batches=min(before.batches, before.rate),
        row_bytes=float(arrow_bytes(node.schema, windowed=node.windowed)),
        json_bytes=float(json_bytes(node.schema)),
        fields=len(node.schema.fields),
        instants=instants_in(node.schema, windowed=node.windowed),
        lateness=0,
    )
    work = Work(
        batches=before.batches,
        exprs=before.batches * len(node.steps),
        rows=before.rate,
        texts=before.rate * text_columns(node.schema),
        groups=touched,
    )
    return NodeLoad(
        flow=flow,
        rows_in=before.rate,
        work=(("steps", work),),
        memory=held * (_SAMPLE * len(node.steps) + scene.bytes_per_key) + waiting * before.row_bytes,
    )
