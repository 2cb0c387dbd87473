"""What putting traces together does with what flows into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from slac.plan.nodes import TracesNode
from slac.shedding.capacity.calibration import Work
from slac.shedding.capacity.flow import Flow, NodeLoad, Scene
from slac.shedding.capacity.keys import NO_KEYS
from slac.shedding.capacity.prices import text_columns
from slac.shedding.capacity.sizes import WORD, arrow_bytes, instants_in, json_bytes
from slac.stream.clock import SECOND

__all__ = ["traces_load"]

CALLS: Final = 10.0
"""Calls a trace; the document does not say, and the benchmarks of the monitors that make such records have ten."""
ENDED: Final = 2 * WORD
"""Bytes of a trace that has ended: a hash and a time."""


def traces_load(node: TracesNode, flows: Sequence[Flow], scene: Scene) -> NodeLoad:
    """Records wait until their trace is over; of spans that is when nothing more has come for `timeout`."""
    (before,) = flows
    records = CALLS * (2.0 if node.spec.form == "events" else 1.0)
    scene.note(f"{node.block}: {records:g} records a trace, all of them valid")
    emitted = before.rate * scene.facts.passes.get(node.id, 1.0 / records)
    lasting = before.lateness / SECOND + 1 / max(before.waves, 1e-9)
    lasting += node.spec.timeout / SECOND if node.spec.form == "spans" else 0.0
    work = Work(
        batches=before.batches,
        rows=before.rate,
        texts=before.rate * text_columns(node.schema),
        groups=emitted,
    )
    flow = replace(
        before,
        rate=emitted,
        batches=min(before.batches, emitted),
        row_bytes=float(arrow_bytes(node.schema)),
        json_bytes=float(json_bytes(node.schema)),
        fields=len(node.schema.fields),
        instants=instants_in(node.schema, windowed=node.windowed),
        keys=NO_KEYS,
        window=None,
        lateness=0,
    )
    held = min(before.rate * lasting, node.spec.limit * records)
    ended = emitted * (node.retain + node.spec.within) / SECOND * ENDED
    return NodeLoad(
        flow=flow, rows_in=before.rate, work=(("traces", work),), memory=2 * held * before.row_bytes + ended
    )
