"""Bursts, contracts and growth, by their formulas."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from slac.plan.nodes import RateSpec
from slac.plan.shedding import GateNeed, GateSpec, ShedContract
from slac.shedding.capacity.estimate import report
from slac.shedding.capacity.flow import Scene
from slac.shedding.capacity.outlook import backlog, errors, growths, prospects
from slac.shedding.capacity.walk import walk
from slac.stream.clock import SECOND
from tests.shedding.capacity.plans import CALIBRATION, MACHINE, RATE, plan, source

NEED = GateNeed(block="sums", contract=ShedContract(error=0.02), groups=("module",), window=600 * SECOND)


def test_a_burst_that_is_more_than_fits_waits_and_drains() -> None:
    """1 000/s for 30 s where 400/s fit: 18 000 wait, the last for 45 s, and are gone 60 s later (100/s are normal)."""
    found = backlog(plan(), "edge", 4.0)
    assert found is not None
    assert (found.lasts, found.rows, found.delay, found.drains) == (30.0, 18_000.0, 45.0, 60.0)


def test_a_burst_that_fits_or_never_drains() -> None:
    """Nothing waits; or for ever, where the normal rate is as much as fits; no inputs, no burst."""
    fits = backlog(plan(), "edge", None)
    assert fits is not None
    assert fits.rows == fits.delay == 0.0
    never = backlog(plan(), "edge", 0.5)
    assert never is not None
    assert never.drains is None
    assert backlog(plan(), "central", 1.0) is None


def test_errors_of_sums_and_counts() -> None:
    """A tenth of 10 000 counted events: z·√(0.9/(0.1·10⁴)); Hoeffding's bound is several times as large."""
    expected, bound = errors(0.1, 10_000.0, valued=False, confidence=0.95)
    assert expected == pytest.approx(1.959964 * math.sqrt(0.9 / 1_000), rel=1e-4)
    assert bound == pytest.approx(math.sqrt(math.log(40.0) / 20_000) / 0.1, rel=1e-4)
    assert errors(0.1, 10_000.0, valued=True, confidence=0.95)[0] == pytest.approx(math.sqrt(2) * expected)
    assert errors(0.0, 10.0, valued=False, confidence=0.9) == (math.inf, math.inf)


@pytest.mark.parametrize(
    ("need", "kept"),
    [
        (NEED, [True, True, False, False]),
        (replace(NEED, exact=True), [True] * 4),
        (replace(NEED, contract=ShedContract(mode="subset")), [True] * 4),
        (replace(NEED, contract=ShedContract(mode="never")), [True, False, False, False]),
    ],
)
def test_contracts_at_more_than_fits(need: GateNeed, kept: list[bool]) -> None:
    """Where 1.6 times the load fits: 2 % hold at twice it in windows of 3 000 events; what counts alone always."""
    first = replace(source(), gate=GateSpec(contract=need.contract, needs=(need,), disk=1 << 30))
    the_plan = plan(first)
    found = prospects(
        the_plan, walk(the_plan, CALIBRATION, Scene()), {"edge": 1.6}, lambda _, load, held: (held / load, False)
    )
    assert [p.load for p in found] == [1.5, 2.0, 5.0, 10.0]
    assert [p.holds for p in found] == kept
    admitted = [1.0] * 4 if need.contract.mode == "never" else [1.0, 0.8, 0.32, 0.16]
    assert [p.admitted for p in found] == pytest.approx(admitted)


def test_a_block_has_one_line_for_its_contract_that_of_its_worst_column() -> None:
    """Of a count that the gate answers and a sum that it does not, the sum says what the contract gives."""
    needs = (replace(NEED, exact=True), NEED, replace(NEED, block="other", exact=True))
    the_plan = plan(replace(source(), gate=GateSpec(contract=NEED.contract, needs=needs)))
    found = prospects(
        the_plan, walk(the_plan, CALIBRATION, Scene()), {"edge": 1.6}, lambda _, load, held: (held / load, False)
    )
    assert [(p.block, p.holds) for p in found if p.load >= 5.0] == [
        (NEED.block, False),
        (NEED.block, False),
        ("other", True),
        ("other", True),
    ]


def test_an_input_that_is_never_says_how_long_its_disk_lasts() -> None:
    """The compiler writes no needs for it: nothing is chosen there."""
    the_plan = plan(replace(source(), gate=GateSpec(contract=ShedContract(mode="never"), disk=1 << 30)))
    found = prospects(
        the_plan, walk(the_plan, CALIBRATION, Scene()), {"edge": 1.6}, lambda _, load, held: (held / load, False)
    )
    assert [(p.load, p.disk_lasts is None) for p in found] == [(1.5, True), (2.0, False), (5.0, False), (10.0, False)]


def test_instances_that_hold_the_load() -> None:
    """So many as share the load until each of them fits; behind them central has to bear what they send."""
    heavy = plan(source(RateSpec(normal=1_000_000.0, keys=RATE.keys)))
    made = report(heavy, CALIBRATION, MACHINE)
    first, *_, last = made.growths
    assert (first.load, last.load) == (1.0, 10.0)
    assert 1 < first.instances["edge"] < last.instances["edge"]
    assert last.levels == 1


def test_more_senders_than_one_can_hear_take_levels() -> None:
    """Ten thousand edges are too many for a central that bears a hundred: two levels of a hundred each."""
    found = growths(plan(), lambda p, s: s.factor <= 0.001 if p.name == "edge" else max(s.instances.values()) <= 128)
    assert found[0].instances == {"edge": 1_000}
    assert found[0].levels == 2
    assert growths(plan(), lambda *_: False)[0].levels is None
