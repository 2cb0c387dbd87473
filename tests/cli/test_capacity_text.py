"""The capacity report as text."""

from __future__ import annotations

import pytest

from slac.cli.capacity_text import capacity_text, excess_sentence, quantity, scaled
from slac.plan.graph import Budget
from slac.plan.nodes import RateSpec
from slac.shedding.capacity.estimate import report
from slac.shedding.capacity.report import Resource
from tests.shedding.capacity.plans import CALIBRATION, MACHINE, RATE, plan, source


def test_nodes_blocks_limits_and_assumptions() -> None:
    """Everything that the report holds is said."""
    text = capacity_text(report(plan(), CALIBRATION, MACHINE))
    for words in ("edge", "module_state", "(runtime)", "at burst", "events/s fit", "Assumed:", "of budget"):
        assert words in text
    assert max(map(len, text.splitlines())) < 140


def test_blocks_and_runtime_add_up_at_the_burst_too() -> None:
    """The runtime's own share at the burst rate is not the one at the normal rate."""
    made = report(plan(), CALIBRATION, MACHINE)
    (row,) = (line for line in capacity_text(made).splitlines() if line.startswith("edge") and "(runtime)" in line)
    (node,) = (n for n in made.nodes if n.node == "edge")
    blocks = sum(b.burst.cpu_cores for b in made.blocks if b.node == "edge")
    assert quantity(node.burst.cpu_cores - blocks, "cpu") in row
    assert node.burst.cpu_cores - blocks > node.runtime.cpu_cores


def test_without_a_burst_there_is_no_column_for_it() -> None:
    """What is not declared is not shown."""
    calm = source(RateSpec(normal=1.0, keys=RATE.keys))
    assert "burst" not in capacity_text(report(plan(calm), CALIBRATION, MACHINE)).split("Assumed")[0]


def test_an_excess_names_node_load_and_block() -> None:
    """One sentence that can be acted upon."""
    fast = source(RateSpec(normal=1_000.0, burst=500_000.0, keys=RATE.keys))
    (excess,) = report(plan(fast), CALIBRATION, MACHINE).excesses
    sentence = excess_sentence(excess)
    assert "edge needs" in sentence
    assert "of cpu at the burst rate" in sentence
    assert "its budget is 0.6 cores; most of it goes to case_results" in sentence


def test_a_budget_below_the_bare_runtime() -> None:
    """No rate fits, and it is said why."""
    text = capacity_text(report(plan(edge=Budget(memory=1_000, memory_unit="bytes")), CALIBRATION, MACHINE))
    assert "edge: no rate fits; memory breaks first" in text
    assert "the runtime itself" in text


@pytest.mark.parametrize(
    ("value", "resource", "text"),
    [
        (0.25, "cpu", "0.25 cores"),
        (0.00001, "cpu", "<0.0001 cores"),
        (2048.0, "memory", "2 KiB"),
        (5e6, "network", "5 Mbit/s"),
        (12.0, "network", "12 bit/s"),
    ],
)
def test_quantities(value: float, resource: Resource, text: str) -> None:
    """Numbers come with units that suit them."""
    assert quantity(value, resource) == text


def test_the_largest_unit_has_no_bound() -> None:
    """Beyond the last unit the number just grows."""
    assert scaled(5e12, 1000.0, ("a", "b")) == "5e+09 b"
