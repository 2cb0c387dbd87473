"""Rows that only carry counts end where nobody counts by gates."""

from __future__ import annotations

import polars as pl

from slac.plan.graph import Plan
from slac.plan.nodes import AbsenceNode, AnyNode, LinkInNode, LinkOutNode, SelectNode, SourceNode, UnionNode, WindowNode
from slac.stream.batch import COUNT, WEIGHT, Batch


def without_counts(plan: Plan) -> frozenset[str]:
    """The nodes that must not be given counts, among those to which any may come."""
    reached: set[str] = set()
    blind: set[str] = set()
    for node in plan.nodes:
        match node:
            case SourceNode() if node.gate.groups is not None:
                reached.add(node.id)
            case LinkInNode():
                reached.add(node.id)
        if not reached.intersection(node.inputs):
            continue
        if not _counts(node):
            blind.add(node.id)
        elif isinstance(node, SelectNode | UnionNode | LinkOutNode):
            reached.add(node.id)
    return frozenset(blind)


def _counts(node: AnyNode) -> bool:
    match node:
        case SelectNode():
            return not node.uncounted
        case WindowNode():
            return node.window.kind in ("tumbling", "hopping", "calendar", "same")
        case UnionNode() | LinkOutNode() | AbsenceNode():
            return True
        case _:
            return False


def without_carriers(batch: Batch) -> Batch:
    """The batch without its counts, and without rows that were dropped."""
    frame = batch.frame
    if WEIGHT in frame.columns:
        frame = frame.filter(pl.col(WEIGHT).fill_null(1) > 0)
    return Batch(frame.drop(COUNT), late=batch.late)
