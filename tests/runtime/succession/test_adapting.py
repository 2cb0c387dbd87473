"""States in the form of the next version of a block: what is rebuilt goes on as if it had always been so."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.plan.changes import compare
from slac.plan.graph import Plan
from slac.runtime.operator import State
from slac.runtime.operators.window_past import PAST
from slac.runtime.succession.adapting import adapted
from slac.testing import Harness

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: versions}
spec:
  events: {Call: {payload: {ms: int}, context: {service: string}}}
  inputs: {calls: {adapter: file, path: calls.ndjson, emits: Call, lateness: 0s}}
BLOCKS
  outputs: {out: {adapter: stdout, from: [OUT]}}
"""
SECOND = 1_000


def plan(blocks: str, out: str) -> Plan:
    """A version of the document."""
    return compile_document(Source("v.yaml", DOCUMENT.replace("BLOCKS", blocks).replace("OUT", out))).plan


def call(at: int, ms: int, service: str = "a") -> dict[str, Any]:
    """One call `at` seconds."""
    return {"timestamp": at * SECOND, "payload": {"ms": ms}, "context": {"service": service}}


def fate(old: Plan, new: Plan, block: str) -> str:
    """What is said of the state of a block."""
    state = {b.block: b.state for b in compare(old, new, placed=(old, new)).blocks}[block]
    assert state is not None
    return state.outcome


WINDOW = "  computations: {w: {from: calls, by: service, window: WINDOW, select: [SELECT]}}"


@pytest.mark.parametrize("window", ["tumbling 10s", "hopping 20s every 5s", "session 5s", "sliding 10s", "running"])
@pytest.mark.parametrize("select", ["{most: MAX(ms)}, {n: COUNT(*)}", "{n: COUNT(*)}"])
def test_aggregates_in_another_order(window: str, select: str) -> None:
    """Those that stay go on in their new places, as if the others had never been there."""
    text = WINDOW.replace("WINDOW", window)
    old = plan(text.replace("SELECT", "{n: COUNT(*)}, {total: SUM(ms)}, {most: MAX(ms)}"), "w")
    new = plan(text.replace("SELECT", select), "w")
    assert fate(old, new, "w") == "rebuilt"
    changed, as_ever = Harness(old), Harness(new)
    before = [call(i, i * 7 % 11, "ab"[i % 2]) for i in range(13)]
    after = [call(i, i * 7 % 11, "ab"[i % 2]) for i in range(13, 40)]
    for harness in (changed, as_ever):
        harness.give("calls", before)
    changed.exchange(new)
    said = changed.published("w").height
    for harness in (changed, as_ever):
        harness.give("calls", after)
        harness.end()
    columns = as_ever.published("w").columns
    assert changed.published("w").select(columns)[said:].rows() == as_ever.published("w")[said:].rows()


def test_what_windows_remember_goes_with_its_aggregate() -> None:
    """By whatever name it has now; of one that is no more nothing stays."""
    text = WINDOW.replace("WINDOW", "tumbling 10s")
    old = plan(text.replace("SELECT", "{total: SUM(ms)}, {most: MAX(ms)}, {mean: AVG(ms)}"), "w")["w"]
    new = plan(text.replace("SELECT", "{most: MAX(ms)}, {mean: AVG(ms)}"), "w")["w"]
    frame = pl.DataFrame({"_group": [7], "_end": [9], "_a0.sum.number": [1.0], "_a2.mean.number": [2.0]})

    (found,) = adapted(old, new, State({}, {PAST: frame})).frames.values()
    assert found.rows(named=True) == [{"_group": 7, "_end": 9, "_a1.mean.number": 2.0}]


AUDIT = """  audits:
    health:
      from: calls
      by: service
      states: {STATES}
"""


def test_an_audit_with_a_state_more() -> None:
    """Each key stays in its state, wherever that stands now; rows that wait are judged as they were when they came."""
    old = plan(
        AUDIT.replace("STATES", "good: {when: ms <= 10, verdict: ok}, bad: {when: ms > 10, verdict: violated}"),
        "health",
    )
    bad = "bad: {when: ms > 10 AND ms <= 90, verdict: violated}"
    states = f"awful: {{when: ms > 90, verdict: violated}}, good: {{when: ms <= 10, verdict: ok}}, {bad}"
    new = plan(AUDIT.replace("STATES", states), "health")
    assert fate(old, new, "health") == "kept"
    harness = Harness(old)
    harness.give("calls", [call(1, 5), call(2, 20), call(3, 30)])
    harness.exchange(new)
    harness.give("calls", [call(4, 40), call(5, 95), call(6, 3)])
    harness.end()
    said = harness.published("health")
    assert said.select("kind", "state").rows() == [
        ("initial", "good"),
        ("change", "bad"),
        ("change", "awful"),
        ("change", "good"),
    ]


def test_an_audit_that_reports_more_often() -> None:
    """The report that is due comes when it was; from it on the new interval holds."""
    text = AUDIT.replace("STATES", "bad: {when: ms > 10, verdict: violated, report_every: EVERY}")
    old, new = plan(text.replace("EVERY", "60s"), "health"), plan(text.replace("EVERY", "10s"), "health")
    harness = Harness(old)
    harness.give("calls", [call(1, 20), call(2, 1, "b")])
    harness.exchange(new)
    harness.give("calls", [call(85, 1, "b")])
    times = [t.timestamp() for t in harness.published("health").filter(service="a", kind="stay")["_time"]]
    assert times == [61, 71, 81]


def test_silence_that_is_told_sooner() -> None:
    """It is counted from the latest event, by the new length."""
    text = "  violations: {silent: {absent: calls, by: service, for: LONG}}"
    old, new = plan(text.replace("LONG", "60s"), "silent"), plan(text.replace("LONG", "10s"), "silent")
    assert fate(old, new, "silent") == "kept"
    harness = Harness(old)
    harness.give("calls", [call(1, 20), call(2, 1, "b")])
    harness.exchange(new)
    harness.give("calls", [call(8, 1, "b"), call(15, 1, "b")])
    assert [(r["service"], r["_time"].second) for r in harness.published("silent").to_dicts()] == [("a", 11)]


def test_a_table_column_that_nobody_reads_any_more() -> None:
    """The latest rows stay, without it; rows that wait get columns that are new as NULL."""
    text = """  computations:
    limits: {from: calls, where: ms > 50, select: [service, {top: ms}, {twice: ms * 2}]}
    low: {from: calls, where: ms <= 50, select: [service, ms]}
    joined: {from: low, join: {l: {latest: limits, by: service}}, select: [service, ms, SELECT]}
"""
    old = plan(text.replace("SELECT", "{top: l.top}, {twice: l.twice}"), "joined")
    new = plan(text.replace("SELECT", "{top: l.top}"), "joined")
    assert fate(old, new, "joined") == "rebuilt"
    harness = Harness(old)
    harness.give("calls", [call(1, 60), call(2, 1), call(3, 2)])
    harness.exchange(new)
    harness.give("calls", [call(4, 3), call(5, 80), call(6, 4)])
    harness.end()
    assert harness.published("joined").select("ms", "top").rows() == [(1, 60), (2, 60), (3, 60), (4, 80)]
