"""No more keys are held than rows come while they are: a product of declared numbers says little of that."""

from __future__ import annotations

import pytest

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.plan.nodes import AuditNode, WindowNode
from slac.shedding.capacity.estimate import report
from slac.shedding.capacity.flow import Scene
from slac.shedding.capacity.outlook import errors
from slac.shedding.capacity.walk import walk
from tests.shedding.capacity.plans import CALIBRATION, MACHINE

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: live}
spec:
  events: {Pay: {payload: {took: float, step: string}, context: {merchant: string, payment: string}}}
  inputs:
    pays:
      adapter: http
      listen: "127.0.0.1:1"
      emits: Pay
      rate: {normal: 2/s, keys: {merchant: 20000, payment: 1000, step: 5000}}
  computations:
    each:
      from: pays
      by: [merchant, payment]
      window: tumbling 1m
      retain: 10m
      select: [{n: COUNT(*)}]
    steps:
      from: pays
      by: [merchant, payment, step]
      window: tumbling 1m
      select: [{n: COUNT(*)}]
  audits:
    alive:
      from: each
      by: [merchant, payment]
      retain: 10m
      states:
        fine: {when: n > 0, verdict: ok}
        idle: {when: n = 0, verdict: violated}
      initial: fine
      report: {steps: {from: steps, by: step, select: [{n: SUM(n)}]}}
  outputs: {out: {adapter: stdout, from: [alive]}}
"""


def test_windows_that_are_filled_and_reports() -> None:
    """Two rows a second for eleven minutes have 1 320 keys at most, whatever their parts come to together."""
    plan = compile_document(Source("live.yaml", DOCUMENT)).plan
    loads = walk(plan, CALIBRATION, Scene()).loads
    (window,) = (n for n in plan.nodes if isinstance(n, WindowNode) and n.fill)
    assert loads[window.id].flow.rate == pytest.approx(1_320 / 60)
    (audit,) = (n for n in plan.nodes if isinstance(n, AuditNode))
    assert loads[audit.id].holds == pytest.approx(22 * 600 + 2 * 600)
    assert sum(load.memory for load in loads.values()) < 20e6


def test_errors_of_groups_that_are_there() -> None:
    """A group of a window has a row at least: it is told no worse than from a single one."""
    text = DOCUMENT.replace("normal: 2/s", "normal: 9k/s").replace("[{n: COUNT(*)}]", "[{n: COUNT(*)}, {t: SUM(took)}]")
    made = report(compile_document(Source("live.yaml", text)).plan, CALIBRATION, MACHINE)
    told = [p for p in made.prospects if p.block == "steps" and p.error]
    assert told
    for one in told:
        expected, _ = errors(one.admitted, 1.0, valued=True, confidence=one.confidence)
        assert one.error == pytest.approx(expected)
