"""What the gates before a window drop, by what the document asks of them."""

from __future__ import annotations

import pytest

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.plan.nodes import WindowNode

TEXT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: units}
spec:
  events:
    Request: {payload: {user: string, service: string, step: string}}
  inputs:
    requests: {adapter: http, listen: "127.0.0.1:8090", emits: Request}
  computations:
    lost:
      pattern: every a=Request(step = 'order') -> b=Request(step = 'paid')
      by: user
      within: 5m
      select: [{service: a.service}]
    lost_by_user: {from: lost, by: user, window: tumbling 1m, select: [{n: COUNT(*)}]}
    lost_by_service: {from: lost, by: service, window: tumbling 1m, select: [{n: COUNT(*)}]}
    by_user: {from: requests, by: user, window: tumbling 1m, select: [{n: COUNT(*)}]}
    by_service: {from: requests, by: service, window: tumbling 1m, select: [{n: COUNT(*)}]}
  outputs:
    log: {adapter: stdout, from: [by_user, by_service, lost_by_user, lost_by_service]}
"""


@pytest.mark.parametrize(
    ("block", "units"),
    [("by_user", "whole"), ("by_service", "keys"), ("lost_by_user", "whole"), ("lost_by_service", "keys")],
)
def test_a_pattern_makes_its_input_drop_whole_keys(block: str, units: str) -> None:
    """Results of one key are exact or left out; those over several are made of keys."""
    node = compile_document(Source("units.yaml", TEXT)).plan[block]
    assert isinstance(node, WindowNode)
    assert node.units == units


def test_without_one_single_events_are_dropped() -> None:
    """A window alone asks for nothing else."""
    text = TEXT[: TEXT.index("    lost:")] + TEXT[TEXT.index("    by_user") : TEXT.index("  outputs:")]
    plan = compile_document(Source("units.yaml", text + "  outputs: {log: {adapter: stdout, from: [by_user]}}\n")).plan
    node = plan["by_user"]
    assert isinstance(node, WindowNode)
    assert node.units == "events"
