"""What running windows may lack: a key goes on for as long as it has rows, and so does the doubt about what it lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from slac.plan.estimates.missed import Missed
from slac.plan.graph import Plan
from slac.plan.nodes import WindowNode
from slac.runtime.gates.drops import Drops
from slac.runtime.gates.elsewhere import Elsewhere
from slac.runtime.gates.keys import Times
from slac.runtime.gates.sieve import Sieve
from slac.runtime.gates.unseen import drops_before
from slac.runtime.operator import Lacks
from slac.stream.batch import WEIGHT_ONE


class DroppedBefore:
    """Of one window; `sieves`: what all gates before it have dropped."""

    def __init__(self, node: WindowNode, sieves: Sequence[Drops]) -> None:
        self._sieves = sieves
        self._is_whole = node.units == "whole"

    @property
    def has_any(self) -> bool:
        """Whether anything was dropped."""
        return any(s.has_dropped for s in self._sieves)

    def between(self, begins: Times, ends: Times) -> Missed:
        """As `Lacks` says. A row of a whole key comes while its key passes: it may not have passed before."""
        # A stretch that begins with a row's own time counts, for rows of one instant see each other.
        single = np.maximum.reduce([s.unread_between(begins, ends + 1, on_time=True) for s in self._sieves])
        whole = np.logical_or.reduce([s.withheld_between(begins, ends, is_own=self._is_whole) for s in self._sieves])
        return Missed(single / WEIGHT_ONE, whole)


def dropped_before(
    plan: Plan, sieves: Mapping[str, Sieve], links: Mapping[str, Elsewhere] | None = None
) -> dict[str, Lacks]:
    """By node, for running windows before which gates may drop, here or (`links`, by node) in other runtimes."""
    found: dict[str, Lacks] = {}
    for node in plan.nodes:
        if isinstance(node, WindowNode) and node.window.kind == "running" and node.contract is not None:
            before = list(drops_before(node, plan, sieves, links or {}))
            if before:
                found[node.id] = DroppedBefore(node, before)
    return found
