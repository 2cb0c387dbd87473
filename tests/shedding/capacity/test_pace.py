"""How often nodes are worked, where rows wait until somebody could notice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.shedding.capacity.flow import Flow
from slac.shedding.capacity.pace import gathered, periods

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: paces}
spec:
  events:
    Seen: {payload: {value: float}, context: {key: string}}
  inputs:
    wire: {adapter: http, listen: "127.0.0.1:1", emits: Seen}
  probes:
    heard: {from: wire, where: value > 1, select: [key, value]}
    kept: {from: wire, where: value > 2, select: [key, value]}
  computations:
    sums: {from: kept, by: key, window: tumbling 10s, select: [{total: SUM(value)}]}
    means: {from: kept, by: key, window: tumbling 4s, select: [{mean: AVG(value)}]}
    latest: {from: sums, join: {m: {latest: means, by: key}}, select: [key, total, {mean: m.mean}]}
  outputs:
    told: {adapter: stdout, from: [heard, latest]}
"""
FLOW = Flow(rate=100.0, batches=5.0, waves=5.0, row_bytes=50.0, json_bytes=100.0, fields=2)


def test_rows_wait_for_the_end_of_the_window_behind() -> None:
    """Of two windows the shorter one decides; what an output reads is heard at once; what is joined, with its left."""
    found = periods(compile_document(Source("paces.yaml", DOCUMENT)).plan)
    assert found["sums", 0] == 10.0
    assert found["kept", 0] == found["means", 0] == 10.0
    assert found["heard", 0] == found["told", 0] == 0.0


def test_a_period_makes_a_batch_and_a_crowd_does_not_wait() -> None:
    """One batch in a period; at a higher rate one for every four thousand rows; many are done in two turns."""
    assert gathered(FLOW, 0.0) == 5.0
    assert gathered(FLOW, 100.0) == pytest.approx(0.025)
    assert gathered(FLOW, 10.0) == pytest.approx(0.2)
    assert gathered(FLOW, 2.0) == pytest.approx(0.5)
    assert gathered(replace(FLOW, rate=2_000.0), 100.0) == pytest.approx(0.5)
    assert gathered(replace(FLOW, rate=100_000.0), 100.0) == 5.0
