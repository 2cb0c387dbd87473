"""The controller against load curves with tolerance bands: each file of `scenarios/` is a case."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from slac.shedding.controller import Controller
from slac.shedding.offers import InputLoad
from slac.shedding.readings import Reading, ResolvedBudget
from slac.stream.clock import SECOND
from tests.shedding.plant import Moment, Plant, load_scenario

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_scenario(path: Path) -> None:
    """The moments of every band lie inside it."""
    scenario = load_scenario(path)
    moments = Plant(scenario).run()
    for band in scenario["bands"]:
        _hold(band, [m for m in moments if band["from"] < m.second <= band["to"]])


def _hold(band: dict[str, Any], moments: list[Moment]) -> None:
    """Assert one band; a message names the band and what was measured."""
    assert moments, band
    for key, values in {
        "cpu_at_most": [m.reading.cpu_cores for m in moments],
        "memory_at_most": [float(m.reading.memory_bytes) for m in moments],
        "network_at_most": [m.reading.network_bits for m in moments],
    }.items():
        if key in band:
            inside = sum(v <= band[key] for v in values) / len(values)
            assert inside >= band.get("within", 1.0), (key, band, inside, max(values))
    if "cpu_mean" in band:
        low, high = band["cpu_mean"]
        assert low <= fmean(m.reading.cpu_cores for m in moments) <= high, band
    for name, (low, high) in band.get("kept_share", {}).items():
        share = sum(m.kept[name] for m in moments) / max(sum(m.offered[name] for m in moments), 1)
        assert low <= share <= high, (name, share, band)
    for name, (low, high) in band.get("records_per_second", {}).items():
        rate = sum(m.kept[name] for m in moments) / (len(moments) / 4)
        assert low <= rate <= high, (name, rate, band)
    if "reasons" in band:
        found = {m.decision.reason for m in moments} - {"recovered"}
        assert found <= set(band["reasons"]), found
    if "decisions_at_most" in band:
        assert sum(m.decision.changed for m in moments) <= band["decisions_at_most"], band


BUDGET = ResolvedBudget(cpu_cores=0.6, memory_bytes=100_000_000)


def _reading(at: int, *, cpu: float = 0.1, memory: int = 10_000_000) -> Reading:
    return Reading(at=at * SECOND // 4, cpu_cores=cpu, memory_bytes=memory)


def test_decides_the_same_twice() -> None:
    """The controller is a function of what it is given: two of them agree, decision by decision."""
    script = [
        (_reading(n, cpu=0.2 * (n % 5)), {"a": InputLoad(seen=n * 9_000, kept=n * 8_000, cost=2e-5)}) for n in range(40)
    ]
    one, two = Controller(BUDGET), Controller(BUDGET)
    assert [one.decide(r, o) for r, o in script] == [two.decide(r, o) for r, o in script]


def test_refuses_above_the_hard_limit() -> None:
    """Above the hard memory limit nothing more is taken in, and what waits stands still, until memory has fallen."""
    controller = Controller(BUDGET)
    load = {"a": InputLoad(seen=0, kept=0, cost=1e-5, can_drop=False)}
    assert not controller.decide(_reading(0), load).refuse
    full = controller.decide(_reading(1, memory=96_000_000), load)
    assert (full.refuse, full.paces) == (True, {"a": 0.0})
    assert controller.decide(_reading(2, memory=94_000_000), load).refuse
    assert not controller.decide(_reading(3, memory=90_000_000), load).refuse


def test_memory_that_stays_high_does_not_drop_for_ever() -> None:
    """An allocator that gives nothing back is no reason to drop: only growth above the soft limit is."""
    controller = Controller(BUDGET)
    shares = []
    for n in range(60):
        load = {"a": InputLoad(seen=n * 100, kept=n * 100, cost=1e-5)}
        memory = min(80_000_000 + n * 1_000_000, 90_000_000)
        shares.append(controller.decide(_reading(n, memory=memory), load).fractions["a"])
    assert min(shares) < 0.9
    assert shares[-1] == 1.0


def test_never_shed_is_paced() -> None:
    """What must not be dropped has no fraction, only a pace that fits the budget."""
    controller = Controller(BUDGET)
    decision = controller.decide(_reading(0), {"bills": InputLoad(seen=0, kept=0, cost=1e-4, can_drop=False)})
    assert decision.fractions == {}
    assert decision.paces["bills"] == pytest.approx(0.95 * 0.6 / 1e-4)


def test_a_decision_carries_what_led_to_it() -> None:
    """A change is one event with reading, targets, demand and the learned factor."""
    controller = Controller(BUDGET)
    loads = [{"a": InputLoad(seen=n * 50_000, kept=n * 50_000, cost=1e-5)} for n in range(5)]
    decision = [controller.decide(_reading(n, cpu=0.9), load) for n, load in enumerate(loads)][-1]
    assert decision.reason == "cpu"
    assert decision.targets == BUDGET
    assert decision.reading.cpu_cores == 0.9
    assert decision.demand_cores > decision.allowed_cores


def test_what_waits_outside_is_not_looked_at_to_be_dropped() -> None:
    """Where senders wait and lose nothing, fewer records are looked at, and more of them are kept."""
    kept = {}
    for waits in (False, True):
        controller = Controller(BUDGET)
        seen = (n * 1_000_000 for n in range(5))
        loads = [InputLoad(seen=n, kept=n // 200, cost=1e-4, waiting=9e5, waits_outside=waits) for n in seen]
        decision = [controller.decide(_reading(n, cpu=0.6), {"a": load}) for n, load in enumerate(loads)][-1]
        kept[waits] = decision.fractions["a"], decision.delays["a"]
    assert kept[True][0] > kept[False][0]
    assert kept[True][1] < kept[False][1]
    assert kept[True][0] * kept[True][1] > kept[False][0] * kept[False][1]


@pytest.mark.parametrize(("waits", "others"), [(False, False), (True, False), (True, True)])
def test_who_can_wait_waits_where_to_drop_would_let_hardly_more_come(waits: bool, others: bool) -> None:  # noqa: FBT001
    """Of cheap records of senders that all can wait nothing is dropped, and nothing paces what is worked off."""
    controller, fractions, delays = Controller(BUDGET), list[float](), list[float | None]()
    for n in range(12):
        loads = {"a": InputLoad(seen=n * 600_000, kept=n * 600_000, cost=1e-6, waiting=3e5, waits_outside=waits)}
        if others:
            loads["b"] = InputLoad(seen=n, kept=n, cost=1e-6)
        decision = controller.decide(_reading(n, cpu=0.59), loads)
        fractions.append(decision.fractions["a"])
        delays.append(decision.delays.get("a"))
    assert (min(fractions) == 1.0) == (waits and not others)
    if waits and not others:
        assert set(delays) == {None}


@pytest.mark.parametrize("is_full", [False, True])
def test_who_is_made_to_wait_has_not_stopped(is_full: bool) -> None:  # noqa: FBT001 - drawn
    """A queue that melts while there is no room in it says nothing of how much would come, so the gate goes on."""
    controller, seen, waiting, admitted = Controller(BUDGET), 0, 200_000.0, []
    for n in range(9):
        seen, waiting = seen + 40_000, waiting - (0.0 if n < 5 else 40_000.0)
        load = InputLoad(seen=seen, kept=seen // 2, cost=1e-5, waiting=waiting, is_full=is_full)
        admitted.append(controller.decide(_reading(n, cpu=0.57), {"a": load}).fractions["a"])
    assert admitted[4] < 1.0
    assert (admitted[-1] < 1.0) == is_full
