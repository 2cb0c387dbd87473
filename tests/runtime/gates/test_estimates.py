"""Documents under a gate that drops: estimates cross links, and audits and violations say what they cannot know."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from slac.adapters.publication.records import to_records
from slac.runtime.core import Core
from slac.runtime.instructions import Instruction, Publish
from slac.shedding.admission import Admission, weight_of
from slac.stream.batch import BOUNDS
from slac.testing.harness import Harness
from tests.runtime.gates.documents import START, TEXT, plan_of, records, requests

EVENTS = requests(6_000, services=6, seconds=240)
UNREAD = Admission(unread=weight_of(0.4))
COUNTED = Admission(classes={0: (weight_of(0.2),)}, counts=True)
AUDIT = """  audits:
    speed:
      from: health
      by: service
      states:
        fast: {when: latency < 85, verdict: ok, report_every: 1m}
        slow: {when: latency >= 85, verdict: violated, report_every: 1m}
  violations:
    failing: {from: health, where: failed > 0.5 * n, by: service}
    sluggish: {from: health, where: latency > 85, by: service}
"""
AUDITED = (
    TEXT[: TEXT.index("  violations:")]
    + AUDIT
    + TEXT[TEXT.index("  outputs:") :].replace("from: [failing]", "from: [health, speed, failing, sluggish]")
)
PLACES = """spec:
  placement:
    edge: {blocks: [requests], connect: group}
    group: {connect: central, listen: "tcp://127.0.0.1:7000"}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7001"}
"""


def told(admission: Admission | None) -> dict[str, list[dict[str, Any]]]:
    """What one process publishes of all events, by block."""
    core = Core(plan_of(text=AUDITED), now=START, live=False)
    if admission is not None:
        core.sources["requests"].gate.set_admission(0.5, "cpu", {}, admission=admission)
    said = [one for piece in records(EVENTS, 1000) for one in core.on_records("requests", [piece])]
    found: dict[str, list[dict[str, Any]]] = {}
    for one in [*said, *core.on_input_ended("requests")]:
        if isinstance(one, Publish):
            rows = to_records(one.frame, document="service", block=one.block, kind="row")
            found.setdefault(one.block, []).extend(rows)
    return found


def test_an_audit_says_when_it_cannot_know() -> None:
    """A key whose interval holds the limit is UNDECIDED and keeps its state; the others have the true verdict."""
    truth = {(r["service"], r["time"]): r for r in told(None)["speed"]}
    found = told(COUNTED)
    rows = {(r["service"], r["time"]): r for r in found["health"]}
    open_keys = {k for k, r in rows.items() if "latency_low" in r and _low(r) < 85 <= _high(r)}
    reports = {(r["service"], r["time"]): r for r in found["speed"]}

    assert open_keys
    assert {k for k, r in reports.items() if r["verdict"] == "UNDECIDED"} <= open_keys
    decided = [k for k in reports if k not in open_keys and k in truth]
    wrong = [k for k in decided if reports[k]["verdict"] != truth[k]["verdict"]]
    # An interval of 95 % misses one time in twenty.
    assert len(decided) > 20 * len(wrong) or len(wrong) < 2
    assert all(r["verdict"] != "UNDECIDED" for r in truth.values())


def test_a_violation_is_raised_where_it_is_certain() -> None:
    """Counts of what the gate sees are exact, so what they raise is what is raised without a gate."""
    truth, found = told(None), told(COUNTED)
    assert found.get("failing") == truth.get("failing")
    slow = [{r["service"] for r in run["sluggish"] if r["kind"] == "raised"} for run in (truth, found)]
    assert len(slow[1] - slow[0]) < 2
    assert slow[0] & slow[1]


def test_estimates_cross_links() -> None:
    """Partial rows carry what estimates need over two links, and give what one process gives."""
    plan = plan_of(text=AUDITED.replace("spec:\n", PLACES, 1))
    for admission in (UNREAD, COUNTED):
        whole = Harness(plan_of(text=AUDITED), start=START)
        ((_, name),) = whole.cores
        split = Harness(plan, start=START, instances={"edge": [name]})
        core = split.cores[("edge", name)]
        core.sources["requests"].gate.set_admission(0.5, "cpu", {}, admission=admission)
        for number, piece in enumerate(records(EVENTS, 1000)):
            split.give("requests", piece.ndjson or b"")
            if number == 2:
                split.restart("central")
                split.restart("group")
        split.end()
        (alone,) = whole.cores.values()
        alone.sources["requests"].gate.set_admission(0.5, "cpu", {}, admission=admission)
        for piece in records(EVENTS, 1000):
            whole.give("requests", piece.ndjson or b"")
        whole.end()
        for block in ("health", "speed", "sluggish"):
            assert _sorted(split.published(block)).equals(_sorted(whole.published(block))), block
        assert whole.published("health")[BOUNDS].is_not_null().any()


def _sorted(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(sorted(frame.columns)).sort("_time", "_id")


def _low(row: dict[str, Any]) -> float:
    return float("-inf") if row["latency_low"] is None else float(row["latency_low"])


def _high(row: dict[str, Any]) -> float:
    return float("inf") if row["latency_high"] is None else float(row["latency_high"])


CALLS = """      report:
        calls: {from: requests, by: ok, select: [{n: COUNT(*)}, {mean: AVG(latency)}]}
      initial: fast
      states:"""
LISTED = AUDITED.replace("      states:", CALLS)


def lists(admission: Admission | None, size: int, *, restart: bool = False) -> pl.DataFrame:
    """The reports of all keys, with what they list."""
    plan = plan_of(text=LISTED)
    core, found = Core(plan, now=START, live=False), list[Instruction]()
    if admission is not None:
        core.sources["requests"].gate.set_admission(0.5, "cpu", {}, admission=admission)
    for piece in records(EVENTS, size):
        found += core.on_records("requests", [piece])
        if restart:
            state, core = core.snapshot(), Core(plan, now=START, live=False)
            core.restore(state, START)
    said = [one for one in [*found, *core.on_input_ended("requests")] if isinstance(one, Publish)]
    return pl.concat([one.frame for one in said if one.block == "speed"]).sort("_time", "_id")


def test_lists_of_reports_are_weighted() -> None:
    """What a report counts over its period stands for all events, in any slicing, across restarts."""
    exact, thin = lists(None, 1000), lists(UNREAD, 1000)
    totals = [f["calls"].explode().struct.field("n").sum() for f in (exact, thin)]

    assert totals[1] == pytest.approx(totals[0], rel=0.1)
    assert totals[1] != totals[0]
    assert lists(UNREAD, 777, restart=True).equals(thin)
