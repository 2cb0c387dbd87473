"""A service whose requests are counted, averaged and looked at for failures, and events of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import orjson
import polars as pl

from slac.compiler import compile_document
from slac.diagnostics import Source as Text
from slac.plan.graph import Plan
from slac.plan.nodes import SourceNode
from slac.runtime.core import Core
from slac.runtime.instructions import Publish
from slac.shedding.admission import Admission
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


def said(
    plan: Plan, events: Sequence[bytes], changes: Mapping[int, Admission], size: int, *, restart: bool = False
) -> dict[str, pl.DataFrame]:
    """What is published, by block, when the gate of the input `calls` changes before some of the events."""
    core, found = Core(plan, now=START, live=False), list[Publish]()
    for begin, end in pairwise(sorted({*range(0, len(events), size), *changes, len(events)})):
        if begin in changes:
            core.sources["calls"].gate.set_admission(0.5, "cpu", {"a": begin}, admission=changes[begin])
        piece = Records(source="a", arrival=START + 90 * SECOND, ndjson=b"\n".join(events[begin:end]) + b"\n")
        found += [one for one in core.on_records("calls", [piece]) if isinstance(one, Publish)]
        if restart:
            states, core = core.snapshot(), Core(plan, now=START, live=False)
            core.restore(states, START)
    found += [one for one in core.on_input_ended("calls") if isinstance(one, Publish)]
    return by_block((one.block, one.frame) for one in found)


def by_block(frames: Iterable[tuple[str, pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    """The frames of each block as one, in the order of time."""
    several: dict[str, list[pl.DataFrame]] = {}
    for block, frame in frames:
        several.setdefault(block, []).append(frame)
    return {b: pl.concat(f, how="diagonal").sort("_time", "_id") for b, f in several.items()}
