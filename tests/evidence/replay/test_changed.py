"""Another document over the same events: verdicts that differ are listed, and why; logs of several runtimes are one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source, UsageError
from slac.evidence.replay import Said, differences, replay_changed
from slac.plan.changes import compare
from slac.plan.graph import Plan
from slac.stream.batch import ID
from tests.evidence.replay.logged import LoggedRun

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Call: {payload: {duration: float, ok: bool}, context: {pod: string, user: string}, sensitive: user}}
  inputs: {calls: {adapter: file, path: calls.ndjson, emits: Call}}
  probes: {seen: {from: calls, where: user <> 'robot', select: [duration, ok, pod, user]}}
  computations:
    per_pod: {from: seen, by: pod, window: tumbling WINDOW, select: [{slowest: MAX(duration)}, {n: COUNT(*)}]}
  audits:
    pods:
      from: per_pod
      by: pod
      states: {fine: {when: slowest < LIMIT, verdict: ok}, slow: {when: slowest >= LIMIT, verdict: violated}}
      initial: fine
  violations: {many: {from: per_pod, by: pod, where: n > 9, severity: critical}}
  outputs: {out: {adapter: stdout, from: [pods, many]}}
"""


def compiled(limit: int = 100, window: str = "10s", more: str = "") -> tuple[Plan, Plan]:
    """The document, in one process and as it is placed."""
    text = DOCUMENT.replace("LIMIT", str(limit)).replace("WINDOW", window) + more
    source = Source("shop.yaml", text)
    return compile_document(source, CompileOptions(collapse=True)).plan, compile_document(source).plan


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> LoggedRun:
    """Two minutes of calls, a crash among them."""
    logged = LoggedRun(compiled()[0], tmp_path_factory.mktemp("log"))
    for second in range(120):
        payload = {"duration": (second * 37) % 120 + (second == 55), "ok": True}
        context = {"pod": "ab"[second % 3 % 2], "user": "robot" if second % 10 == 0 else "ann"}
        logged.give("calls", [{"timestamp": second * 1000, "payload": payload, "context": context}])
        if second in (30, 70):
            logged.checkpoint()
        if second in (50, 90):
            logged.crash()
    logged.end()
    return logged


def said(run: LoggedRun, plan: Plan) -> Said:
    """What a document makes of the log."""
    made = replay_changed([run.log], plan)
    assert made.gaps == []
    assert made.events == 108
    return Said(plan=made.plan, rows=made.frame)


def test_the_same_document_says_the_same(run: LoggedRun) -> None:
    """As it was logged, with the same ids; events that came again after a crash count once."""
    plan, placed = compiled()
    now = said(run, plan)
    logged = Said(plan=plan, rows=run.log.rows)
    assert differences(logged, now, compare(plan, plan, placed=(placed, placed))).differences == ()
    for node in ("per_pod", "pods"):
        assert set(now.rows(node)[ID]) == set(run.log.rows(node)[ID])


def calls(seconds: range) -> list[dict[str, object]]:
    """A slow call a second."""
    context = {"pod": "a", "user": "ann"}
    return [{"timestamp": s * 1000, "payload": {"duration": 200, "ok": True}, "context": context} for s in seconds]


def test_what_was_open_when_the_log_stops_is_not_judged(tmp_path: Path) -> None:
    """The run had not closed its last window; the same document does not close it either, but for inputs that end."""
    plan, _ = compiled()
    run = LoggedRun(plan, tmp_path)
    run.give("calls", calls(range(15)))
    run.close()
    made = replay_changed([run.log], plan)
    assert made.frame("per_pod")[ID].to_list() == run.log.rows("per_pod")[ID].to_list()
    assert made.frame("per_pod").height == 1
    run.crash()
    run.end()
    assert replay_changed([run.log], plan).frame("per_pod").height == 2


@pytest.mark.parametrize(("live", "judged"), [(True, 3), (False, 1)])
def test_an_instance_whose_log_stops(tmp_path: Path, *, live: bool, judged: int) -> None:
    """It is waited for as the runtime behind it waits (10 s, and no end of files without it), and not left out."""
    plan, placed = compiled(more=PLACED)
    logs = []
    for name, seconds in (("one", 15), ("two", 45)):
        logged = LoggedRun(placed, tmp_path / name, node="edge", live=live)
        logged.give("calls", calls(range(seconds)))
        logged.close()
        logs.append(logged.log)
    assert replay_changed(logs, plan).frame("per_pod").height == judged
    assert replay_changed(logs[::-1], plan).frame("per_pod").height == judged


