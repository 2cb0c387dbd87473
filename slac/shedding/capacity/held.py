"""Inputs that stay undecoded in their queue while nobody would notice (ADR 0069): which, and how often they are taken.

The same manners as those of the runtime, of whole plans: what is sent over a link matters where it arrives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import Final

from slac.plan.nodes import (
    AnyNode,
    LatestJoinNode,
    LinkInNode,
    LinkOutNode,
    SelectNode,
    SourceNode,
    StepsNode,
    UnionNode,
    WindowNode,
)
from slac.plan.waiting import AWAITED, BRINK, LINGER, UNDECODED, UNDECODED_BYTES
from slac.shedding.capacity.pace import EVER, beats_of, periods_of
from slac.stream.clock import SECOND

__all__ = ["held_inputs", "takes"]

_BRINK: Final = BRINK / SECOND


def held_inputs(order: Sequence[AnyNode], inputs: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """By id of the inputs that are held: seconds from one instant at which their rows matter to the next.

    `order`: all nodes, each behind those that it reads; `inputs`: their ids by node, over links too.
    """
    readers: dict[str, list[str]] = {n.id: [] for n in order}
    for node in order:
        for before in inputs[node.id]:
            readers[before].append(node.id)
    patient = _patient(order, readers)
    promising = _promising(order, inputs)
    found = periods_of(order, inputs)
    held: dict[str, float] = {}
    for node in order:
        if not isinstance(node, SourceNode) or node.table is not None or node.time_mode != "event":
            continue
        ports = [(r, p) for r in readers[node.id] for p, before in enumerate(inputs[r]) if before == node.id]
        period = min((found[port] for port in ports), default=EVER)
        if period and _is_unheard(node.id, readers, patient, promising):
            held[node.id] = period
    return held


def takes(rate: float, size: float, period: float) -> float:
    """How often a second a held input is decoded, into which `rate` records of `size` bytes come.

    For a second, or as long as little has come, what is queued waits; most is taken shortly before it matters, the
    rest when it does, and where nothing comes just then that carries the watermark, with what comes next.
    """
    if not rate:
        return 0.0
    gap = 1.0 / rate
    cycle = min(UNDECODED / SECOND, UNDECODED_BYTES / (rate * size)) + LINGER + gap / 2.0
    if period == EVER:
        return min(rate, 1.0 / cycle)
    left = max(1.0 - AWAITED / gap, 0.0) * min(_BRINK / gap, 1.0)
    before = max(period - _BRINK, 0.0) // cycle
    return min(rate, (before + 2.0 + left) / period)


def _patient(order: Sequence[AnyNode], readers: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """The nodes before which rows may wait at all."""
    found = {n.id for n in order if _holds(n) is not None}
    for node in reversed(order):
        if _holds(node) is False and not found.issuperset(readers[node.id]):
            found.discard(node.id)
    return frozenset(found)


def _promising(order: Sequence[AnyNode], inputs: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """The nodes that promise up to the end of a window, however far behind their inputs are."""
    alone = beats_of(order, {n.id: () if isinstance(n, LinkInNode) else inputs[n.id] for n in order})
    sending: set[str] = set()
    for node in reversed(order):
        if isinstance(node, LinkOutNode) or node.id in sending:
            sending |= set(() if isinstance(node, LinkInNode) else inputs[node.id])
    return frozenset(n.id for n in order if _holds(n) and alone[n.id] and n.id not in sending)


def _is_unheard(
    source: str, readers: Mapping[str, Sequence[str]], patient: frozenset[str], promising: frozenset[str]
) -> bool:
    """Whether nobody who hears at once waits for the watermark of `source`."""
    seen, behind = set[str](), [source]
    while behind:
        for reader in readers[behind.pop()]:
            if reader not in patient:
                return False
            if reader not in seen and reader not in promising:
                seen.add(reader)
                behind.append(reader)
    return True


@singledispatch
def _holds(node: AnyNode) -> bool | None:
    """Whether a node says nothing of a row before the watermark has passed it; None: it must hear at once."""
    del node
    return None


@_holds.register(SelectNode)
@_holds.register(UnionNode)
@_holds.register(LinkOutNode)
@_holds.register(LinkInNode)
def _(node: AnyNode) -> bool | None:
    return False


@_holds.register
def _(node: StepsNode) -> bool | None:
    return True


@_holds.register
def _(node: LatestJoinNode) -> bool | None:
    return None if node.restate else True


@_holds.register
def _(node: WindowNode) -> bool | None:
    return None if node.late == "restate" else True
