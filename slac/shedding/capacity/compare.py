"""A prediction beside what a runtime measured, block by block."""

from __future__ import annotations

import msgspec

from slac.plan.graph import Plan
from slac.plan.nodes import SourceNode
from slac.shedding.capacity.calibration import Calibration
from slac.shedding.capacity.measured import Drift, Measured, drift_of, measured_walk

__all__ = ["Compared", "ComparedBlock", "compare"]


class ComparedBlock(msgspec.Struct, frozen=True, kw_only=True):
    """One block: rows a second in and out and cores, as measured, and the cores that the model says for these rows.

    `passes`: rows out for each row in, as measured. `call` and `row`: CPU seconds of one of each, at its last node.
    """

    block: str
    rows_in: float
    rows_out: float
    passes: float | None
    predicted: float
    measured: float
    call: float
    row: float


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A runtime over its last `seconds`: events a second by input, its blocks, and the drift, None within bounds."""

    document: str
    node: str
    instance: str
    seconds: float
    rates: dict[str, float]
    declared: dict[str, float]
    blocks: tuple[ComparedBlock, ...]
    predicted: float
    measured: float
    drift: Drift | None


def compare(plan: Plan, measured: Measured, calibration: Calibration) -> Compared:
    """What the model says of the load that was measured, beside what it used; `plan` is that of the runtime's part."""
    walked = measured_walk(plan, measured, calibration)
    blocks = dict.fromkeys(n.block for n in plan.nodes if n.id in measured.nodes)
    found = tuple(_block(plan, b, measured, {i: u.cores for i, u in walked.uses.items()}) for b in blocks)
    return Compared(
        document=measured.document,
        node=measured.node,
        instance=measured.instance,
        seconds=measured.seconds,
        rates=measured.rates,
        declared={n.block: n.rate.normal for n in plan.nodes if isinstance(n, SourceNode) and n.rate is not None},
        blocks=found,
        predicted=sum(b.predicted for b in found),
        measured=sum(b.measured for b in found),
        drift=drift_of(plan, measured, calibration),
    )


def _block(plan: Plan, block: str, measured: Measured, cores: dict[str, float]) -> ComparedBlock:
    nodes = [n for n in plan.nodes if n.block == block and n.id in measured.nodes]
    first, last = measured.nodes[nodes[0].id], measured.nodes[nodes[-1].id]
    return ComparedBlock(
        block=block,
        rows_in=first.rows_in,
        rows_out=last.rows_out,
        passes=last.rows_out / first.rows_in if first.rows_in else None,
        predicted=sum(cores[n.id] for n in nodes),
        measured=sum(measured.nodes[n.id].cores for n in nodes),
        call=last.call,
        row=last.row,
    )
