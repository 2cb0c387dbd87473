"""Edge, group, central: chained runtimes give the rows of one process, with the same ids."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.plan.nodes import LinkInNode, LinkOutNode, WindowNode
from slac.stream.batch import ID, TIME
from slac.testing import Harness

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: levels}
spec:
  events: {Call: {payload: {ms: float, ok: bool}, context: {service: string}}}
  inputs: {calls: {adapter: file, path: calls.ndjson, emits: Call, lateness: LATENESS}}
  probes: {failed: {from: calls, where: NOT ok, select: [service, ms]}}
  computations:
    per_service:
      from: calls
      by: service
      window: WINDOW
      select:
        - n: COUNT(*)
        - total: SUM(ms)
        - mean: AVG(ms)
        - worst: MAX(ms)
        - last: LAST(ms)
        - p: QUANTILE(ms, 0.9)
    overall: {from: per_service, window: same, select: [{n: SUM(n)}, {worst: MAX(worst)}]}
  audits:
    health:
      from: per_service
      by: service
      states: {good: {when: worst <= 50, verdict: ok}, bad: {when: worst > 50, verdict: violated, report_every: 40s}}
  violations:
    failing: {from: failed, where: ms > 80, by: service}
    silent: {absent: calls, by: service, for: 30s}
  outputs: {out: {adapter: stdout, from: [per_service, overall, health, failing, silent, failed]}}
  placement:
    edge: {blocks: [calls, failed], connect: group}
    group: {connect: central, listen: "tcp://127.0.0.1:7000"}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7001"}
"""
BLOCKS = ("per_service", "overall", "health", "failing", "silent", "failed")
EDGES = ("a", "b", "c", "d")

calls = st.lists(
    st.tuples(
        st.integers(0, 120_000),
        st.sampled_from(["x", "y", "z"]),
        st.floats(0, 100, allow_nan=False, width=32),
        st.booleans(),
        st.sampled_from(EDGES),
    ),
    min_size=1,
    max_size=40,
)
windows = st.sampled_from(["tumbling 10s", "hopping 20s every 5s"])


def compiled(window: str, *, collapse: bool = False, lateness: str = "2m") -> Plan:
    """The document with a window."""
    text = DOCUMENT.replace("WINDOW", window).replace("LATENESS", lateness)
    return compile_document(Source("levels.yaml", text), CompileOptions(collapse=collapse)).plan


def wire(call: tuple[int, str, float, bool, str]) -> dict[str, Any]:
    """One call as it comes in."""
    at, service, ms, ok, _ = call
    return {"timestamp": at, "payload": {"ms": ms, "ok": ok}, "context": {"service": service}}


def rows(harness: Harness, block: str) -> list[tuple[Any, ...]]:
    """What was published of a block, without ids of input events, which say where they came in."""
    frame = harness.published(block)
    if not frame.height:
        return []
    own = [c for c in frame.columns if not c.startswith("_") or c == TIME]
    kept = [ID, *own] if block in {"per_service", "overall", "health"} else own
    return frame.select(pl.col(kept)).sort(kept).rows()


@given(calls, windows, st.data())
@settings(max_examples=25)
def test_three_levels_are_as_one_process(
    given_calls: list[tuple[int, str, float, bool, str]], window: str, data: st.DataObject
) -> None:
    """With four edges at two groups, whatever is restarted in between."""
    one = Harness(compiled(window, collapse=True))
    many = Harness(compiled(window), instances={"edge": EDGES, "group": ("g", "h")})
    for call in given_calls:
        one.give("calls", [wire(call)])
        many.give("calls", [wire(call)], instance=call[-1])
        if data.draw(st.booleans()):
            node = data.draw(st.sampled_from(["edge", "group", "central"]))
            names = {"edge": EDGES, "group": ("g", "h"), "central": ("central",)}[node]
            many.restart(node, data.draw(st.sampled_from(names)))
    one.end()
    many.end()

    for block in BLOCKS:
        assert rows(many, block) == rows(one, block), block


def test_partials_are_merged_on_their_way() -> None:
    """What crosses the second link is one row a key and window, whatever the number of edges."""
    plan = compiled("tumbling 10s")
    roles = [(n.id, n.role, n.node) for n in plan.nodes if isinstance(n, WindowNode) and n.block == "per_service"]
    assert roles == [
        ("per_service.partial", "partial", "edge"),
        ("per_service.partial.on.group", "merged", "group"),
        ("per_service", "final", "central"),
    ]
    harness = Harness(plan, instances={"edge": EDGES})
    for edge in EDGES:
        harness.give("calls", [wire((1_000, "x", 5.0, True, edge))], instance=edge)
    harness.end()
    assert harness.made("per_service.partial").height == 4
    assert harness.made("per_service.partial.on.group").height == 1


def test_a_stream_is_passed_on_by_a_node_without_blocks() -> None:
    """The node in between has a link in and a link out of it, and nothing else."""
    plan = compiled("tumbling 10s")
    relayed = [n for n in plan.part("group").nodes if isinstance(n, LinkInNode | LinkOutNode) and n.block == "failed"]
    assert [(n.id, type(n)) for n in relayed] == [
        ("failed.in.edge", LinkInNode),
        ("failed.in.edge.out.central", LinkOutNode),
    ]


def test_series_pass_as_they_are() -> None:
    """Whether several instances have samples of one series is seen where they meet last."""
    text = DOCUMENT.replace("        - n: COUNT(*)\n", "        - n: COUNT(*)\n        - r: RATE(ms)\n")
    text = text.replace("WINDOW", "tumbling 10s").replace("LATENESS", "0s")
    plan = compile_document(Source("levels.yaml", text)).plan
    roles = [n.role for n in plan.nodes if isinstance(n, WindowNode) and n.block == "per_service"]
    assert roles == ["partial", "final"]
