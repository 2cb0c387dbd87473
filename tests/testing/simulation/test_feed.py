"""Events of a simulation from the log of a run: the run's verdicts come of them again."""

from __future__ import annotations

from pathlib import Path

import orjson
import polars as pl
import pytest

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source, UsageError
from slac.evidence.replay import replay_changed
from slac.stream.batch import ID
from slac.stream.clock import SECOND
from slac.stream.ports import Records
from slac.testing.simulation import Simulation, from_log, from_ndjson
from tests.evidence.replay.logged import LoggedRun

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Call: {payload: {duration: float}, context: {pod: string}}}
  inputs:
    calls: {adapter: http, listen: "127.0.0.1:7001", emits: Call, lateness: 1s, idle: 2s}
    pings: {adapter: http, listen: "127.0.0.1:7002", emits: Call, lateness: 1s, idle: 2s}
  computations:
    called: {from: calls, by: pod, window: tumbling 10s, select: [{n: COUNT(*)}, {slowest: MAX(duration)}]}
    pinged: {from: pings, by: pod, window: tumbling 10s, select: [{n: COUNT(*)}, {slowest: MAX(duration)}]}
  violations:
    many: {from: called, by: pod, where: n > 4, severity: warning}
    few: {from: pinged, by: pod, where: n < 5, severity: warning}
  outputs: {out: {adapter: stdout, from: [many, few]}}
"""


def events(*seconds: float) -> list[dict[str, object]]:
    """A call of each of two pods at each second, out of order within the lateness."""
    return [
        {"timestamp": s * 1000 - late, "payload": {"duration": s}, "context": {"pod": pod}}
        for s in seconds
        for pod, late in (("a", 0), ("b", 700))
    ]


@pytest.fixture
def run(tmp_path: Path) -> LoggedRun:
    """A restart among the events; afterwards one input is read up to where it was, and then the other one."""
    plan = compile_document(Source("shop.yaml", DOCUMENT), CompileOptions(collapse=True)).plan
    logged = LoggedRun(plan, tmp_path, live=True)
    for second in range(1, 20):
        logged.now = second * SECOND
        logged.give("calls", events(second))
        logged.give("pings", events(second))
        if second == 8:
            logged.checkpoint()
    logged.crash()
    logged.now = 45 * SECOND
    logged.give("calls", events(*range(20, 45)))
    logged.give("pings", events(*range(20, 41)))
    # Silence holds nobody up: what comes then is late.
    logged.tick(60 * SECOND)
    logged.give("pings", events(43, 44))
    logged.tick(80 * SECOND)
    logged.close()
    return logged


def said(frame: pl.DataFrame) -> pl.DataFrame:
    """What is the same whenever it is said, once each."""
    return frame.select(ID, "_time", "pod", "n", "slowest").unique(maintain_order=True).sort("_time", "pod")


def test_a_log_with_a_restart_makes_what_the_run_made(run: LoggedRun) -> None:
    """Nothing is late that was not late then, what was late is, and what came again counts once."""
    simulation = Simulation(run.plan, tuple(from_log(run.plan, [run.log])))
    made = simulation.end().rows
    assert simulation.counts["calls"] == 2 * 44
    assert simulation.counts["pings"] == 2 * 42
    assert run.log.rows("pings")["_late"].sum() == 4
    for block in ("called", "pinged"):
        rows = pl.concat([frame for name, frame in made if name == block], how="diagonal_relaxed")
        assert said(rows).equals(said(run.log.rows(block))), block


LOOKED_UP = """
apiVersion: slac/v1
kind: SLA
metadata: {name: d}
spec:
  events: {E: {payload: {k: string}}}
  inputs: {e: {adapter: http, listen: "127.0.0.1:7001", emits: E, time: {unit: s}, lateness: 1s, idle: 2s}}
  tables: {t: {path: t.csv, columns: {k: string, most: int}, key: k, reload: 1m}}
  computations:
    seen: {from: e, join: {l: {table: t, by: k}}, select: [k, {most: l.most}]}
  outputs: {log: {adapter: stdout, from: [seen]}}
"""


def test_tables_of_a_log_are_what_they_were(tmp_path: Path) -> None:
    """The first version holds from the beginning on, which is that of the events; a later one from its instant on."""
    begin = 1_790_000_000
    plan = compile_document(Source("d.yaml", LOOKED_UP), CompileOptions(collapse=True)).plan
    run = LoggedRun(plan, tmp_path, live=True, start=begin * SECOND)
    for at, most in ((0, 1), (5, 2)):
        run.now = (begin + at) * SECOND
        rows = pl.DataFrame({"k": ["a", "b"], "most": [most, 7]})
        run.core.on_records("t", [Records(source="t", arrival=run.now, frame=rows)])
        run.look()
        run.give("e", [{"timestamp": begin + at + s, "payload": {"k": k}} for s in (1, 3) for k in "ab"])
    run.tick((begin + 20) * SECOND)
    run.close()
    made = pl.concat([f for name, f in Simulation(plan, tuple(from_log(plan, [run.log]))).end().rows if name == "seen"])
    assert made.sort("_time", "k")["most"].to_list() == [1, 7, 1, 7, 2, 7, 2, 7]


def test_to_the_end_is_as_step_by_step() -> None:
    """What is given together is not late where it would not be alone, however soon silence is idle."""
    text = DOCUMENT.replace("lateness: 1s, idle: 2s", "lateness: 0s, idle: 200ms")
    plan = compile_document(Source("shop.yaml", text), CompileOptions(collapse=True)).plan
    made = [
        {"timestamp": tenth * 100, "payload": {"duration": 1}, "context": {"pod": "a"}} for tenth in (10, 96, 105, 240)
    ]
    feed = tuple(from_ndjson(plan, "calls", b"\n".join(map(orjson.dumps, made)), "calls"))
    told = []
    for is_stepped in (True, False):
        simulation = Simulation(plan, feed)
        rows = [*(simulation.run().rows if is_stepped else ()), *simulation.end().rows]
        told.append(said(pl.concat([f for name, f in rows if name == "called"], how="diagonal_relaxed")))
    assert told[0].equals(told[1])


def test_an_input_that_is_gone_since(tmp_path: Path) -> None:
    """The document was another one while the log was begun: what only that one had is left out, and is not offered."""
    old = compile_document(Source("d.yaml", DOCUMENT.replace("calls", "visits")), CompileOptions(collapse=True)).plan
    plan = compile_document(Source("shop.yaml", DOCUMENT), CompileOptions(collapse=True)).plan
    before = LoggedRun(old, tmp_path, live=True)
    before.give("visits", events(1, 2))
    before.give("pings", events(1, 2))
    before.close()
    run = LoggedRun(plan, tmp_path, live=True)
    run.give("calls", events(3, 4))
    run.close()
    simulation = Simulation(plan, tuple(from_log(plan, [run.log])))
    simulation.end()
    assert (simulation.counts["calls"], simulation.counts["pings"]) == (4, 4)
    other = compile_document(Source("d.yaml", DOCUMENT.replace("pings", "beats")), CompileOptions(collapse=True)).plan
    with pytest.raises(UsageError, match="no rows of beats; it has those of calls, pings"):
        replay_changed([run.log], other)
