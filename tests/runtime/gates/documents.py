"""A service whose requests are counted, averaged and looked at for failures, and events of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from slac.compiler import compile_document
from slac.diagnostics import Source as Text
from slac.plan.graph import Plan
from slac.plan.nodes import SourceNode
from slac.stream.ports import Records

SECOND = 1_000_000
START = 1_700_000_040 * SECOND
TEXT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: service}
spec:
  events:
    Request: {payload: {service: string, ok: bool, latency: float}}
  inputs:
    requests: {adapter: http, listen: "127.0.0.1:8090", emits: Request}
  computations:
    health:
      from: requests
      by: service
      window: tumbling 1m
      select:
        - n: COUNT(*)
        - failed: COUNT(*) FILTER (WHERE NOT ok)
        - latency: AVG(latency)
        - slow: COUNT(*) FILTER (WHERE latency > 200)
      shed: SHED
  violations:
    failing: {from: health, where: failed > 0.5 * n, by: service}
  outputs:
    log: {adapter: stdout, from: [failing]}
"""


def plan_of(shed: str = "approximate", text: str = TEXT) -> Plan:
    """The document's plan under a contract."""
    return compile_document(Text("service.yaml", text.replace("SHED", shed))).plan


def source_of(plan: Plan, name: str = "requests") -> SourceNode:
    """The input of a plan."""
    node = plan[name]
    assert isinstance(node, SourceNode)
    return node


def requests(count: int, *, services: int = 20, failing: float = 0.01, seconds: int = 120) -> list[dict[str, Any]]:
    """Requests in the order of time, over `seconds`; services of very different size."""
    rng = np.random.default_rng(7)
    of = np.minimum(rng.pareto(1.0, count).astype(int), services - 1)
    ok, latency = rng.random(count) >= failing, rng.lognormal(4, 1, count)
    times = START + np.sort(rng.integers(0, seconds * SECOND, count))
    return [
        {
            "timestamp": int(t // 1000),
            "payload": {"service": f"s{s}", "ok": bool(o), "latency": round(float(x), 3)},
        }
        for t, s, o, x in zip(times, of, ok, latency, strict=True)
    ]


def records(events: list[dict[str, Any]], size: int) -> list[Records]:
    """The events in pieces of `size`."""
    return [
        Records(
            source="web-1",
            arrival=START + 200 * SECOND,
            ndjson=b"".join(orjson.dumps(e) + b"\n" for e in events[i : i + size]),
        )
        for i in range(0, len(events), size)
    ]
