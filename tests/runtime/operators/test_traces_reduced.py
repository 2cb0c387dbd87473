"""Traces reduced to classes: on two edges and in the centre, or in one process, the same rows with the same ids."""

from __future__ import annotations

from typing import Any

import orjson
import polars as pl

from slac.compiler.compile import compile_document
from slac.compiler.draft import CompileOptions
from slac.diagnostics import Source
from slac.testing import Harness

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: reduced}
spec:
  events:
    Call: {payload: {trace_id: string, operation: string, eoi: int, ess: int, tin: timestamp, tout: timestamp}}
  inputs:
    calls: {adapter: http, listen: "127.0.0.1:0", emits: Call, lateness: 100ms}
  computations:
    traces:
      from: calls
      traces: {form: executions}
      within: 5s
    classes:
      from: traces
      where: valid
      by: class
      window: tumbling 1s
      select:
        - traces: COUNT(*)
        - fastest: MIN(duration)
        - slowest: MAX(duration)
        - mean: AVG(MILLIS(duration))
        - deviation: STDDEV_POP(MILLIS(duration))
        - representative: FIRST(trace_id)
  outputs:
    out: {adapter: stdout, from: [classes]}
  placement:
    edge: {blocks: [calls, traces, classes], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7000"}
"""


def call(trace: str, order: int, depth: int, operation: str, begin: int, end: int) -> dict[str, Any]:
    """An execution; times in ms."""
    payload = {"trace_id": trace, "operation": operation, "eoi": order, "ess": depth, "tin": begin, "tout": end}
    return {"timestamp": end, "payload": payload}


def visits(first: int, operations: tuple[str, str]) -> list[dict[str, Any]]:
    """Some traces of two calls, one every 300 ms."""
    rows = []
    for n in range(8):
        begin, trace = first + 300 * n, f"{operations[1]}{n}"
        rows.append(call(trace, 1, 1, operations[1], begin + 1, begin + 3 + n))
        rows.append(call(trace, 0, 0, operations[0], begin, begin + 10 + 2 * n))
    return rows


def classes(*, collapse: bool) -> pl.DataFrame:
    """What comes out of two hosts that made traces of their own."""
    compiled = compile_document(Source("doc.yaml", DOCUMENT), CompileOptions(collapse=collapse))
    assert compiled.plan is not None, compiled.diagnostics
    hosts = {"web-1": visits(0, ("visit", "pay")), "web-2": visits(7, ("visit", "cart")) + visits(20, ("visit", "pay"))}
    hosts["web-2"] = [
        {**r, "payload": {**r["payload"], "trace_id": r["payload"]["trace_id"] + "b"}} for r in hosts["web-2"]
    ]
    if collapse:
        harness = Harness(compiled.plan)
        rows = sorted((r for rows in hosts.values() for r in rows), key=lambda r: r["timestamp"])
        harness.give("calls", _ndjson(rows))
    else:
        harness = Harness(compiled.plan, instances={"edge": list(hosts)})
        for host, rows in hosts.items():
            harness.give("calls", _ndjson(sorted(rows, key=lambda r: r["timestamp"])), instance=host)
    harness.end()
    return harness.made("classes")


def _ndjson(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(r, option=orjson.OPT_APPEND_NEWLINE) for r in rows)


def test_classes_of_two_edges_are_those_of_one_process() -> None:
    """Count, extremes, mean and deviation of each class and second."""
    placed, together = classes(collapse=False), classes(collapse=True)

    order = ["_time", "class"]
    assert placed.sort(order).equals(together.sort(order))
    assert placed["traces"].sum() == 24
    assert placed["class"].n_unique() == 2
