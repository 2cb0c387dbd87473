"""Tests run on the plan that a run has, but for the blocks that they look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.testing.cases import load_tests, run_test

DOCUMENT = """\
apiVersion: slac/v1
kind: SLA
metadata: {name: it}
spec:
  events: {Order: {payload: {shop: string, amount: float, note: string}}}
  inputs: {orders: {adapter: file, path: orders.ndjson, emits: Order}}
  probes:
    large: {from: orders, where: amount > 100}
    named: {from: large, select: [shop, amount, note]}
  computations:
    sums: {from: named, by: shop, window: tumbling 1m, select: [{sum: SUM(amount)}]}
  outputs: {log: {adapter: stdout, from: sums}}
  tests:
"""
FIRST = """
    - name: sums
      steps:
        - given: {orders: [{at: 1s, shop: a, amount: 200.0, note: x}]}
        - wait: 2m
        - expect: {sums: [{at: 1m, shop: a, sum: 200.0}]}
"""
SECOND = """
    - name: what is named
      steps:
        - given: {orders: [{at: 1s, shop: a, amount: 200.0, note: x}]}
        - expect: {named: [{shop: a, amount: 200.0, note: x}]}
"""
THIRD = """
    - name: what was large
      steps:
        - given: {large: [{at: 1s, shop: a, amount: 2.0, note: x}]}
        - wait: 2m
        - expect: {sums: [{shop: a, sum: 2.0}]}
"""


def columns(tmp_path: Path, tests: str) -> dict[str, tuple[str, ...]]:
    """The columns of each block in the plan on which tests run; all of them pass."""
    path = tmp_path / "it.yaml"
    path.write_text(DOCUMENT + tests, encoding="utf-8")
    loaded = load_tests([str(path)], environment={}, parameters={}).tests
    assert loaded
    assert all(run_test(t.plan, t.test).passed for t in loaded)
    return {n.block: n.schema.names for n in loaded[0].plan.nodes if n.id == n.block}


def test_what_is_not_looked_at_is_that_of_a_run(tmp_path: Path) -> None:
    """To the last column."""
    plan = compile_document(Source("it.yaml", DOCUMENT + FIRST), CompileOptions()).plan
    run = {n.block: n.schema.names for n in plan.nodes if n.id == n.block}

    assert columns(tmp_path, FIRST) == run
    assert run["named"] == ("shop", "amount")


@pytest.mark.parametrize(("tests", "block"), [(SECOND, "named"), (THIRD, "large"), (FIRST + SECOND, "named")])
def test_what_is_looked_at_keeps_its_columns(tests: str, block: str, tmp_path: Path) -> None:
    """Expected or given, in whichever test of the document."""
    assert columns(tmp_path, tests)[block] == ("shop", "amount", "note")
