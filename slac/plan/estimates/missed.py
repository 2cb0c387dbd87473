"""What groups may lack of which nothing tells: events were dropped of which none of the group was kept.

The weights of what was kept say how far an estimate is known, but only of the times in which anything was kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from slac.plan.estimates.calls import GROUP
from slac.plan.estimates.spans import Floats, Mask, Span, of_count
from slac.plan.estimates.values import Estimate, Estimates, Sums
from slac.plan.expressions import AggregateCall

_NEARLY: Final = 0.999
"""What is added up in lanes is not the same to the last bit."""


@dataclass(frozen=True, slots=True)
class Missed:
    """By group: the highest weight under which single events were dropped (1: none were), and whether keys were."""

    weights: Floats
    whole: Mask

    def where(self, sums: Sums) -> Mask:
        """Which groups may lack some: what they have leaves less open than one event of that weight would."""
        found: Mask = sums.moment(GROUP, "a0") < self.weights * (self.weights - 1) * _NEARLY
        return found | self.whole

    def over(self, found: Estimates, calls: Sequence[AggregateCall], sums: Sums) -> Estimates:
        """The estimates, as far as they are known then: a count up to what a sample without any leaves open."""
        where = self.where(sums)
        if not where.any():
            return found
        nothing = np.zeros(len(where))
        more = np.where(self.whole, np.inf, of_count(nothing, nothing, nothing, nothing, self.weights, sums.z).high)
        counts = {call.name for call in calls if call.function == "count"}
        return {n: _more(one, where, more) if n in counts else unbounded(one, where) for n, one in found.items()}


def unbounded(found: Estimate, where: Mask) -> Estimate:
    """Without bounds in some groups."""
    if not where.any():
        return found
    low, high = np.where(where, -np.inf, found.span.low), np.where(where, np.inf, found.span.high)
    return replace(found, span=Span(low, high), is_open=found.is_open | where)


def _more(found: Estimate, where: Mask, more: Floats) -> Estimate:
    high = np.where(where, np.maximum(found.span.high, found.value + more), found.span.high)
    return replace(found, span=Span(found.span.low, high))