def test_why_verdicts_differ(run: LoggedRun) -> None:
    """The word that was changed, and what was judged."""
    (old, old_placed), (new, new_placed) = compiled(), compiled(limit=110)
    found = differences(
        Said(plan=old, rows=run.log.rows), said(run, new), compare(old, new, placed=(old_placed, new_placed))
    )
    assert found.differences
    assert {d.block for d in found.differences} == {"pods"}
    first = found.differences[0]
    assert any("slowest >= 100" in why and "slowest >= 110" in why for why in first.why)
    # Of what it judges, only what it asks about.
    assert any(re.fullmatch(r"what it judges is the same: slowest = [\d.]+", why) for why in first.why)
    assert all((d.old is None) or (d.new is None) or d.old != d.new for d in found.differences)


def test_what_comes_of_other_windows(run: LoggedRun) -> None:
    """Rows that are judged differ, and are shown as they were and as they are."""
    (old, old_placed), (new, new_placed) = compiled(), compiled(window="1m")
    found = differences(said(run, old), said(run, new), compare(old, new, placed=(old_placed, new_placed)))
    assert any(d.new is not None and d.block == "many" for d in found.differences)
    assert any("window" in why for d in found.differences for why in d.why)


def test_what_the_log_cannot_tell(run: LoggedRun) -> None:
    """Columns that nobody read, inputs that were not there, conditions over clear text."""
    text = DOCUMENT.replace("LIMIT", "100").replace("WINDOW", "10s")
    for wrong, right, hint in (
        ("user <> 'robot'", "user <> 'machine'", "cannot be asked again"),
        ("{calls: {", "{cals: {", "the log has no rows of cals; it has those of calls"),
        ("{duration: float,", "{size: int, duration: float,", "the log does not have size"),
    ):
        other = text.replace(wrong, right)
        if "machine" not in right:
            other = other.replace(", sensitive: user", "").replace("where: user <> 'robot', ", "")
        if "cals" in right:
            other = other.replace("from: calls", "from: cals")
        if "size" in right:
            other = other.replace("from: seen, by: pod", "from: calls, by: pod").replace("n: COUNT(*)", "n: SUM(size)")
        plan = compile_document(Source("shop.yaml", other), CompileOptions(collapse=True)).plan
        with pytest.raises(UsageError, match=hint):
            replay_changed([run.log], plan)


PLACED = """
  placement:
    edge: {blocks: [calls, seen], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7000", hold: 10s}
"""


def test_logs_of_several_instances_are_one(run: LoggedRun, tmp_path: Path) -> None:
    """Two edges have half of the events each: together they make what one process makes of all."""
    plan, placed = compiled(more=PLACED)
    halves = []
    for half in range(2):
        logged = LoggedRun(placed, tmp_path / str(half), node="edge")
        for second in range(half, 120, 2):
            payload = {"duration": (second * 37) % 120 + (second == 55), "ok": True}
            context = {"pod": "ab"[second % 3 % 2], "user": "robot" if second % 10 == 0 else "ann"}
            logged.give("calls", [{"timestamp": second * 1000, "payload": payload, "context": context}])
        logged.end()
        halves.append(logged.log)
    made = replay_changed(halves, plan)
    assert made.frame("per_pod").height == run.log.rows("per_pod").unique(ID).height
    verdicts = made.frame("pods").select("pod", "state", "_time").sort("_time", "pod")
    assert verdicts.equals(run.log.rows("pods").unique(ID).select("pod", "state", "_time").sort("_time", "pod"))


def test_an_input_of_which_nothing_had_come(tmp_path: Path) -> None:
    """It is there, and holds nobody up; the rest is judged."""
    text = DOCUMENT.replace("LIMIT", "100").replace("WINDOW", "10s")
    text = text.replace("emits: Call}}", "emits: Call}, others: {adapter: file, path: others.ndjson, emits: Call}}")
    text = text.replace(
        "  audits:", "    both: {from: others, by: pod, window: tumbling 10s, select: [{n: COUNT(*)}]}\n  audits:"
    )
    placed = compile_document(Source("shop.yaml", text), CompileOptions(collapse=True)).plan
    logged = LoggedRun(placed, tmp_path)
    for second in range(60):
        payload, context = {"duration": 5.0, "ok": True}, {"pod": "a", "user": "ann"}
        logged.give("calls", [{"timestamp": second * 1000, "payload": payload, "context": context}])
    logged.end()
    assert replay_changed([logged.log], placed).frame("per_pod").height == 6
