"""What past windows have told of how far values are apart goes along when parts of a window move."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.shedding.admission import Admission, weight_of
from slac.stream.batch import BOUNDS
from slac.testing import Harness

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: moves}
spec:
  events: {Call: {payload: {ms: float}, context: {service: string}}}
  inputs: {calls: {adapter: http, listen: "127.0.0.1:1", emits: Call, lateness: 0s}}
  probes:
    slow: {from: calls, where: ms > 30, select: [service, ms]}
  computations:
    per: {from: slow, by: service, window: tumbling 4s, select: [{n: COUNT(*)}, {mean: AVG(ms)}, {total: SUM(ms)}]}
  outputs: {out: {adapter: stdout, from: [per]}}
  placement:
    edge: {blocks: [calls], connect: group}
    group: {connect: central, listen: "tcp://127.0.0.1:7000"}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7001"}
"""


def _plan(home: str) -> Plan:
    return compile_document(Source("moves.yaml", DOCUMENT), CompileOptions(moves={"slow": home})).plan


def _run(first: str, moves: dict[int, str]) -> pl.DataFrame:
    """Some windows of a gate that drops unread; before these seconds the probe moves."""
    harness, draw = Harness(_plan(first), instances={"edge": ("a", "b")}), np.random.default_rng(1)
    for (node, _), core in harness.cores.items():
        if node == "edge":
            core.sources["calls"].gate.set_admission(0.2, "cpu", {}, admission=Admission(unread=weight_of(0.2)))
    for second in range(20):
        if second in moves:
            harness.exchange(_plan(moves[second]))
        for edge in ("a", "b"):
            took = np.where(draw.random(100) < 0.1, 3000.0, 100.0) + draw.random(100)
            rows = [
                {"timestamp": second * 1000 + n * 10, "payload": {"ms": float(ms)}, "context": {"service": "xy"[n % 2]}}
                for n, ms in enumerate(took)
            ]
            harness.give("calls", rows, instance=edge)
    harness.end()
    return harness.published("per").sort("_time", "service")


@pytest.mark.parametrize("first", ["edge", "central"])
def test_intervals_know_past_windows_wherever_they_are_told(first: str) -> None:
    """The same bounds as without a move, in the middle of windows and between them."""
    at_rest, moved = _run(first, {}), _run(first, {10: "group", 13: "central", 16: "edge"})
    assert at_rest.select("_time", "service", "n", "mean").equals(moved.select("_time", "service", "n", "mean"))
    assert at_rest[BOUNDS].to_list() == moved[BOUNDS].to_list()
    assert at_rest[BOUNDS].null_count() == 0
