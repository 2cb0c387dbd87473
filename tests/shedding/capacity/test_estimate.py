"""The report: budgets that hold and do not, the highest rate, and what breaks first."""

from __future__ import annotations

import msgspec
import pytest

from slac.plan.graph import Budget
from slac.plan.nodes import RateSpec
from slac.shedding.capacity.estimate import amount, bound_of, report
from slac.shedding.capacity.flow import Scene
from slac.shedding.capacity.report import CapacityReport
from slac.shedding.capacity.walk import walk
from tests.shedding.capacity.plans import CALIBRATION, MACHINE, RATE, plan, source


def test_a_small_load_fits() -> None:
    """A hundred events a second are nothing for 30 % of two cores."""
    made = report(plan(), CALIBRATION, MACHINE)
    assert made.fits
    assert made.has_burst
    assert [n.node for n in made.nodes] == ["edge", "central"]
    assert {(b.block, b.node) for b in made.blocks} >= {("case_results", "edge"), ("case_results", "central")}


def test_blocks_and_runtime_add_up_to_the_node() -> None:
    """No cost is lost between the tables."""
    made = report(plan(), CALIBRATION, MACHINE)
    for node in made.nodes:
        parts = [b.normal.cpu_cores for b in made.blocks if b.node == node.node]
        assert sum(parts) + node.runtime.cpu_cores == pytest.approx(node.normal.cpu_cores)


def test_a_burst_that_does_not_fit_is_said_to_be_one() -> None:
    """The normal rate fits, the burst does not: the excess says which, of what, and by whom."""
    fast = source(RateSpec(normal=1_000.0, burst=500_000.0, keys=RATE.keys))
    made = report(plan(fast), CALIBRATION, MACHINE)
    assert not made.fits
    (excess,) = made.excesses
    assert (excess.node, excess.load, excess.resource, excess.block) == ("edge", "burst", "cpu", "case_results")
    assert excess.need > excess.budget == pytest.approx(0.6)


def test_memory_below_the_runtime_itself() -> None:
    """A budget that the bare process exceeds fits no load at all, and no block is to blame."""
    made = report(plan(edge=Budget(memory=10_000_000, memory_unit="bytes")), CALIBRATION, MACHINE)
    assert [(e.node, e.resource, e.block) for e in made.excesses] == [("edge", "memory", None)]
    assert made.nodes[0].limit.factor == 0.0


def test_network_budget_of_a_link() -> None:
    """Bits a second over links count against `network`."""
    made = report(plan(edge=Budget(network=10_000)), CALIBRATION, MACHINE)
    assert made.excesses[0].resource == "network"
    assert made.nodes[0].limit.resource == "network"


def test_the_highest_rate_is_where_the_budget_breaks() -> None:
    """Just below the limit the node fits, just above it does not."""
    the_plan = plan()
    for node in report(the_plan, CALIBRATION, MACHINE).nodes:
        factor, resource = node.limit.factor, node.limit.resource
        if factor is None or resource is None:
            continue
        for side, holds in ((0.999, True), (1.001, False)):
            use = walk(the_plan, CALIBRATION, Scene(factor=side * factor)).total(the_plan, node.node)
            need = {"cpu": use.cores, "memory": use.memory, "network": use.bits}[resource]
            assert (need <= (bound_of(node.budget, resource) or 0.0)) is holds
        assert node.limit.rate == pytest.approx(factor * 100.0)


def test_report_goes_through_json() -> None:
    """The JSON form reads back equal."""
    made = report(plan(), CALIBRATION, MACHINE)
    assert msgspec.json.decode(msgspec.json.encode(made), type=CapacityReport) == made


def test_amounts_by_resource() -> None:
    """A need answers for every resource in its unit."""
    need = report(plan(), CALIBRATION, MACHINE).nodes[0].normal
    assert amount(need, "cpu") == need.cpu_cores
    assert amount(need, "memory") == need.memory_bytes
    assert amount(need, "network") == need.network_bits
