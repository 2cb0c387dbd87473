"""Rates, groups and costs, followed through a plan."""

from __future__ import annotations

from itertools import pairwise

import pytest

from slac.plan.nodes import RateSpec
from slac.shedding.capacity.flow import Scene
from slac.shedding.capacity.walk import record_costs, walk
from tests.shedding.capacity.plans import CALIBRATION, RATE, plan, source


def test_rates_follow_the_formulas() -> None:
    """A select passes rows on; a window emits its groups once a window; the audit its stays and changes."""
    loads = walk(plan(), CALIBRATION, Scene()).loads
    assert loads["runs"].flow.rate == 100.0
    assert loads["case_results.partial"].flow.rate == pytest.approx(200 / 600)
    assert loads["case_results"].flow.rate == pytest.approx(200 / 600)
    assert loads["module_state"].flow.rate == pytest.approx(20 / 600)
    assert loads["availability"].flow.rate == pytest.approx(0.01 * 20 / 600 + 20 / (6 * 3600))


def test_groups_are_no_more_than_rows() -> None:
    """min(G, λW): at one event in a hundred seconds a ten-minute window has six groups, not two hundred."""
    slow = source(RateSpec(normal=0.01, keys=RATE.keys))
    assert walk(plan(slow), CALIBRATION, Scene()).loads["case_results"].flow.rate == pytest.approx(6 / 600)


def test_burst_reports_as_in_the_worst_state() -> None:
    """At the burst rates every key is taken to be in the state that reports most often."""
    loads = walk(plan(), CALIBRATION, Scene(burst=True)).loads
    assert loads["watchdog"].flow.rate == 1_000.0
    assert loads["availability"].flow.rate == pytest.approx(0.01 * 20 / 600 + 20 / 1_800)


def test_what_is_not_declared_is_noted() -> None:
    """Without `rate` and `keys` the report says what it took instead."""
    notes: dict[str, None] = {}
    walk(plan(source(None)), CALIBRATION, Scene(notes=notes))
    text = "\n".join(notes)
    assert "watchdog: 100 events a second, since it declares no `rate`" in text
    assert "case_results: 1000 distinct values of (module, test_case)" in text


def test_instances_multiply_what_crosses_a_link() -> None:
    """Three edges send three times the partial rows, and central makes as many results of them as of one."""
    loads = walk(plan(), CALIBRATION, Scene(instances={"edge": 3})).loads
    assert loads["case_results.in.edge"].flow.rate == pytest.approx(3 * 200 / 600)
    assert loads["case_results"].flow.rate == pytest.approx(200 / 600)


def test_more_load_needs_more_of_everything() -> None:
    """CPU and memory of the edge grow with the factor (messages on links need not: waves get longer)."""
    walks = [walk(plan(), CALIBRATION, Scene(factor=f)) for f in (0.1, 1.0, 10.0, 100.0, 1_000.0)]
    totals = [w.total(plan(), "edge") for w in walks]
    for field in ("cores", "memory"):
        values = [getattr(t, field) for t in totals]
        assert all(b >= 0.999 * a for a, b in pairwise(values)), field


def test_a_record_costs_its_rows_and_its_share_of_a_batch() -> None:
    """The feed-forward's price: decoding, probe and window, with batches as they are under load."""
    costs = record_costs(plan(), CALIBRATION)
    assert costs.keys() == {"watchdog"}
    assert 2e-6 < costs["watchdog"] < 4e-6


def test_a_part_of_a_plan_has_costs_too() -> None:
    """What a runtime is given holds only its own nodes."""
    whole = record_costs(plan(), CALIBRATION)
    assert record_costs(plan().part("edge"), CALIBRATION) == pytest.approx(whole)
    assert record_costs(plan().part("central"), CALIBRATION) == {}
