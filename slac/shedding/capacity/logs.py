"""What a run logs, by `logging.mode`: the bytes, and the work of writing them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, LinkOutNode, OutputNode
from slac.shedding.capacity.calibration import Calibration, Work
from slac.shedding.capacity.flow import NodeLoad

__all__ = ["log_bytes", "logging_cores"]

EDGES: Final = 12.0
"""Bytes of which events a row was made of, for each row that went into it: two columns of numbers, packed."""


def log_bytes(plan: Plan, loads: Mapping[str, NodeLoad], placement: str) -> float:
    """Bytes a second that a runtime of `placement` writes to its log, before they are packed."""
    return sum(_bytes(plan, n, loads[n.id]) for n in plan.nodes if n.node == placement)


def logging_cores(plan: Plan, node: AnyNode, load: NodeLoad, calibration: Calibration) -> float:
    """CPU seconds a second of logging what a node says: its rows are written as those of a link are."""
    written = _bytes(plan, node, load)
    if not written:
        return 0.0
    columns = len(node.schema.fields)
    batches, rate = min(load.flow.batches, load.flow.rate), load.flow.rate
    work = Work(batches=batches, exprs=batches * columns, rows=rate, cells=rate * columns, bytes=written)
    return calibration.line("link.encode").seconds(work)


def _bytes(plan: Plan, node: AnyNode, load: NodeLoad) -> float:
    logging = plan.data.logging
    mode = logging.blocks.get(node.block, logging.mode)
    if mode != "full" or isinstance(node, OutputNode | LinkOutNode):
        return 0.0
    return load.flow.rate * load.flow.row_bytes + EDGES * load.rows_in
