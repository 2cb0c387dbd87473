"""Windows without rows beside windows of which a gate has dropped some."""

from __future__ import annotations

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.testing import Harness

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: d}
spec:
  events: {E: {payload: {n: int}, context: {k: string}}}
  inputs: {e: {adapter: file, path: e.ndjson, emits: E}}
  computations: {w: {from: e, by: k, window: tumbling 10s, select: [{n: COUNT(*)}, {total: SUM(n)}]}}
  audits:
    a:
      from: w
      by: k
      states: {few: {when: n < 5, verdict: ok}, many: {when: n >= 5, verdict: violated}}
      initial: few
  outputs: {out: {adapter: stdout, from: a}}
"""


def test_a_key_is_silent_while_another_is_thinned() -> None:
    """Both get their row: an estimate, and a count of nothing."""
    harness = Harness(compile_document(Source("d.yaml", DOCUMENT)).plan)
    harness.give("e", [{"timestamp": s * 100, "payload": {"n": s}, "context": {"k": "ab"[s % 2]}} for s in range(100)])
    harness.cores["all", "all"].sources["e"].gate.set_admission(0.5, "cpu", {})
    harness.give("e", [{"timestamp": 10_000 + s, "payload": {"n": s}, "context": {"k": "a"}} for s in range(100)])
    harness.give("e", [{"timestamp": 20_000, "payload": {"n": 1}, "context": {"k": "a"}}])
    harness.end()
    counts = dict(harness.made("w").filter(harness.made("w")["_time"].dt.second() == 19).select("k", "n").iter_rows())
    assert counts["b"] == 0
    assert counts["a"] > 50
