"""Plans that take over from one another while rows are under way: the rows and ids of an undisturbed run."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.stream.batch import ID, TIME
from slac.testing import Harness

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: moves}
spec:
  events: {Call: {payload: {ms: int, ok: bool}, context: {service: string}}}
  inputs: {calls: {adapter: file, path: calls.ndjson, emits: Call, lateness: 5s}}
  probes:
    failed: {from: calls, where: NOT ok, select: [service, ms]}
    slow: {from: calls, where: ms > 30, select: [service, ms]}
  computations:
    per_service:
      {from: slow, by: service, window: WINDOW, select: [{n: COUNT(*)}, {total: SUM(ms)}, {last: LAST(ms)}]}
    joined:
      from: failed
      join: {s: {latest: per_service, by: service}}
      select: [service, ms, {n: s.n}]
    runs: {from: slow, by: service, window: session 10s, select: [{n: COUNT(*)}]}
    pairs: {pattern: every a=failed -> b=slow(service = a.service), within: 20s, select: [{first: a.ms}, {then: b.ms}]}
  audits:
    health:
      from: per_service
      by: service
      states: {good: {when: total <= 90, verdict: ok}, bad: {when: total > 90, verdict: violated, report_every: 20s}}
  violations: {failing: {from: failed, where: ms > 60, by: service}}
  outputs: {out: {adapter: stdout, from: [failed, per_service, joined, runs, pairs, health, failing]}}
  placement:
    edge: {blocks: [calls], connect: group}
    group: {connect: central, listen: "tcp://127.0.0.1:7000"}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7001"}
"""
BLOCKS = ("failed", "per_service", "joined", "runs", "pairs", "health", "failing")
MOVABLE = ("failed", "slow")
EDGES = ("a", "b")

calls = st.lists(
    st.tuples(
        st.integers(0, 90_000),
        st.sampled_from(["x", "y"]),
        st.integers(0, 100),
        st.booleans(),
        st.sampled_from(EDGES),
    ),
    min_size=4,
    max_size=24,
)


def plan(window: str, moves: dict[str, str] | None = None, *, collapse: bool = False) -> Plan:
    """The document with a window and blocks that were moved."""
    source = Source("moves.yaml", DOCUMENT.replace("WINDOW", window))
    return compile_document(source, CompileOptions(collapse=collapse, moves=moves or {})).plan


def wire(call: tuple[int, str, int, bool, str]) -> dict[str, Any]:
    """One call as it comes in."""
    at, service, ms, ok, _ = call
    return {"timestamp": at, "payload": {"ms": ms, "ok": ok}, "context": {"service": service}}


def rows(harness: Harness, block: str) -> list[tuple[Any, ...]]:
    """What was published of a block, without ids that say where an event came in; nothing comes twice."""
    frames = harness._published[block]
    if not frames:
        return []
    frame = pl.concat(frames, how="diagonal")
    assert frame[ID].n_unique() == frame.height, block
    own = [c for c in frame.columns if not c.startswith("_") or c == TIME]
    kept = [ID, *own] if block in {"per_service", "runs", "health"} else own
    return sorted(frame.select(kept).rows(), key=repr)


@given(calls, st.sampled_from(["tumbling 10s", "hopping 20s every 5s"]), st.data())
@settings(max_examples=30, deadline=None)
def test_blocks_move_while_rows_are_under_way(
    given_calls: list[tuple[int, str, int, bool, str]], window: str, data: st.DataObject
) -> None:
    """Two edges, a group and a central, whatever is where by turns."""
    one = Harness(plan(window, collapse=True))
    many = Harness(plan(window), instances={"edge": EDGES})
    homes = st.sampled_from(["edge", "group", "central"])
    for call in sorted(given_calls, key=lambda c: c[0] // 3_000):
        one.give("calls", [wire(call)])
        many.give("calls", [wire(call)], instance=call[-1])
        if data.draw(st.booleans()):
            moves = {block: data.draw(homes) for block in MOVABLE}
            many.exchange(plan(window, moves))
    one.end()
    many.end()
    for block in BLOCKS:
        assert rows(many, block) == rows(one, block), block
