"""What it costs to decode a record, which a gate may spend on one that it drops then."""

from __future__ import annotations

from slac.plan.graph import Plan
from slac.plan.nodes import SourceNode
from slac.shedding.capacity.calibration import Calibration, shipped_calibration
from slac.shedding.capacity.flow import Scene
from slac.shedding.capacity.walk import PROBE, walk


def reading_costs(plan: Plan, calibration: Calibration | None = None) -> dict[str, float]:
    """CPU seconds that one more record of each input costs before anything is made of it, in batches as under load."""
    costs = calibration or shipped_calibration()
    sources = [n for n in plan.nodes if isinstance(n, SourceNode) and n.table is None]
    return {n.block: walk(plan, costs, _alone(n)).uses[n.id].cores / PROBE for n in sources}


def _alone(node: SourceNode) -> Scene:
    return Scene(rates={node.block: PROBE}, hurried=True)
